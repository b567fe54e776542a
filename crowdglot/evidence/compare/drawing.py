"""Equal sizes: of who has more, a seeded draw; the same scenarios first where arms share them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.metrics.confirmed import confirms
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.tokenisation import tokeniser_for
from crowdglot.engines.embedding.bundled import missing
from crowdglot.evidence.compare.arms import Arm, Keys
from crowdglot.evidence.sources import Row, coherence_of, turns_of
from crowdglot.languages.language import Language, resolve_language
from crowdglot.statistics import FEWEST

Size = Literal["dialogues", "tokens"]
Scores = NDArray[np.float64]  # of each dialogue, NaN where it has none

# Of a language so many dialogues of an arm are read; and so many are judged here, which is slow.
MOST, _JUDGED = 500, 100
_COHERENCE = "coherence"
_SHOWN = ("language", "common_ground", "personas", "turns")  # to a judge


@dataclass(frozen=True, slots=True)
class Drawn:
    """Dialogues of an arm in one language, in the order of the draw. ``scores``: by critic.
    ``rows``: as much of each as a judge is shown."""

    arm: str
    keys: Keys
    corpus: Corpus
    scores: Mapping[str, Scores]
    rows: Sequence[Row]

    def __len__(self) -> int:
        return len(self.keys)

    def some(self, numbers: Sequence[int]) -> "Drawn":
        """Those with these numbers."""
        corpus, chosen = self.corpus, list(numbers)
        meanings = corpus.meanings
        return replace(
            self,
            keys=self.keys[chosen],
            corpus=replace(
                corpus,
                turns=tuple(corpus.turns[at] for at in chosen),
                documents=tuple(corpus.documents[at] for at in chosen),
                planned=tuple(corpus.planned[at] for at in chosen),
                judged=tuple(corpus.judged[at] for at in chosen),
                meanings=meanings and replace(meanings, vectors=meanings.vectors[chosen]),
            ),
            scores={name: own[chosen] for name, own in self.scores.items()},
            rows=[self.rows[at] for at in chosen],
        )


def draw(arms: Sequence[Arm], tag: str, most: int = MOST) -> list[Drawn]:
    """At most ``most`` dialogues of a language of each arm that has any.

    The order is that of the keys, which are random; first stand scenarios that most arms have.
    """
    there = [arm for arm in arms if tag in arm.keys]
    if not there:
        return []
    every, shared = np.unique(
        np.concatenate([np.unique(arm.keys[tag]) for arm in there]), return_counts=True
    )
    drawn = [_read(arm, tag, every, shared, most) for arm in there]
    if missing() or not any(_COHERENCE in one.scores for one in drawn):
        return drawn
    return [one if _COHERENCE in one.scores else _with_coherence(one) for one in drawn]


def _read(arm: Arm, tag: str, every: Keys, shared: NDArray[np.int64], most: int) -> Drawn:
    keys = arm.keys[tag]
    order = np.lexsort((keys, -shared[np.searchsorted(every, keys)]))[:most]
    ascending = np.sort(order)
    read = dict(zip(ascending.tolist(), arm.read(tag, ascending.tolist()), strict=True))
    rows, language = [read[at] for at in order.tolist()], resolve_language(tag)
    judged = tuple(
        {one["critic"]: (one["score"], one["evidence"]) for one in row.get("verdicts") or ()}
        for row in rows
    )
    corpus = replace(
        Corpus.build(list(map(turns_of, rows)), tokeniser_for(language.script)),
        language=tag,
        planned=tuple(row.get("speech_event") or "" for row in rows),
        judged=judged,
    )
    shown = [{name: row.get(name) for name in _SHOWN} for row in rows]
    return Drawn(arm.name, keys[order], corpus, _scores(corpus, language), shown)


def _scores(corpus: Corpus, language: Language) -> dict[str, Scores]:
    """What the critics said of each dialogue, and what is asked here of all arms alike."""
    names = sorted({name for told in corpus.judged for name in told} - {*JUDGES})
    scores = {
        name: np.array([told.get(name, (None, ""))[0] for told in corpus.judged], float)
        for name in names
    }
    read = [confirms("\n".join(turns), language) for turns in corpus.turns[:_JUDGED]]
    scores["language_confirmed"] = _filled([None if one is None else float(one) for one in read],
                                           len(corpus))  # fmt: skip
    return {name: own for name, own in scores.items() if np.isfinite(own).any()}


def _with_coherence(drawn: Drawn) -> Drawn:
    """With the score of a critic that needs nothing but the turns, and that other arms have."""
    turns, tag = drawn.corpus.turns[:_JUDGED], drawn.corpus.language
    scores = _filled([coherence_of(texts, tag) for texts in turns], len(drawn))
    return replace(drawn, scores={**drawn.scores, _COHERENCE: scores})


def _filled(scores: Sequence[float | None], count: int) -> Scores:
    filled = np.full(count, np.nan)
    filled[: len(scores)] = np.array(scores, float)
    return filled


def equal(drawn: Sequence[Drawn], size: Size) -> tuple[list[Drawn], int]:
    """The same number of dialogues of each arm, or as many as make the same number of tokens; and
    that number. Among more than two, one with too few dialogues for an interval does not reduce
    the others."""
    large = [one for one in drawn if len(one) >= FEWEST] if len(drawn) > 2 else []
    if size == "dialogues":
        least = min(map(len, large or drawn))
        return [one.some(range(min(least, len(one)))) for one in drawn], least
    budget = min(one.corpus.tokens for one in large or drawn)
    return [one.some(range(_within(one, budget))) for one in drawn], budget


def _within(drawn: Drawn, budget: int) -> int:
    """How many dialogues have no more tokens together, at least one."""
    return max(1, int(np.searchsorted(np.cumsum(drawn.corpus.lengths), budget, side="right")))


def paired(one: Drawn, other: Drawn) -> tuple[Drawn, Drawn, bool]:
    """Both, with the scenarios that both have alone and in one order, where these are all of the
    smaller one, or half of it and enough for an interval; else as they are."""
    _, at, there = np.intersect1d(one.keys, other.keys, return_indices=True)
    least = min(len(one), len(other))
    if len(at) < least and (len(at) < FEWEST or 2 * len(at) < least):
        return one, other, False
    return one.some(at.tolist()), other.some(there.tolist()), True
