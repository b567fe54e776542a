"""How lengths are distributed, counted into bins, the human reference beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.tokenisation import tokeniser_for
from crowdglot.datasets.metrics.turn_length import lengths
from crowdglot.languages.language import resolve_language

Dialogues = Sequence[Sequence[str]]  # the turn texts of each dialogue
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
        language = resolve_language(str(tag))
        tokeniser = tokeniser_for(language.script)
        said = [
            [turn["text"] or "" for turn in turns or ()] for turns in _some(part["turns"].to_list())
        ]
        human = _some(reference.get(language.tag) or reference.get(language.code) or ())
        ours, theirs = _measured(said, tokeniser), _measured(human, tokeniser)
        for measure in MEASURES:
            if ours[measure]:
                yield _histogram(
                    measure, language.tag, ours[measure], theirs[measure], len(said), len(human)
                )


def _some(dialogues: Sequence[Any]) -> Sequence[Any]:
    """At most 500 of them, evenly."""
    return dialogues[:: -(-len(dialogues) // _MOST) or 1]


def _measured(dialogues: Dialogues, tokeniser: str) -> dict[str, list[int]]:
    by_dialogue = lengths(Corpus.build(dialogues, tokeniser))
    return {
        "turn_length": [tokens for turns in by_dialogue for tokens in turns],
        "turns": [len(turns) for turns in by_dialogue],
        "dialogue_length": [sum(turns) for turns in by_dialogue],
    }


def _histogram(
    measure: str,
    tag: str,
    ours: Sequence[int],
    theirs: Sequence[int],
    dialogues: int,
    human_dialogues: int,
) -> Histogram:
    both = [ours, *([theirs] if theirs else [])]
    low = min(map(min, both))
    top = max(int(np.percentile(values, _TAIL)) for values in both)
    width = max(1, -(-(top - low + 1) // _BINS))
    bins = (top - low) // width + 1
    return Histogram(
        measure=measure,
        language=tag,
        low=low,
        width=width,
        shares=_shares(ours, low, width, bins),
        median=float(np.median(ours)),
        dialogues=dialogues,
        human=_shares(theirs, low, width, bins) if theirs else (),
        human_median=float(np.median(theirs)) if theirs else None,
        human_dialogues=human_dialogues,
    )


def _shares(values: Sequence[int], low: int, width: int, bins: int) -> tuple[float, ...]:
    numbers = np.minimum((np.asarray(values) - low) // width, bins - 1)
    counts = np.bincount(numbers, minlength=bins)
    return tuple(float(count) / len(values) for count in counts)
