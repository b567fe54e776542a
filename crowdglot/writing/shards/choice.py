"""Best of k: which of the drafts of one scenario is kept, by what they mean."""

from collections.abc import Mapping, Sequence

from crowdglot.writing.judging import Judged

# How much the rank by each critic's score counts. High is good for the first two. The others tell
# of likeness that only looks like sense: talk that repeats itself, or repeats what was shown.
WEIGHTS = {"coherence": 1.0, "premise": 2.0, "rewording": -0.5, "translated_copying": -0.5}


def best(drafts: Sequence[Judged]) -> int | None:
    """The number of the best draft among those that passed; None where none did.

    Scores are compared by their ranks within these drafts, so that their units, and what is usual
    in a language, do not matter. A score that is missing counts for nothing. Of equal drafts the
    first is best.
    """
    passed = [at for at, draft in enumerate(drafts) if draft.passed]
    if len(passed) < 2:
        return passed[0] if passed else None
    sums = rank_sums([_scores(drafts[at]) for at in passed])
    return passed[sums.index(max(sums))]


def rank_sums(scores: Sequence[Mapping[str, float | None]]) -> list[float]:
    """How good each is among all, by the ranks of its critics' scores; higher is better."""
    return [
        sum(weight * _rank(name, mine, scores) for name, weight in WEIGHTS.items())
        for mine in scores
    ]


def _scores(draft: Judged) -> dict[str, float | None]:
    verdicts = draft.table["verdicts"][draft.at].as_py()
    return {verdict["critic"]: verdict["score"] for verdict in verdicts}


def _rank(
    name: str, mine: Mapping[str, float | None], every: Sequence[Mapping[str, float | None]]
) -> float:
    """How many of the others it exceeds, ties half; 0 where it has no score."""
    own = mine.get(name)
    if own is None:
        return 0.0
    others = [score for each in every if each is not mine and (score := each.get(name)) is not None]
    return sum((own > other) + 0.5 * (own == other) for other in others)
