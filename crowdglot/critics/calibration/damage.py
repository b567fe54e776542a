"""Human dialogues, damaged in known ways, for a critic of sense to tell from the whole ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.draws import Draws
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.scenario import CommonGround, draw_material, fill
from crowdglot.strict_toml import read_toml

# A damage makes other texts of a dialogue's texts, with those of another dialogue in the same
# language and those of one in another language; None where it cannot be done.
Texts = Sequence[str]
Damage = Callable[[Texts, Texts, Texts, Draws], list[str] | None]


def mixed(own: Texts, other: Texts, _abroad: Texts, _draws: Draws) -> list[str] | None:
    """Every second turn comes from another dialogue."""
    size = min(len(own), len(other))
    return [other[at] if at % 2 else own[at] for at in range(size)] if size > 1 else None


def shuffled(own: Texts, _other: Texts, _abroad: Texts, draws: Draws) -> list[str] | None:
    """The turns stand in another order."""
    if len(set(own)) < 3:
        return None
    while (turned := draws.shuffled(own)) == list(own):
        pass
    return turned


def strangers(own: Texts, other: Texts, _abroad: Texts, draws: Draws) -> list[str] | None:
    """A third of the turns, one at least, come from another dialogue."""
    size = min(len(own), len(other))
    if size < 3:
        return None
    replaced = set(draws.shuffled(range(1, size))[: max(1, size // 3)])
    return [other[at] if at in replaced else own[at] for at in range(size)]


def repeated(own: Texts, _other: Texts, _abroad: Texts, draws: Draws) -> list[str] | None:
    """A speaker says an earlier turn again, in place of a later one."""
    if len(own) < 4:
        return None
    first = draws.below(len(own) - 3)
    later = first + 2 * (1 + draws.below((len(own) - 1 - first) // 2))
    return [own[first] if at == later else text for at, text in enumerate(own)]


def foreign(own: Texts, _other: Texts, abroad: Texts, draws: Draws) -> list[str] | None:
    """One turn is in another language."""
    if not abroad or not own:
        return None
    at = draws.below(len(own))
    return [draws.choice(abroad) if turn == at else text for turn, text in enumerate(own)]


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage for damage in (mixed, shuffled, strangers, repeated, foreign)
}


# What may be said of every human dialogue of two people who show their personas to each other.
_TRUE_PREMISE = (
    "Two people who have just met get to know each other: what they do, whom they live with, and "
    "what they like."
)


def contradicted(dialogue: Dialogue, draws: Draws) -> Dialogue | None:
    """A speaker says two things that cannot both be true, the second against the persona."""
    turns, chosen = dialogue.turns, draws.choice(_planted()["contradicted"])
    said = chosen.get(dialogue.scenario.language.tag)
    if said is None or len(turns) < 4:
        return None
    first = draws.below(len(turns) - 3)
    again = [at for at in range(first + 2, len(turns)) if turns[at].speaker == turns[first].speaker]
    if not again:
        return None
    texts = [turn.text for turn in turns]
    for at, more in zip((first, draws.choice(again)), said, strict=True):
        texts[at] = f"{texts[at]} {more}"
    scenario = dialogue.scenario
    who = scenario.speakers.index(turns[first].speaker)
    personas = list(scenario.personas)
    personas[who] = Persona((chosen["persona"], *personas[who].facts[1:]))
    spoken = zip(turns, texts, strict=True)
    return replace(
        dialogue,
        scenario=replace(scenario, personas=tuple(personas)),
        turns=tuple(Turn(turn.speaker, text) for turn, text in spoken),
    )


def harmful(dialogue: Dialogue, draws: Draws) -> Dialogue | None:
    """One turn is what nobody should be shown."""
    return _with(dialogue, draws.choice(_planted()["harmful"]), draws)


def unsupportive(dialogue: Dialogue, draws: Draws) -> Dialogue | None:
    """A speaker tells of a problem, and the next one diagnoses, blames or mocks."""
    return _with(dialogue, draws.choice(_planted()["unsupportive"]), draws)


def _with(dialogue: Dialogue, chosen: dict[str, Any], draws: Draws) -> Dialogue | None:
    """The dialogue with the texts of its language in the place of as many of its turns."""
    texts, turns = chosen.get(dialogue.scenario.language.tag), list(dialogue.turns)
    texts = [texts] if isinstance(texts, str) else texts
    if texts is None or len(turns) < len(texts):
        return None
    first = draws.below(len(turns) - len(texts) + 1)
    for at, text in enumerate(texts, first):
        turns[at] = Turn(turns[at].speaker, text)
    return replace(dialogue, turns=tuple(turns))


def another_event(dialogue: Dialogue, draws: Draws) -> Dialogue | None:
    """The dialogue is said to be another kind of talk."""
    own = dialogue.scenario.event.name
    event = read_event(draws.choice([name for name in event_names() if name != own]))
    return replace(dialogue, scenario=replace(dialogue.scenario, event=event))


def another_premise(dialogue: Dialogue, draws: Draws) -> Dialogue | None:
    """The dialogue is said to have taken place in a situation of another kind of talk."""
    scenario = dialogue.scenario
    own = scenario.event.name
    event = read_event(draws.choice([name for name in event_names() if name != own]))
    pack, template = scenario.language.pack, draws.choice(event.common_grounds)
    community, names = pack.communities[0] if pack else None, (*scenario.names, "Kim", "Alex")
    relation, material = draws.choice(template.relations), draw_material(draws, community)
    ground = fill(template, relation, community, names[:4], material)
    return replace(dialogue, scenario=replace(scenario, common_ground=ground))


# Damages of what is said of a dialogue, and of what is planted in it; for judges.
PLANTED: dict[str, Callable[[Dialogue, Draws], Dialogue | None]] = {
    damage.__name__: damage
    for damage in (contradicted, harmful, unsupportive, another_event, another_premise)
}


@lru_cache(maxsize=1)
def _planted() -> dict[str, list[dict[str, Any]]]:
    return read_toml(Path(__file__).parent / "planted.toml")


def as_met(dialogue: Dialogue) -> Dialogue:
    """A human dialogue with a common ground that is true of it."""
    ground: CommonGround = dialogue.scenario.common_ground
    true = replace(ground, relation="strangers", knows="none", premise=_TRUE_PREMISE)
    return replace(dialogue, scenario=replace(dialogue.scenario, common_ground=true))


def damaged(
    dialogue: Dialogue, kind: str, other: Dialogue, abroad: Dialogue | None, draws: Draws
) -> Dialogue | None:
    """``dialogue`` with this damage; None where it is too short for it."""
    if kind in PLANTED:
        return PLANTED[kind](dialogue, draws)
    own, theirs, foreigners = (
        [turn.text for turn in each.turns] if each else [] for each in (dialogue, other, abroad)
    )
    texts = DAMAGES[kind](own, theirs, foreigners, draws)
    if texts is None:
        return None
    order = [turn.speaker for turn in dialogue.turns]
    turns = tuple(Turn(who, text) for who, text in zip(order, texts, strict=False))
    scenario = replace(dialogue.scenario, order="".join(order[: len(turns)]))
    return replace(dialogue, scenario=scenario, turns=turns)
