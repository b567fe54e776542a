"""The demonstrations that come with crowdglot, which set the manner of what the model writes."""

from itertools import pairwise

from crowdglot.dialogues.readers import personas_of, read_demonstrations
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.scenarios.event import read_event


def test_they_are_many_and_of_many_events() -> None:
    demonstrations = read_demonstrations("bundled")
    assert len(demonstrations) >= 14
    assert len({demonstration.event for demonstration in demonstrations}) >= 12
    assert all(demonstration.source == "bundled" for demonstration in demonstrations)
    assert all(6 <= len(demonstration.turns) <= 12 for demonstration in demonstrations)
    assert any(len(demonstration.personas) == 3 for demonstration in demonstrations)


def test_their_turns_are_short_and_alternate() -> None:
    for demonstration in read_demonstrations("bundled"):
        speakers = [turn.speaker for turn in demonstration.turns]
        assert all(one != other for one, other in pairwise(speakers))
        texts = [turn.text for turn in demonstration.turns]
        assert len(set(texts)) == len(texts)
        assert all(5 <= len(text.split()) <= 30 for text in texts)
        assert all(text[0].isupper() and text[-1] in ".?!" for text in texts)


def test_their_events_suit_their_speakers() -> None:
    for demonstration in read_demonstrations("bundled"):
        assert demonstration.event is not None
        assert len(demonstration.premise) > 20
        event = read_event(demonstration.event)
        personas = [persona for persona in demonstration.personas if persona]
        assert len(personas) == len(demonstration.personas)
        assert event.speakers[0] <= len(personas) <= event.speakers[1]
        if event.adults_only:
            assert not any(persona.minor for persona in personas)
        if event.unattached:
            assert not any(persona.partnered for persona in personas)


def test_no_persona_is_recited_and_none_is_used_twice() -> None:
    demonstrations = read_demonstrations("bundled")
    personas = personas_of(demonstrations)
    assert len(personas) == sum(len(demonstration.personas) for demonstration in demonstrations)
    assert not {f for p in personas for f in p.facts} & {
        f for p in bundled_personas() for f in p.facts
    }
    for demonstration in demonstrations:
        spoken = " ".join(turn.text.lower() for turn in demonstration.turns)
        for persona in demonstration.personas:
            assert persona is not None
            assert not any(fact.lower().rstrip(".") in spoken for fact in persona.facts)
