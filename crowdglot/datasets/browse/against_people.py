"""How far critics and judges agree with people, by language; of judges it becomes a trial.

A dialogue counts as good where most of its raters accept it, as bad where most reject it. As in
trials by damage, the figure is the probability that a good one has the better score (AUC).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crowdglot import __version__
from crowdglot.critics.calibration import MOST_REJECTED
from crowdglot.critics.calibration.trials import HIGH_IS_GOOD, Trial, auc, bootstrap
from crowdglot.critics.judges import JUDGES
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.belief import PEOPLE, read_trials
from crowdglot.datasets.browse.agreement import decided
from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.browse.ratings import Rating
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.scan import rows_at
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import turns_hash

FEWEST = 20  # dialogues that people decided on, for a figure at all
_FEWEST_OF_A_KIND = 5  # accepted ones, and rejected ones
_DRAFT = ["language", "index", "attempt"]


@dataclass(frozen=True, slots=True)
class AgainstPeople:
    """One critic and language. ``good`` and ``bad``: dialogues that it scored and people decided
    on. ``auc``, ``low``, ``high``: None where these are too few. ``agreed``: the share on which it
    rejects what they reject and passes what they accept. ``threshold``: the score below which 1%
    of the good ones lie, and ``found`` the share of bad ones there."""

    critic: str
    language: str
    good: int
    bad: int
    agreed: float
    auc: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float = 0.0
    found: float = 0.0
    passed_bad: float = 0.0
    rejected_good: float = 0.0


def decided_rows(index: Index, ratings: Sequence[Rating]) -> pl.DataFrame:
    """The rows on which people decided, if they are as they were read: "row", "language",
    "accepted" (by people), "version"."""
    told = decided(ratings)
    kinds = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64, "turns_hash": pl.String,
             "accepted": pl.Boolean}  # fmt: skip
    said = pl.DataFrame([(*draft, good) for draft, good in told.items()], kinds, orient="row")
    rows = index.rows.lazy().select("row", "position", *_DRAFT)
    found = rows.join(said.lazy(), on=_DRAFT).sort("position").collect()
    read = rows_at(index.files, found["position"].to_list(), ["turns", "crowdglot_version"])
    hashes = [turns_hash(turn["text"] for turn in turns) for turns in read["turns"].to_list()]
    found = found.with_columns(
        now=pl.Series(hashes, dtype=pl.String), version=read["crowdglot_version"]
    )
    same = found.filter(pl.col("now") == pl.col("turns_hash"))
    return same.select("row", "language", "accepted", "version")


def against_people(index: Index, rows: pl.DataFrame) -> list[AgainstPeople]:
    """Of every language and every critic that scored some of ``decided_rows``."""
    scored = index.verdicts.lazy().filter(pl.col("score").is_not_null())
    joined = scored.join(rows.lazy(), on="row").sort("language", "critic", "row").collect()
    return [
        _compared(critic, language, some)
        for (language, critic), some in joined.group_by("language", "critic", maintain_order=True)
    ]


def _compared(critic: Any, language: Any, some: pl.DataFrame) -> AgainstPeople:
    good, rejects = some["accepted"].to_numpy(), some["rejects"].to_numpy()
    scores = some["score"].to_numpy().astype(float)
    kinds = int(good.sum()), int((~good).sum())
    agreed = float((good != rejects).mean())
    known = AgainstPeople(critic, language, *kinds, agreed)
    if len(some) < FEWEST or min(kinds) < _FEWEST_OF_A_KIND:
        return known
    signed = scores if critic.split(".")[0] in HIGH_IS_GOOD else -scores
    whole = auc(signed[good], signed[~good])

    def of(chosen: NDArray[np.intp]) -> float:
        some, kept = signed[chosen], good[chosen]
        return auc(some[kept], some[~kept]) if kept.any() and not kept.all() else whole

    threshold = float(np.quantile(signed[good], MOST_REJECTED, method="lower"))
    return AgainstPeople(
        critic, language, *kinds, agreed, whole, *bootstrap(len(some), of),
        float(scores[signed == threshold][0]), float((signed[~good] < threshold).mean()),
        float(rejects[~good].mean()), float(rejects[good].mean()),
    )  # fmt: skip


def write_people_trials(
    path: Path, folder: Location, index: Index, ratings: Sequence[Rating]
) -> list[Trial]:
    """What people say of the dataset's judges, into the file of trials that ``believed`` names.

    Trials by damage stay, and those of other datasets' models. Only rows that this version of
    crowdglot judged count, because its questions are known. ConfigurationError where the file is
    there and cannot be used.
    """
    trials = list(_trials(folder, index, ratings))
    stored = read_trials(path) if path.exists() else []
    new = {_key(asdict(one)) for one in trials}
    kept = [one for one in stored if _key(one) not in new]
    write_text(path, json.dumps([*kept, *map(asdict, trials)], indent=1) + "\n")
    return trials


def _trials(folder: Location, index: Index, ratings: Sequence[Rating]) -> Iterator[Trial]:
    recipe = read_stored_recipe(folder)
    settings = recipe.get("models", {}).get("judge") or recipe.get("engine", {})
    rows = decided_rows(index, ratings).filter(pl.col("version") == __version__)
    for one in against_people(index, rows):
        if one.critic in JUDGES and one.auc is not None:
            yield Trial(
                one.critic, one.language, PEOPLE, one.good + one.bad, one.auc, one.low or 0.0,
                one.high or 0.0, one.threshold, one.found, one.rejected_good, one.passed_bad, 0.0,
                str(settings.get("model", "")), template_hash(one.critic),
            )  # fmt: skip


def _key(trial: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(trial[name] for name in ("critic", "model", "prompt", "language", "damage"))
