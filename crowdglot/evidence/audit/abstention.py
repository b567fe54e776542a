"""Refusals and evasions: the packs' own phrases, and what control runs without a persona teach.

A model that keeps to no role still says, in every language, that it will not: by phrases of its
own. Of a dataset written without personas the drafts in which the known phrases stand are set
against the others, and runs of words (of characters, where no blank parts words) that stand in
them alone, by their log-odds, are phrases too; round after round, as what is found finds more.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from annotated_types import MinLen
from pydantic import NonNegativeInt, field_validator

from crowdglot.critics.assistant import assistant_phrases
from crowdglot.datasets.metrics.measuring.tokenisation import SPACED, tokeniser_for
from crowdglot.datasets.storage.guarded import read_stored
from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.dialogue import Turn
from crowdglot.dialogues.grams import squeezed
from crowdglot.errors import StorageError
from crowdglot.languages.language import resolve_language
from crowdglot.strict_toml import Strict

LEARNED = "abstention.json"
_MOST_BYTES = 1 << 24
# Of a language so many turns with a known phrase, and without one, are kept; so many are learned.
_MOST_WITH, _MOST_WITHOUT, _MOST_PHRASES = 1_000, 4_000, 100
_FEWEST = 3  # turns in which a phrase stands
_LEAST_ODDS = 2.58  # standard errors by which its log-odds are above none
_MOST_ELSEWHERE = 0.002  # of the other turns
_WORDS, _CHARACTERS = range(3, 7), range(5, 13)

Phrases: TypeAlias = Mapping[str, Sequence[str]]


class Learned(Strict):
    """The file ``abstention.json``. ``phrases``: by language. ``control``: of the dataset without
    personas by measure and language [found, looked at]."""

    phrases: dict[str, list[Annotated[str, MinLen(1)]]]
    control: dict[str, dict[str, tuple[NonNegativeInt, NonNegativeInt]]]

    @field_validator("control")
    @classmethod
    def _shares(cls, control: Any) -> Any:
        if any(found > of for by in control.values() for found, of in by.values()):
            raise ValueError("more was found than was looked at")
        return control


def abstains(texts: Sequence[str], tag: str, learned: Phrases) -> str:
    """The phrase by which one of these turns or drafts refuses or evades, "" where none does."""
    turns = [Turn("", text) for text in texts]
    for reason, _, phrase in assistant_phrases().found(turns):
        if reason == "refusal":
            return phrase
    own = learned.get(tag, ())
    said = [f" {squeezed(text)} " for text in texts] if own else []
    return next((one for one in own for text in said if _stands(one, text, tag)), "")


def _unspaced(tag: str) -> bool:
    return tokeniser_for(resolve_language(tag).script) != SPACED


def _stands(phrase: str, text: str, tag: str) -> bool:
    return (phrase if _unspaced(tag) else f" {phrase} ") in text


@dataclass
class Pupil:
    """Gathers turns of control runs, then learns from them; it keeps some thousand of a language.

    ``seen``: how many turns it was shown, by language.
    """

    seen: Counter[str] = field(default_factory=Counter)
    _with: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _without: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def look(self, texts: Iterable[str], tag: str) -> None:
        """Keep some of the turns or drafts ``texts``."""
        for text in texts:
            self.seen[tag] += 1
            known = abstains((text,), tag, {})
            kept, most = (self._with, _MOST_WITH) if known else (self._without, _MOST_WITHOUT)
            if len(kept[tag]) < most:
                kept[tag].append(f" {squeezed(text)} ")

    def learn(self) -> tuple[dict[str, list[str]], list[str]]:
        """The phrases by language, and a sentence for each in which there was nothing to learn."""
        phrases, doubts = {}, []
        for tag in sorted(self.seen):
            found = len(self._with[tag])
            if phrases_of := _rounds(self._with[tag], self._without[tag], tag):
                phrases[tag] = phrases_of
                continue
            doubts.append(
                f"{tag}: nothing learned, {found} of {self.seen[tag]:,} turns and drafts hold a "
                "known refusal; the pack's own phrases are used."
            )
        return phrases, doubts


def _rounds(given: Sequence[str], others: Sequence[str], tag: str) -> list[str]:
    refusing, left, found = list(given), list(others), list[str]()
    for _ in range(3):
        fresh = [one for one in _telling(refusing, left, tag) if one not in found]
        found += fresh
        also = [text for text in left if any(_stands(one, text, tag) for one in fresh)]
        refusing, left = refusing + also, [text for text in left if text not in also]
        if not fresh:
            break
    return found[:_MOST_PHRASES]


def _telling(refusing: Sequence[str], others: Sequence[str], tag: str) -> list[str]:
    """The runs that stand in refusals and hardly elsewhere, the longest of equals."""
    counted = Counter(run for text in refusing for run in _runs(text, tag))
    often = {run: count for run, count in counted.items() if count >= _FEWEST}
    elsewhere = Counter(run for text in others for run in _runs(text, tag) & often.keys())
    rated = [
        (count, len(run), run)
        for run, count in often.items()
        if elsewhere[run] <= _MOST_ELSEWHERE * len(others)
        and _log_odds(count, len(refusing), elsewhere[run], len(others)) >= _LEAST_ODDS
    ]
    kept: list[str] = []
    for _, _, run in sorted(rated, reverse=True):
        if not any(run in one or one in run for one in kept):
            kept.append(run)
    return kept


def _runs(text: str, tag: str) -> set[str]:
    units, lengths = (text, _CHARACTERS) if _unspaced(tag) else (text.split(), _WORDS)
    parts = (units[at : at + size] for size in lengths for at in range(len(units) - size + 1))
    return {"".join(one) if isinstance(one, str) else " ".join(one) for one in parts}


def _log_odds(count: int, of: int, other: int, of_others: int) -> float:
    """The log of the odds ratio over its standard error, each cell with half a count more."""
    cells = [count + 0.5, of - count + 0.5, other + 0.5, of_others - other + 0.5]
    ratio = math.log(cells[0] / cells[1]) - math.log(cells[2] / cells[3])
    return ratio / math.sqrt(sum(1 / cell for cell in cells))


def read_learned(path: Location) -> Learned:
    """What `audit --learn` stored, nothing without a file; StorageError for another one."""
    try:
        return Learned.model_validate_json(read_stored(path, _MOST_BYTES))
    except FileNotFoundError:
        return Learned(phrases={}, control={})
    except ValueError:
        raise StorageError(
            f"{path}: is not what `crowdglot audit --learn` writes; delete it, and learn again."
        ) from None
