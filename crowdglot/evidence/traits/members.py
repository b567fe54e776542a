"""The speakers of a dataset who were given a trait, and the turns on which it is looked for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from crowdglot.critics.meaning.space import placed, placed_english
from crowdglot.datasets.scan import rows_of
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.told import as_told
from crowdglot.draws import Draws
from crowdglot.engines.embedding.embedder import Vectors
from crowdglot.evidence.sources import coherence_of
from crowdglot.languages.language import resolve_language
from crowdglot.personas.traits import declared

CALLED, RANDOM = "called for", "random"
_COLUMNS = ("id", "language", "traits", "told", "turns", "verdicts")
# What calls for a trait: turns that are nearest to this in meaning.
_CALLS_FOR = {
    "language_style": "Tell me about it. What was it like?",
    "attitude": "What do you think will happen? Will it turn out well?",
    "temper": "How do you feel about it, and what do you make of it?",
}
_SHARE = 3  # of a speaker's turns one in so many is looked at


@dataclass(frozen=True, slots=True)
class Member:
    """A speaker with the value of a trait. ``turns``: by contexts what is looked at; none for
    ``CALLED`` where no model tells meanings. ``coherence``: the dialogue's score, or None.
    ``told``: whether the model was told the persona."""

    id: str
    language: str
    value: str
    turns: dict[str, tuple[str, ...]]
    coherence: float | None
    told: bool = True


def members(
    folder: Location, keys: Sequence[str], most: int
) -> dict[tuple[str, str], list[Member]]:
    """By language and key the speakers who have one value of it, at most so many of each value that
    were told, and that were not.

    ``keys``: of traits; none for those of manner.
    """
    known = declared().keys
    wanted = keys or [key for key, one in known.items() if one.manner]
    found: dict[tuple[str, str], list[Member]] = defaultdict(list)
    counts: dict[tuple[str, str, str, bool], int] = defaultdict(int)
    for path in files_of(folder, "data"):
        for row in rows_of(path, _COLUMNS):
            told = as_told(row)["traits"] is not None
            for key, speaker, value in _traits_of(row, wanted):
                cell = row["language"], key, value, told
                if counts[cell] < most and (member := _member(row, key, speaker, value)):
                    counts[cell] += 1
                    found[cell[:2]].append(replace(member, told=told))
    return dict(found)


def _traits_of(row: dict[str, Any], keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    told = row["traits"] or ()
    for speaker in sorted({one["speaker"] for one in told}):
        for key in keys:
            own = [one["value"] for one in told if (one["speaker"], one["key"]) == (speaker, key)]
            if len(own) == 1:
                yield key, speaker, own[0]


def _member(row: dict[str, Any], key: str, speaker: str, value: str) -> Member | None:
    turns = [(turn["speaker"], turn["text"]) for turn in row["turns"]]
    own = [at for at, (who, _) in enumerate(turns) if who == speaker]
    if not own:
        return None
    count = max(1, len(own) // _SHARE)
    drawn = Draws("traits", row["id"], speaker).shuffled(own)[:count]
    chosen = {RANDOM: sorted(drawn)}
    if (called := _called(turns, own, key, row["language"])) is not None:
        chosen[CALLED] = sorted(called[:count])
    texts = {where: tuple(turns[at][1] for at in some) for where, some in chosen.items()}
    return Member(f"{row['id']} {speaker}", row["language"], value, texts, _coherence(row))


def _called(
    turns: Sequence[tuple[str, str]], own: Sequence[int], key: str, tag: str
) -> list[int] | None:
    """A speaker's turns, those first before which somebody says what most calls for the trait."""
    wanted = _wanted(key)
    after = [at for at in own if at]
    rows = placed([turns[at - 1][1] for at in after], resolve_language(tag))
    if wanted is None or rows is None:
        return None
    order = np.argsort(-(rows @ wanted[0]), kind="stable")
    return [after[int(at)] for at in order]


@lru_cache(maxsize=32)
def _wanted(key: str) -> Vectors | None:
    asked = _CALLS_FOR.get(key, f"Tell me about your {key.replace('_', ' ')}.")
    return placed_english([asked])


def _coherence(row: dict[str, Any]) -> float | None:
    """That of the row's verdict; else what the critic says now, where it can say anything."""
    for verdict in row["verdicts"]:
        if verdict["critic"] == "coherence" and verdict["score"] is not None:
            return float(verdict["score"])
    return coherence_of([turn["text"] for turn in row["turns"]], row["language"])
