"""How often each conditioned trait is recovered, by whom, and on which turns."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.calibration.trials import auc, bootstrap
from crowdglot.critics.judges.belief import BAR
from crowdglot.datasets.metrics.measuring.figure import FEWEST, Reading, interval
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.traits.classifier import Classifier, Scores, held_out
from crowdglot.evidence.traits.judge import judged
from crowdglot.evidence.traits.labelled import (
    Labelled,
    fitting,
    our_labelled,
    read_labelled,
)
from crowdglot.evidence.traits.members import CALLED, RANDOM, Member, members
from crowdglot.personas.traits import declared
from crowdglot.writing.judging.asker import Asker, asking
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

    async def tried(self, role: str, key: str, texts: Sequence[Labelled], values: Sequence[str]
                    ) -> Scores:  # fmt: skip
        """The score of each of ``values`` for each labelled text, as one who has not seen it."""
        ...

    async def tell(self, role: str, key: str, said: Sequence[Sequence[str]], values: Sequence[str]
                   ) -> Scores:  # fmt: skip
        """The same for the turns of each member; NaN where nothing could be read."""
        ...


class ByJudge:
    """Asks a model."""

    name = "judge"

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def tried(
        self, role: str, key: str, texts: Sequence[Labelled], values: Sequence[str]
    ) -> Scores:
        """See ``Recogniser``."""
        return await self.tell(f"{role}.known", key, [[one.text] for one in texts], values)

    async def tell(
        self, role: str, key: str, said: Sequence[Sequence[str]], values: Sequence[str]
    ) -> Scores:
        """See ``Recogniser``."""
        return await judged(self._asker, role, key, values, said)


class ByClassifier:
    """Learns from the labelled texts on which it is tried."""

    name = "classifier"

    def __init__(self) -> None:
        self._trained: dict[str, Classifier] = {}

    async def tried(
        self, role: str, key: str, texts: Sequence[Labelled], values: Sequence[str]
    ) -> Scores:
        """See ``Recogniser``."""
        told, labels = [one.text for one in texts], [one.value for one in texts]
        self._trained[role] = Classifier(told, labels, values)
        return held_out(told, labels, values)

    async def tell(
        self, role: str, key: str, said: Sequence[Sequence[str]], values: Sequence[str]
    ) -> Scores:
        """See ``Recogniser``."""
        return self._trained[role].scores([" ".join(turns) for turns in said])


async def measure(
    found: dict[tuple[str, str], list[Member]], texts: Sequence[Labelled], by: Recogniser
) -> list[Rate]:
    """The lines of every language, trait, value and kind of contexts."""
    rates = []
    for (language, key), group in sorted(found.items()):
        values = sorted({member.value for member in group})
        role, known = f"traits.{language}.{key}", fitting(texts, language, key, values)
        doubt = await _doubt(by, role, key, known, values)
        for contexts in (CALLED, RANDOM):
            own = [member for member in group if member.turns.get(contexts)]
            line = _Line(language, key, values, contexts, by.name)
            if doubt or not own:
                why = doubt or "no model tells here which turns call for it (extra `meaning`)"
                rates.append(line.without(len(own), why))
                continue
            said = [member.turns[contexts] for member in own]
            scores = await by.tell(f"{role}.{contexts}", key, said, values)
            rates += line.rates(own, scores)
    return rates


async def _doubt(
    by: Recogniser, role: str, key: str, known: Sequence[Labelled], values: Sequence[str]
) -> str:
    """Why this one is not believed; "" where it is."""
    if len(values) < 2:
        return f"everybody is '{values[0]}', so nothing can be told apart"
    if missing := sorted(set(values) - {one.value for one in known}):
        return f"no labelled text for '{missing[0]}' on which the {by.name} could be tried"
    if len(known) < _FEWEST_TRIED:
        return f"{len(known)} labelled texts to try the {by.name} on; {_FEWEST_TRIED} are needed"
    scores = await by.tried(role, key, known, values)
    labels = np.array([values.index(one.value) for one in known])
    read = np.isfinite(scores).all(axis=1)
    if 2 * read.sum() <= len(known):
        return f"the {by.name}'s answers on known text could not be read"
    scores, labels = scores[read], labels[read]
    low, high = bootstrap(len(labels), lambda drawn: _told_apart(scores[drawn], labels[drawn]))
    if low >= BAR:
        return ""
    figures = f"{_told_apart(scores, labels):.2f} ({low:.2f} to {high:.2f})"
    return f"the {by.name}'s AUC on known text, {figures}, is below the bar of {BAR}"


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

    def without(self, count: int, why: str, value: str = ALL, unread: int = 0) -> Rate:
        """A line without a figure."""
        own = self.language, self.key, value, self.contexts, self.by
        return Rate(*own, count, unread, 1 / len(self.values), why=why)

    def rates(self, group: Sequence[Member], scores: Scores) -> list[Rate]:
        """The line of all values together, then one for each."""
        planned = np.array([self.values.index(member.value) for member in group])
        read = np.isfinite(scores).all(axis=1)
        hits = np.zeros(len(group))
        hits[read] = scores[read].argmax(axis=1) == planned[read]
        parts = [(ALL, np.ones(len(group), bool))]
        parts += [(value, planned == at) for at, value in enumerate(self.values)]
        return [
            self._rate(
                value, group, hits[one & read], planned[one & read], one, int((~read & one).sum())
            )
            for value, one in parts
        ]

    def _rate(
        self,
        value: str,
        group: Sequence[Member],
        hits: Scores,
        planned: NDArray[np.intp],
        chosen: NDArray[np.bool_],
        unread: int,
    ) -> Rate:
        fewest = min((int((planned == at).sum()) for at in set(planned)), default=0)
        of_each = len(set(planned)) == (len(self.values) if value == ALL else 1)
        if fewest < FEWEST or not of_each:
            which = "of a value " if value == ALL else ""
            why = f"{fewest if of_each else 0} speakers {which}are too few for a rate ({FEWEST})"
            return self.without(int(chosen.sum()), why, value, unread)

        def mean(drawn: NDArray[np.int64]) -> float | None:
            told = [hits[drawn][planned[drawn] == at] for at in set(planned)]
            return float(np.mean([one.mean() for one in told])) if all(map(len, told)) else None

        rate = mean(np.arange(len(hits)))
        assert rate is not None
        reading = Reading("trait", mean, "higher", "bootstrap", resamples=_RESAMPLES)
        low, high = interval(reading, rate, len(hits), 0, _RESAMPLES) or (None, None)
        of = [m.coherence for m, one in zip(group, chosen, strict=True) if one]
        known = [one for one in of if one is not None]
        return Rate(
            self.language, self.key, value, self.contexts, self.by, int(chosen.sum()), unread,
            1 / len(self.values), rate, low, high, float(np.mean(known)) if known else None,
        )  # fmt: skip


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
    told = json.dumps([asdict(rate) for rate in rates], ensure_ascii=False, indent=1)
    write_text(output, f"{told}\n")
    return rates
