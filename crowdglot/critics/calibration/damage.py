"""Human dialogues, damaged in known ways, for a critic of sense to tell from the whole ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.draws import Draws

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


def damaged(
    dialogue: Dialogue, kind: str, other: Dialogue, abroad: Dialogue | None, draws: Draws
) -> Dialogue | None:
    """``dialogue`` with this damage; None where it is too short for it."""
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
