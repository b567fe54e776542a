"""How far critics and judges agree with people, by language; of judges it becomes a trial.

A dialogue counts as good where most of its raters accept it, as bad where most reject it. As in
trials by damage, the figure is the probability that a good one has the better score (AUC).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crowdglot import __version__
from crowdglot.critics.calibration import MOST_REJECTED
from crowdglot.critics.calibration.trials import HIGH_IS_GOOD, Trial
from crowdglot.critics.judges import JUDGES
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.belief import PEOPLE, read_trials
from crowdglot.datasets.browse.agreement import decided
from crowdglot.datasets.browse.index import DRAFT, Index
from crowdglot.datasets.browse.ratings import Rating
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.storage.files import write_json
from crowdglot.datasets.withdrawals import turns_hash
from crowdglot.statistics import auc, bootstrap

FEWEST, _FEWEST_OF_A_KIND = 20, 5  # dialogues for a figure, and good and bad ones of these


@dataclass(frozen=True, slots=True)
class AgainstPeople:
    """One critic in one language, and the dialogues that it scored and people decided on.

    ``agreed``: the share on which it rejects what they reject and passes what they accept.
    ``trial``: None where the dialogues are too few.
    """

    critic: str
    language: str
    good: int
    bad: int
    agreed: float
    trial: Trial | None


def decided_rows(index: Index, ratings: Sequence[Rating]) -> pl.DataFrame:
    """The rows on which people decided, if they are as they were read: "row", "language",
    "accepted" (by people), "version"."""
    kinds = {**DRAFT, "read": pl.String, "accepted": pl.Boolean}
    told = [(*draft, good) for draft, good in decided(ratings).items()]
    said = pl.DataFrame(told, kinds, orient="row").lazy()
    rows = index.rows.lazy().select("row", "position", *DRAFT)
    found = rows.join(said, on=[*DRAFT]).sort("position").collect()
    read = rows_at(index.files, found["position"].to_list(), ["turns", "crowdglot_version"])
    now = [turns_hash(turn["text"] for turn in turns) for turns in read["turns"].to_list()]
    found = found.with_columns(
        now=pl.Series(now, dtype=pl.String), version=read["crowdglot_version"]
    )
    return found.filter(pl.col("now") == pl.col("read")).drop("position", "now", "read")


def against_people(index: Index, rows: pl.DataFrame, model: str = "") -> list[AgainstPeople]:
    """Of every language and every critic that scored some of ``decided_rows``. ``model``: of the
    judges, for their trials."""
    scored = index.verdicts.lazy().filter(pl.col("score").is_not_null())
    joined = scored.join(rows.lazy(), on="row").sort("language", "critic", "row").collect()
    return [
        _compared(critic, language, some, model)
        for (language, critic), some in joined.group_by("language", "critic", maintain_order=True)
    ]


def _compared(critic: Any, language: Any, some: pl.DataFrame, model: str) -> AgainstPeople:
    good, rejects = some["accepted"].to_numpy(), some["rejects"].to_numpy()
    kinds = int(good.sum()), int((~good).sum())
    trial = None
    if len(some) >= FEWEST and min(kinds) >= _FEWEST_OF_A_KIND:
        trial = _trial(
            critic, language, some["score"].to_numpy().astype(float), good, rejects, model
        )
    return AgainstPeople(critic, language, *kinds, float((good != rejects).mean()), trial)


def _trial(
    critic: str, language: str, scores: NDArray[np.float64], good: NDArray[np.bool_],
    rejects: NDArray[np.bool_], model: str,
) -> Trial:  # fmt: skip
    sign = 1.0 if critic.split(".")[0] in HIGH_IS_GOOD else -1.0
    scores = sign * scores
    whole = auc(scores[good], scores[~good])

    def of(chosen: NDArray[np.intp]) -> float:
        drawn, kept = scores[chosen], good[chosen]
        return auc(drawn[kept], drawn[~kept]) if kept.any() and not kept.all() else whole

    threshold = float(np.quantile(scores[good], MOST_REJECTED, method="lower"))
    return Trial(
        critic, language, PEOPLE, len(scores), whole, *bootstrap(len(scores), of), sign * threshold,
        float((scores[~good] < threshold).mean()), float(rejects[good].mean()),
        float(rejects[~good].mean()), 0.0, model, template_hash(critic) if critic in JUDGES else "",
    )  # fmt: skip


def write_people_trials(path: Path, index: Index, ratings: Sequence[Rating]) -> list[Trial]:
    """What people say of the dataset's judges, into the file of trials that ``believed`` names.

    All other trials in it stay. Only rows that this version of crowdglot judged count, because its
    questions are known. ConfigurationError where the file is there and cannot be used.
    """
    recipe = read_stored_recipe(index.folder)
    settings = recipe.get("models", {}).get("judge") or recipe.get("engine", {})
    rows = decided_rows(index, ratings).filter(pl.col("version") == __version__)
    told = against_people(index, rows, str(settings.get("model", "")))
    trials = [one.trial for one in told if one.trial and one.critic in JUDGES]
    new = {_key(asdict(one)) for one in trials}
    kept = [one for one in (read_trials(path) if path.exists() else []) if _key(one) not in new]
    write_json(path, [*kept, *map(asdict, trials)])
    return trials


def _key(trial: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(trial[name] for name in ("critic", "model", "prompt", "language", "damage"))
