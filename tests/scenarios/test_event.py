"""Speech events: the taxonomy is whole and every template fills for every language."""

import re
import shutil

import pytest

from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.scenarios import event
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.scenario import draw_material, fill

# Goldsmith & Baxter (1996).
TAXONOMY = (
    "small_talk current_events_talk gossip joking_around catching_up recapping_the_days_events "
    "getting_to_know_someone sports_talk morning_talk bedtime_talk reminiscing making_up love_talk "
    "relationship_talk conflict serious_conversation talking_about_problems breaking_bad_news "
    "complaining group_discussion persuading_conversation decision_making_conversation "
    "giving_and_getting_instructions class_information_talk lecture interrogation making_plans "
    "asking_a_favor asking_out"
).split()


def test_all_29_events_are_there():
    assert sorted(TAXONOMY) == list(event_names())


@pytest.mark.parametrize("name", event_names())
def test_event_keeps_its_contract(name):
    grounds = read_event(name).common_grounds
    assert len({ground.premise for ground in grounds}) == len(grounds) >= 8
    assert len({ground.setting.channel for ground in grounds}) >= 2
    for ground in grounds:
        # The speakers may be of any gender; a third person ("a great-aunt") has one of their own.
        for clause in re.split(r"[.;,]", ground.premise):
            if re.search(r"\{[a-d]\}", clause):
                assert not re.search(r"\b(he|she|him|his|hers)\b", clause), clause


def test_who_may_hold_what():
    assert read_event("love_talk").adults_only
    assert read_event("asking_out").adults_only
    assert read_event("asking_out").unattached
    assert read_event("group_discussion").speakers[0] >= 3
    assert set(read_event("class_information_talk").relations) == {"classmates"}
    assert {"strangers"} <= set(read_event("getting_to_know_someone").relations)
    for name in ("making_up", "reminiscing", "relationship_talk", "bedtime_talk", "morning_talk"):
        assert "strangers" not in read_event(name).relations


@pytest.mark.parametrize("tag", packed_tags())
def test_every_template_fills_without_a_slot_left(tag):
    communities = resolve_language(tag).pack.communities
    for name in event_names():
        for number, template in enumerate(read_event(name).common_grounds):
            community = communities[number % len(communities)]
            material = draw_material(Draws(tag, name, number), community)
            names = ("Ana", "Bo", "Cleo", "Dan")
            ground = fill(template, template.relations[0], community, names, material)
            text = " ".join((ground.place, ground.time, ground.communal, ground.premise))
            assert "{" not in text
            assert "}" not in text


def test_unknown_event():
    with pytest.raises(ConfigurationError, match="no speech event 'chitchat'; known: asking_a_f"):
        read_event("chitchat")


@pytest.fixture
def events(tmp_path, monkeypatch):
    """A folder of two events in the place of ours."""
    for name in ("gossip.toml", "small_talk.toml"):
        shutil.copy(event.EVENTS / name, tmp_path)
    monkeypatch.setattr(event, "EVENTS", tmp_path)
    event._events.cache_clear()
    yield tmp_path
    event._events.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name =", 'mood = "merry"\nname =', "'mood' is not a known key"),
        ('"rumour"', '"gossip"', "'name' is 'gossip'; it must be the file's name"),
        ("{town}", "{city}", "common ground 6 has the unknown slot {city}; known: a, b, custom"),
        ("{town}", "{town", "expected '}'"),
    ],
)
def test_a_mistake_in_one_event_is_told_by_every_look_up(events, old, new, complaint):
    text = (events / "gossip.toml").read_text("utf-8").replace('"gossip"', '"rumour"', 1)
    path = events / "rumour.toml"
    path.write_text(text, "utf-8")
    assert event_names() == ("gossip", "rumour", "small_talk")
    event._events.cache_clear()
    path.write_text(text.replace(old, new, 1), "utf-8")
    for look_up in (event_names, lambda: read_event("small_talk")):
        with pytest.raises(ConfigurationError) as caught:
            look_up()
        assert str(caught.value).startswith(f"{path}: ")
        assert complaint in str(caught.value)
        assert "\n" not in str(caught.value)
