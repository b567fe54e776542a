"""When talk that is written turn by turn is over: by its goal, in thanks, or in silence.

Two language models left to talk never stop by themselves: they thank each other for ever. So three
turns in a row that only thank, or only repeat, are a loop.
"""

from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Turn
from crowdglot.languages.folding import fold
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import DENSE, count_letters
from crowdglot.scenarios.scenario import Scenario

FEWEST = 4  # turns before which nothing is settled
_LOOP = 3
# So many letters a turn may have that is nothing but thanks.
_MOST_LETTERS, _MOST_LETTERS_DENSE = 32, 12


def ending(turns: Sequence[Turn], settled: int, scenario: Scenario) -> str:
    """ "goal", "thanks" or "empty" where the last turn ends the talk, else "".

    ``settled``: how many turns in a row, up to the last one, say that the matter is settled. All
    speakers must, one after the other, and not before half of the planned turns: small models say
    so from the first one on.
    """
    if not turns[-1].text:
        return "empty"
    early = len(turns) < max(FEWEST, len(scenario.order) // 2)
    if settled >= len(scenario.speakers) and not early:
        return "goal"
    return "thanks" if _is_loop(turns, scenario.language) else ""


def without_loop(turns: Sequence[Turn], ended: str) -> tuple[Turn, ...]:
    """The turns that are kept: an empty one is none, and the third thanks are too many."""
    return tuple(turns if ended in ("", "goal") else turns[:-1])


def _is_loop(turns: Sequence[Turn], language: Language) -> bool:
    said = fold([turn.text for turn in turns])
    last = range(len(said) - _LOOP, len(said))
    return last[0] >= 0 and all(_says_nothing(said, at, language) for at in last)


def _says_nothing(said: Sequence[str], at: int, language: Language) -> bool:
    """Whether a turn only thanks, or was said before."""
    if said[at] in said[:at]:
        return True
    dense = language.script in DENSE
    unparted = dense or language.script == "Thai"
    if count_letters(said[at]) > (_MOST_LETTERS_DENSE if dense else _MOST_LETTERS):
        return False
    thanks = fold(language.pack.phrases.thanks) if language.pack else ()
    edge = "" if unparted else " "
    return any(f"{edge}{phrase}{edge}" in f"{edge}{said[at]}{edge}" for phrase in thanks)
