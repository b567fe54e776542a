"""Is the best of k drafts better than a single one? By figures that the choice did not use.

``python -m benchmarks.best_of_k FOLDER [--human DIR] [--json] [--scenarios N] [--languages
fr,it,zh,id]``: the embedded model writes k drafts of each scenario into FOLDER (run it again to go
on). The single draft is the first that the critics pass, and the best one is chosen by meaning
among all that they pass, so both come from the same drafts. Then distinct-2, and the likeness of
the most alike turns; with ``--human`` first the share judged coherent by the likelihood judge
(engine ``transformers``, the same weights, which the choice did not use), at the threshold that
separates these human dialogues from damaged ones best. Intervals are of 95%, by a bootstrap over
scenarios; they stand in the table also where the best does not win.
"""

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.critics.calibration.trials import damaged_ones, whole_dialogues
from crowdglot.critics.judges.likelihood import Likelihood
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise, tokeniser_for
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.weights.resolving import DEFAULT_WEIGHTS, resolve_weights
from crowdglot.languages.language import resolve_language
from crowdglot.recipes import read_recipe
from crowdglot.writing.judging.asker import Asker, asking
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.write import write_dataset

_COLUMNS = ("index", "attempt", "language", "turns", "verdicts", "reason")
_HUMAN, _HUMAN_TURNS = 10, 6  # dialogues of a language, and turns of each
_RESAMPLES = 1000


@dataclass(frozen=True)
class Pair:
    """Of one scenario the first draft that passed, and the one that was chosen."""

    single: dict[str, Any]
    best: dict[str, Any]


def written(folder: Path, languages: Sequence[str], scenarios: int, k: int) -> OpenedRecipe:
    """The dataset of k drafts a scenario, written as far as it is not there."""
    recipe = read_recipe(
        "demo",
        [
            f"languages={','.join(languages)}",
            f"dialogues_per_language={-(-scenarios // len(languages))}",
            f"choice.candidates={k}", f"max_attempts={k}", "max_replacements=0",
            "duplicates.rounds=0", f"output={folder}",
        ],
    )  # fmt: skip
    asyncio.run(write_dataset(recipe))
    return open_recipe(recipe)


def pairs_of(folder: Path) -> list[Pair]:
    """A pair for each scenario of which a draft passed."""
    kept = {row["index"]: row for row in read_rows(folder, "data", _COLUMNS).to_dicts()}
    rejected = read_rows(folder, "rejected", _COLUMNS).to_dicts()
    pairs = []
    for index, best in sorted(kept.items()):
        passed = [r for r in rejected if (r["index"], r["reason"]) == (index, "surplus")]
        pairs.append(Pair(min([best, *passed], key=lambda row: row["attempt"]), best))
    return pairs


async def scores_of(asker: Asker, role: str, dialogues: Sequence[Dialogue]) -> list[float | None]:
    """The judge's score of each dialogue."""
    steps = [partial(Likelihood().next, dialogue) for dialogue in dialogues]
    opinions = await asker.interviews(role, steps)
    return [opinion.score if opinion else None for opinion in opinions]


async def score_all(
    human: Path, dialogues: Sequence[Dialogue], kept: Path
) -> tuple[list[float], float, float]:
    """The score of each dialogue, the threshold, and the share of human and damaged dialogues that
    it tells apart. ``kept``: the file of the model's answers, which are asked for once."""
    weights = resolve_weights(DEFAULT_WEIGHTS).path
    settings = EngineSettings(kind="transformers", model=str(weights), concurrency=1)
    wanted = {one.scenario.language.tag for one in dialogues}
    whole = whole_dialogues(human, "", _HUMAN_TURNS, 2 * _HUMAN)
    tags = sorted(wanted & whole.keys())
    good = [one for tag in tags for one in whole[tag][:_HUMAN]]
    bad = [one for tag in tags for _, one in damaged_ones(tag, whole, "mixed")[:_HUMAN]]
    drafts = {one.turns: one for one in dialogues}  # the single draft is often the best one
    async with asking(settings, kept) as asker:
        least, right = _threshold(
            _there(await scores_of(asker, "whole", good)),
            _there(await scores_of(asker, "damaged", bad)),
        )
        scored = await scores_of(asker, "drafts", [*drafts.values()])
    known = dict(zip(drafts, scored, strict=True))
    scores = [known[one.turns] for one in dialogues]
    return [np.nan if score is None else score for score in scores], least, right


def _there(scores: Sequence[float | None]) -> list[float]:
    return [score for score in scores if score is not None]


def _threshold(good: Sequence[float], bad: Sequence[float]) -> tuple[float, float]:
    """The score that separates the two best, and the mean share on the right side of it."""
    shares = [
        ((np.mean(np.array(good) >= cut) + np.mean(np.array(bad) < cut)) / 2, cut)
        for cut in (*good, *bad)
    ]
    right, cut = max(shares)
    return float(cut), float(right)


def figures(
    pairs: Sequence[Pair], judged: Sequence[tuple[float, float]] = (), least: float = 0.0
) -> list[dict[str, Any]]:
    """Each figure of the single drafts and of the best ones, and their difference with interval.

    Without ``judged`` those that need no judge.
    """
    coherent = np.array([[one >= least for one in both] for both in judged], float)
    alike = np.array([[_alike(p.single), _alike(p.best)] for p in pairs])
    tokens = [[_tokens(p.single), _tokens(p.best)] for p in pairs]
    chosen = np.random.default_rng(0).integers(0, len(pairs), (_RESAMPLES, len(pairs)))

    def told(name: str, of: Callable[[Any, int], float]) -> dict[str, Any]:
        every = np.arange(len(pairs))
        drawn = [of(one, 1) - of(one, 0) for one in chosen]
        low, high = np.quantile(drawn, (0.025, 0.975))
        single, best = of(every, 0), of(every, 1)
        return {"figure": name, "single": single, "best": best, "difference": best - single,
                "low": float(low), "high": float(high)}  # fmt: skip

    by_judge = [
        told("judged coherent", lambda of, arm: float(coherent[of, arm].mean())),
        told("likelihood, nats a token", lambda of, arm: float(np.array(judged)[of, arm].mean())),
    ] if judged else []  # fmt: skip
    return [
        *by_judge,
        told("distinct-2", lambda of, arm: _distinct([tokens[at][arm] for at in of])),
        told("likeness of the most alike turns", lambda of, arm: float(alike[of, arm].mean())),
    ]


def _alike(row: dict[str, Any]) -> float:
    return next(one["score"] or 0.0 for one in row["verdicts"] if one["critic"] == "repetition")


def _tokens(row: dict[str, Any]) -> list[str]:
    tokeniser = tokeniser_for(resolve_language(row["language"]).script)
    return tokenise("\n".join(turn["text"] for turn in row["turns"]), tokeniser)


def _distinct(documents: Sequence[Sequence[str]]) -> float:
    grams = [pair for words in documents for pair in pairwise(words)]
    return len(set(grams)) / max(1, len(grams))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--human", type=Path, help="human dialogues by language: judge too")
    parser.add_argument("--languages", default="fr,it,zh,id")
    parser.add_argument("--scenarios", type=int, default=40)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    languages = options.languages.split(",")
    opened = written(options.folder, languages, options.scenarios, options.candidates)
    pairs = pairs_of(options.folder)
    rows = [row for pair in pairs for row in (pair.single, pair.best)]
    dialogues = [
        Dialogue(opened.plan.scenario(row["index"]), tuple(Turn(**turn) for turn in row["turns"]))
        for row in rows
    ]
    judged, least, right, said = list[tuple[float, float]](), 0.0, None, "Nothing is judged."
    if options.human is not None:
        kept = options.folder / "likelihood.calls"
        scores, least, right = asyncio.run(score_all(options.human, dialogues, kept))
        judged = list(zip(scores[::2], scores[1::2], strict=True))
        said = f"The judge tells {right:.0%} of human and damaged dialogues apart."
    differ = sum(pair.single["attempt"] != pair.best["attempt"] for pair in pairs)
    table = Table(*("", "single draft", f"best of {options.candidates}", "difference", "95%"))
    told = figures(pairs, judged, least)
    for one in told:
        shown = (f"{one[key]:.3f}" for key in ("single", "best", "difference"))
        table.add_row(one["figure"], *shown, f"{one['low']:.3f} to {one['high']:.3f}")
    console = Console()
    console.print(
        f"{len(pairs)} of {options.scenarios} scenarios have a draft that passes; in {differ} the "
        f"best is not the first. {said}"
    )
    console.print(table)
    if options.json:
        print(
            json.dumps({"scenarios": len(pairs), "differ": differ, "judge": right, "figures": told})
        )


if __name__ == "__main__":
    command(main)
