"""What is compared: the metrics of ``datasets.metrics``, and every critic's and judge's score."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np

from crowdglot.critics.calibration.trials import HIGH_IS_GOOD
from crowdglot.datasets.metrics import METRICS
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Reading, mean_of, sign
from crowdglot.datasets.metrics.measuring.tokenisation import describe
from crowdglot.evidence.compare.drawing import Drawn, Scores, Size
from crowdglot.statistics import Chosen

# A dialogue's score in these depends on the other dialogues of its own arm.
_BY_ARM = ("self_bleu", "self_repetition")
# langdetect is slow: the draw has asked it once for all. The counts of personas and events are no
# means, and are told of each arm alone.
_NOT_HERE = ("confirmed", "personas", "events")
_HIGH_IS_GOOD = HIGH_IS_GOOD | {"language_confirmed"}
SCORE = "score_"  # before the name of a critic
_TIMES, _FEW_TIMES = 300, 40  # permutations and resamples: usually, and of what is slow


@dataclass(frozen=True, slots=True)
class Measure:
    """A reading over the dialogues of one arm, or of both together, and how it was taken."""

    reading: Reading
    signature: str

    @property
    def halves(self) -> bool:
        """Whether a repeated dialogue would distort it, so that random halves are drawn."""
        return self.reading.interval != "bootstrap"

    @property
    def times(self) -> int:
        """How often it is taken again, for an interval and for a test each."""
        most = min(_TIMES, self.reading.resamples) if self.halves else _TIMES
        return max(_FEW_TIMES, most)


def measures(arms: Sequence[Drawn], size: Size, seed: int) -> Iterator[Measure]:
    """All measures of the dialogues of one arm, or of two, one arm's after the other's.

    At equal tokens, what depends on the number of tokens is taken at exactly the same.
    """
    corpora = [arm.corpus for arm in arms]
    whole = _joined(corpora)
    least = min(corpus.tokens for corpus in corpora)
    cut = _joined([corpus.cut(least) for corpus in corpora]) if size == "tokens" else whole
    told = {"size": size, "dialogues": len(whole), "seed": seed}
    for name in METRICS:
        if name in _NOT_HERE:
            continue
        metric = import_module(f"crowdglot.datasets.metrics.{name}")
        readings = metric.measure(cut if getattr(metric, "BUDGETED", False) else whole)
        if name in _BY_ARM and len(arms) > 1:
            readings = (_anew(reading, whole, metric.measure) for reading in readings)
        for reading in readings:
            if not reading.whole:
                how = {"tok": describe(whole.tokeniser), **reading.details, **told}
                yield Measure(reading, sign(reading.metric, how))
    for name in sorted({name for arm in arms for name in arm.scores}):
        joined = np.concatenate([_scores(arm, name) for arm in arms])
        higher = name.split(".")[0] in _HIGH_IS_GOOD
        named = name if name == "language_confirmed" else f"{SCORE}{name}"
        reading = Reading(named, mean_of(joined), "higher" if higher else "lower", "bootstrap")
        yield Measure(reading, sign(named, told))


def _scores(arm: Drawn, name: str) -> Scores:
    return arm.scores.get(name, np.full(len(arm), np.nan))


def _anew(
    reading: Reading, whole: Corpus, measure: Callable[[Corpus], Iterator[Reading]]
) -> Reading:
    """The reading of an arm, whichever dialogues it has, against that arm's others alone. Held
    fixed, the scores of an arm would move together, and any two halves would be told apart."""

    def of(chosen: Chosen) -> float | None:
        some = replace(whole, documents=tuple(whole.documents[at] for at in chosen))
        found = next(measure(some), None)
        return found.of(np.arange(len(chosen))) if found else None

    return replace(reading, of=of, interval="halves", resamples=_FEW_TIMES)


def _joined(corpora: Sequence[Corpus]) -> Corpus:
    first = corpora[0]
    if len(corpora) == 1:
        return first
    meanings = [corpus.meanings for corpus in corpora if corpus.meanings is not None]
    return replace(
        first,
        turns=tuple(turns for corpus in corpora for turns in corpus.turns),
        documents=tuple(tokens for corpus in corpora for tokens in corpus.documents),
        planned=tuple(event for corpus in corpora for event in corpus.planned),
        judged=tuple(told for corpus in corpora for told in corpus.judged),
        meanings=replace(meanings[0], vectors=np.concatenate([one.vectors for one in meanings]))
        if len(meanings) == len(corpora)
        else None,
    )
