"""How often each conditioned trait is recovered, by whom, and on which turns."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.judges.belief import BAR
from crowdglot.datasets.storage.files import write_json
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.traits.labelled import (
    Labelled,
    Wanted,
    fitting,
    our_labelled,
    read_labelled,
)
from crowdglot.evidence.traits.members import CALLED, RANDOM, Member, members
from crowdglot.evidence.traits.recognisers import Recogniser, Scores, by_classifier, by_judge
from crowdglot.personas.traits import declared
from crowdglot.statistics import FEWEST, Chosen, auc, bootstrap
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.personas.made import calls_of
from crowdglot.writing.recipe import Recipe

ALL = "all"
_FEWEST_TRIED = 20  # labelled texts of a language and trait
_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Recovery:
    """One line: how often ``by`` ("judge" or "classifier") names the value that was planned.

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


async def measure(
    found: dict[tuple[str, str], list[Member]], texts: Sequence[Labelled], name: str, by: Recogniser
) -> list[Recovery]:
    """The lines of every language, trait, value and kind of contexts; ``name``: of ``by``."""
    lines = []
    for (language, key), every in sorted(found.items()):
        group = [member for member in every if member.told]
        if untold := len(every) - len(group):
            line = Recovery(language, key, ALL, RANDOM, name, untold, 0, 0.0)
            lines.append(replace(line, why="the model was not told it of these speakers"))
        values = sorted({member.value for member in group})
        if not group:
            continue
        role = f"traits.{language}.{key}"
        wanted = Wanted(role, key, values, fitting(texts, language, key, values))
        doubt = await _doubt(name, by, wanted)
        for contexts in (CALLED, RANDOM):
            own = [member for member in group if member.turns.get(contexts)]
            line = Recovery(language, key, ALL, contexts, name, len(own), 0, 1 / len(values))
            if doubt or not own:
                why = doubt or "no model tells here which turns call for it (extra `meaning`)"
                lines.append(replace(line, why=why))
                continue
            said = [member.turns[contexts] for member in own]
            scores = await by(replace(wanted, role=f"{role}.{contexts}"), said)
            lines += _lines(line, values, own, scores)
    return lines


async def _doubt(name: str, by: Recogniser, wanted: Wanted) -> str:
    """Why this one is not believed; "" where it is."""
    values, known = wanted.values, wanted.known
    if len(values) < 2:
        return f"everybody is '{values[0]}', so nothing can be told apart"
    if missing := sorted(set(values) - {one.value for one in known}):
        return f"no labelled text for '{missing[0]}' on which the {name} could be tried"
    if len(known) < _FEWEST_TRIED:
        return f"{len(known)} labelled texts to try the {name} on; {_FEWEST_TRIED} are needed"
    scores = await by(replace(wanted, role=f"{wanted.role}.known"), None)
    labels = np.array([values.index(one.value) for one in known])
    read = np.isfinite(scores).all(axis=1)
    if 2 * read.sum() <= len(known):
        return f"the {name}'s answers on known text could not be read"
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


def _lines(
    line: Recovery, values: Sequence[str], group: Sequence[Member], scores: Scores
) -> Iterator[Recovery]:
    """That of all values together, and one for each."""
    planned = np.array([values.index(member.value) for member in group])
    read = np.isfinite(scores).all(axis=1)
    best = np.where(read, np.nan_to_num(scores).argmax(axis=1), -1)
    for value in (ALL, *values):
        wanted = [*range(len(values))] if value == ALL else [values.index(value)]
        there = np.isin(planned, wanted)
        chosen = read & there
        own = replace(line, value=value, count=int(chosen.sum()), unread=int((~read & there).sum()))
        fewest = min(int((planned[chosen] == at).sum()) for at in wanted)
        if fewest < FEWEST:
            which = "of a value " if value == ALL else ""
            yield replace(own, why=f"{fewest} speakers {which}are too few for a rate ({FEWEST})")
            continue
        recovered = partial(_recovered, (best == planned)[chosen], planned[chosen])
        low, high = bootstrap(own.count, recovered, draws=_RESAMPLES)
        told = [group[at].coherence for at in np.flatnonzero(chosen).tolist()]
        coherence = [one for one in told if one is not None]
        yield replace(
            own, rate=recovered(np.arange(own.count)), low=low, high=high,
            coherence=float(np.mean(coherence)) if coherence else None,
        )  # fmt: skip


def _recovered(hits: NDArray[np.bool_], planned: NDArray[np.intp], drawn: Chosen) -> float:
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
) -> list[Recovery]:
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
    lines = await measure(found, texts, "classifier", by_classifier) if train else []
    if judge:
        async with asking(recipe.judging_engine, calls_of(output)) as asker:
            lines += await measure(found, texts, "judge", partial(by_judge, asker))
    write_json(output, [asdict(line) for line in lines])
    return lines
