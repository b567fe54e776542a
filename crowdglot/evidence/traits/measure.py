"""How often each conditioned trait is recovered, by whom, and on which turns."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.judges.belief import BAR
from crowdglot.datasets.metrics.measuring.figure import Reading, interval
from crowdglot.datasets.storage.files import write_json
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.traits.classifier import ByClassifier, Scores
from crowdglot.evidence.traits.judge import ByJudge
from crowdglot.evidence.traits.labelled import (
    Labelled,
    Wanted,
    fitting,
    our_labelled,
    read_labelled,
)
from crowdglot.evidence.traits.members import CALLED, RANDOM, Member, members
from crowdglot.personas.traits import declared
from crowdglot.statistics import FEWEST, auc, bootstrap
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.personas.made import calls_of
from crowdglot.writing.recipe import Recipe

ALL = "all"
_FEWEST_TRIED = 20  # labelled texts of a language and trait
_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Rate:
    """One line: how often ``by`` names the value that was planned.

    ``value``: one, or "all" for the mean over the values. ``contexts``: see ``members``. ``count``:
    speakers; ``unread``: of whom nothing could be read, and who are in no rate. ``chance``: of who
    guesses. ``rate`` is None where ``why`` says why not.
    """

    language: str
    trait: str
    value: str
    contexts: str
    by: str
    count: int
    unread: int
    chance: float
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    coherence: float | None = None
    why: str = ""


class Recogniser(Protocol):
    """Who tells traits. ``name``: "judge" or "classifier"."""

    name: str

    async def scores(self, wanted: Wanted, said: Sequence[Sequence[str]] | None) -> Scores:
        """Of each value a score by what members say; where ``said`` is None of the known texts,
        as of texts not seen. NaN where nothing could be read."""
        ...


async def measure(
    found: dict[tuple[str, str], list[Member]], texts: Sequence[Labelled], by: Recogniser
) -> list[Rate]:
    """The lines of every language, trait, value and kind of contexts."""
    rates = []
    for (language, key), group in sorted(found.items()):
        values = sorted({member.value for member in group})
        role = f"traits.{language}.{key}"
        wanted = Wanted(role, key, values, fitting(texts, language, key, values))
        doubt = await _doubt(by, wanted)
        for contexts in (CALLED, RANDOM):
            own = [member for member in group if member.turns.get(contexts)]
            line = _Line(language, key, values, contexts, by.name)
            if doubt or not own:
                why = doubt or "no model tells here which turns call for it (extra `meaning`)"
                rates.append(line.rate(ALL, len(own), why=why))
                continue
            said = [member.turns[contexts] for member in own]
            scores = await by.scores(replace(wanted, role=f"{role}.{contexts}"), said)
            rates += line.rates(own, scores)
    return rates


async def _doubt(by: Recogniser, wanted: Wanted) -> str:
    """Why this one is not believed; "" where it is."""
    values, known = wanted.values, wanted.known
    if len(values) < 2:
        return f"everybody is '{values[0]}', so nothing can be told apart"
    if missing := sorted(set(values) - {one.value for one in known}):
        return f"no labelled text for '{missing[0]}' on which the {by.name} could be tried"
    if len(known) < _FEWEST_TRIED:
        return f"{len(known)} labelled texts to try the {by.name} on; {_FEWEST_TRIED} are needed"
    scores = await by.scores(replace(wanted, role=f"{wanted.role}.known"), None)
    labels = np.array([values.index(one.value) for one in known])
    read = np.isfinite(scores).all(axis=1)
    if 2 * read.sum() <= len(known):
        return f"the {by.name}'s answers on known text could not be read"
    scores, labels = scores[read], labels[read]
    low, high = bootstrap(len(labels), lambda drawn: _told_apart(scores[drawn], labels[drawn]))
    figures = f"{_told_apart(scores, labels):.2f} ({low:.2f} to {high:.2f})"
    return "" if low >= BAR else f"its AUC on known text, {figures}, is below the bar of {BAR}"


def _told_apart(scores: Scores, labels: NDArray[np.intp]) -> float:
    """The mean over values of the AUC of each against the others."""
    each = [
        auc(scores[labels == at, at], scores[labels != at, at])
        for at in range(scores.shape[1])
        if 0 < (labels == at).sum() < len(labels)
    ]
    return float(np.mean(each)) if each else 0.5


@dataclass(frozen=True, slots=True)
class _Line:
    """What all lines of one group have in common."""

    language: str
    key: str
    values: Sequence[str]
    contexts: str
    by: str

    def rate(self, value: str, count: int, unread: int = 0, **told: Any) -> Rate:
        """One of them."""
        own = self.language, self.key, value, self.contexts, self.by
        return Rate(*own, count, unread, 1 / len(self.values), **told)

    def rates(self, group: Sequence[Member], scores: Scores) -> Iterator[Rate]:
        """That of all values together, and one for each."""
        planned = np.array([self.values.index(member.value) for member in group])
        read = np.isfinite(scores).all(axis=1)
        best = np.where(read, np.nan_to_num(scores).argmax(axis=1), -1)
        for value in (ALL, *self.values):
            wanted = [*range(len(self.values))] if value == ALL else [self.values.index(value)]
            chosen = read & np.isin(planned, wanted)
            unread = int((~read & np.isin(planned, wanted)).sum())
            fewest = min(int((planned[chosen] == at).sum()) for at in wanted)
            if fewest < FEWEST:
                which = "of a value " if value == ALL else ""
                why = f"{fewest} speakers {which}are too few for a rate ({FEWEST})"
                yield self.rate(value, int(chosen.sum()), unread, why=why)
                continue
            hits, of = (best == planned)[chosen], planned[chosen]
            reading = Reading("trait", partial(_recovered, hits, of), "higher", "bootstrap")
            rate = float(np.mean([hits[of == at].mean() for at in wanted]))
            low, high = interval(reading, rate, len(hits), 0, _RESAMPLES) or (None, None)
            told = [group[at].coherence for at in np.flatnonzero(chosen).tolist()]
            coherence = [one for one in told if one is not None]
            yield self.rate(
                value, len(hits), unread, rate=rate, low=low, high=high,
                coherence=float(np.mean(coherence)) if coherence else None,
            )  # fmt: skip


def _recovered(
    hits: NDArray[np.bool_], planned: NDArray[np.intp], drawn: NDArray[np.int64]
) -> float:
    """The mean over the values of the share of their speakers that is recovered."""
    return float(np.mean([hits[drawn][planned[drawn] == at].mean() for at in set(planned[drawn])]))


async def recover(
    recipe: Recipe,
    folder: Location,
    output: Path,
    *,
    keys: Sequence[str] = (),
    most: int,
    train: Path | None,
    judge: bool,
) -> list[Rate]:
    """All lines of a dataset, and the same as JSON in ``output``.

    ``train``: labelled texts of the user, which a classifier learns from; ``judge``: whether the
    recipe's judging model is asked, which is tried on the same texts, or on ours. Its answers are
    kept beside ``output``. Raises what the engine raises; MaterialError for the texts,
    ConfigurationError for a trait that does not exist.
    """
    if unknown := [key for key in keys if key not in declared().keys]:
        known = ", ".join(declared().keys)
        raise ConfigurationError(f"--trait {unknown[0]}: there is no such trait; known: {known}.")
    texts = read_labelled(train) if train else our_labelled()
    found = members(folder, keys, most)
    rates = await measure(found, texts, ByClassifier()) if train else []
    if judge:
        async with asking(recipe.judging_engine, calls_of(output)) as asker:
            rates += await measure(found, texts, ByJudge(asker))
    write_json(output, [asdict(rate) for rate in rates])
    return rates
