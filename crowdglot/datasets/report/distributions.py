"""How the lengths of dialogues, and of the human reference, are distributed over bins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from crowdglot.datasets.metrics.measuring.corpus import Dialogues, turn_texts
from crowdglot.datasets.metrics.measuring.diversity import reference_for
from crowdglot.datasets.metrics.measuring.tokenisation import tokeniser_for
from crowdglot.datasets.metrics.turn_length import lengths
from crowdglot.languages.language import resolve_language

_MOST = 500  # dialogues of a language that are cut into tokens
_BINS = 16
_TAIL = 99.0  # percentile from which on all goes into the last bin

MEASURES = {
    "turn_length": ("Turn length", "tokens a turn"),
    "turns": ("Turns per dialogue", "turns a dialogue"),
    "dialogue_length": ("Dialogue length", "tokens a dialogue"),
}


@dataclass(frozen=True, slots=True)
class Histogram:
    """Whole numbers in bins of ``width`` from ``low`` on; the last bin holds all above it too.

    ``shares`` and ``human``: share of the values in each bin, 0 to 1; ``human`` is empty without a
    reference. ``dialogues`` and ``human_dialogues``: how many were counted.
    """

    measure: str
    language: str
    low: int
    width: int
    shares: tuple[float, ...]
    median: float
    dialogues: int
    human: tuple[float, ...] = ()
    human_median: float | None = None
    human_dialogues: int = 0


def histograms(rows: pl.DataFrame, reference: Mapping[str, Dialogues]) -> Iterator[Histogram]:
    """For each language those of ``MEASURES``; ``rows``: columns language and turns."""
    for (tag,), part in sorted(rows.group_by("language", maintain_order=True)):
        tokeniser = tokeniser_for(resolve_language(str(tag)).script)
        said, human = _some(turn_texts(part)), _some(reference_for(str(tag), reference))
        ours, theirs = _measured(said, tokeniser), _measured(human, tokeniser)
        for measure in MEASURES:
            if ours[measure]:
                yield _histogram(
                    measure, str(tag), ours[measure], theirs[measure], len(said), len(human)
                )


def _some(dialogues: Dialogues) -> Dialogues:
    """At most 500 of them, evenly."""
    return dialogues[:: -(-len(dialogues) // _MOST) or 1]


def _measured(dialogues: Dialogues, tokeniser: str) -> dict[str, list[int]]:
    by_dialogue = lengths(dialogues, tokeniser)
    return {
        "turn_length": [tokens for turns in by_dialogue for tokens in turns],
        "turns": [len(turns) for turns in by_dialogue],
        "dialogue_length": [sum(turns) for turns in by_dialogue],
    }


def _histogram(
    measure: str, tag: str, ours: list[int], theirs: list[int], dialogues: int, humans: int
) -> Histogram:
    both = [values for values in (ours, theirs) if values]
    low = min(map(min, both))
    top = max(int(np.percentile(values, _TAIL)) for values in both)
    width = max(1, -(-(top - low + 1) // _BINS))
    bins = (top - low) // width + 1

    def shares(values: list[int]) -> tuple[float, ...]:
        numbers = np.minimum((np.array(values) - low) // width, bins - 1)
        return tuple((np.bincount(numbers, minlength=bins) / len(values)).tolist())

    median = float(np.median(ours))
    human = (shares(theirs), float(np.median(theirs)), humans) if theirs else ((), None, 0)
    return Histogram(measure, tag, low, width, shares(ours), median, dialogues, *human)
