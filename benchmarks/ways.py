"""What each way of writing, or each form of the prompt, makes of the same scenarios, each written
once, with the same model.

    python -m benchmarks.ways [--ways whole outlined …] [--forms full short …] [--scenarios 20]
        [--output DIR] [--json] [--set key=value …]

Without ``--ways`` and ``--forms``: every way. A form is the prompt's, with so many demonstrations
("short, 0 shown"), of any speech event or of the scenario's own ("short, of the event").

By default with the demo's recipe and the model in this process, and no draft is rewritten: what the
critics reject counts too, but for "accepted". Coherence and premise are the mean scores of the
critics of these names, repetition that of the critic's score (the likeness of the two most alike
turns), each over the drafts that could be read; distinct-2 is over all of a language's turns, and
the mean of the languages. A debate has scenarios of its own: it is about a proposition, and of one
speech event. Tokens are those of the prompts, of which a prefix cache reads most once, and of the
answers, a dialogue. In brackets stand 95% intervals over drafts, from eight drafts on: of means the
bootstrap, of distinct-2 the delete-half jackknife, as in ``metrics.json``.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.metrics.measuring.figure import Interval, Reading, interval
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise, tokeniser_for
from crowdglot.dialogues.ways import WAYS
from crowdglot.languages.language import resolve_language
from crowdglot.recipes import read_recipe
from crowdglot.statistics import Chosen
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.write import write_dataset

# One draft of each scenario, none chosen and none replaced.
_ONCE = ("max_attempts=1", "max_replacements=0", "choice.candidates=1", "duplicates.rounds=0")
_TURNS = "turns=[8, 8]"
_WAYS: dict[str, tuple[str, ...]] = {way: (f"way={way}", _TURNS) for way in WAYS}
_WAYS["debate"] += ("events=persuading_conversation",)
# A form is compared by what each draft says of its own situation, so no premise is a reason.
FORMS = {
    f"{form}, {told}": (f"prompt={form}", *keys, "critics.premise.least=0")
    for form in ("full", "short")
    for told, keys in {
        "0 shown": ("demonstrations.count=0",),
        "1 shown": ("demonstrations.count=1",),
        "2 shown": ("demonstrations.count=2",),
        "of the event": ("demonstrations.count=2", "demonstrations.by=event"),
    }.items()
}
_ARMS = _WAYS | FORMS


_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Mean:
    """A figure with its 95% interval; None where there are too few drafts for one."""

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return _shown(self.value)
        return f"{_shown(self.value)} ({_shown(self.low)}–{_shown(self.high)})"


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of the table; a score is None where no draft has one."""

    arm: str
    drafts: int
    accepted: float
    readable: float
    coherence: Mean | None
    premise: Mean | None
    distinct_2: Mean | None
    repetition: Mean | None
    prompt_tokens: Mean
    answer_tokens: Mean
    turns: Mean | None
    calls: Mean
    seconds: Mean


# What the table shows beside the way; the rest is in the JSON.
_SHOWN = ("coherence", "premise", "distinct_2", "repetition", "prompt_tokens", "answer_tokens",
          "accepted", "readable")  # fmt: skip


def recipe_of(arm: str, scenarios: int, folder: Path, changes: Sequence[str]) -> Recipe:
    """The demo's recipe for so many scenarios, evenly over its languages."""
    base = ("name=ways", f"output={folder}", *_ONCE, *_ARMS[arm])
    languages = read_recipe("demo", [*base, *changes]).languages
    each = max(1, round(scenarios / len(languages)))
    return read_recipe("demo", [*base, f"dialogues_per_language={each}", *changes])


def figures_of(arm: str, folder: Path) -> Figures:
    """What the rows of a dataset say."""
    parts = {part: read_rows(folder, part) for part in ("data", "rejected")}
    rows = pl.concat(parts.values()).to_dicts()
    read = [row for row in rows if row["turns"]]

    def score(critic: str) -> Mean | None:
        told = [v["score"] for row in read for v in row["verdicts"] if v["critic"] == critic]
        return _mean([one for one in told if one is not None])

    def tokens(part: str) -> Mean:
        return _always([row[part] for row in rows])

    return Figures(
        arm=arm,
        drafts=len(rows),
        accepted=parts["data"].height / len(rows),
        readable=len(read) / len(rows),
        coherence=score("coherence"),
        premise=score("premise"),
        distinct_2=_figure(len(read), lambda chosen: _distinct_2([read[at] for at in chosen]),
                           "halves"),
        repetition=score("repetition"),
        prompt_tokens=tokens("prompt_tokens"),
        answer_tokens=tokens("completion_tokens"),
        turns=_mean([len(row["turns"]) for row in read]),
        calls=_always([len(row["calls"]) for row in rows]),
        seconds=tokens("seconds"),
    )  # fmt: skip


def _distinct_2(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The mean over languages of the share of different pairs of words among all pairs."""
    shares = []
    for tag in sorted({row["language"] for row in rows}):
        name, pairs = tokeniser_for(resolve_language(tag).script), list[tuple[str, str]]()
        for row in rows:
            if row["language"] == tag:
                pairs += pairwise(tokenise("\n".join(t["text"] for t in row["turns"]), name))
        shares.append(len(set(pairs)) / max(1, len(pairs)))
    return float(np.mean(shares)) if shares else None


def _mean(values: Sequence[float]) -> Mean | None:
    told = np.array(values, float)
    return _figure(len(told), lambda chosen: float(told[chosen].mean()), "bootstrap")


def _always(values: Sequence[float]) -> Mean:
    mean = _mean(values)
    assert mean is not None
    return mean


def _figure(count: int, of: Callable[[Chosen], float | None], kind: Interval) -> Mean | None:
    if not count or (value := of(np.arange(count))) is None:
        return None
    reading = Reading("ways", of, "neither", kind, resamples=_RESAMPLES)
    return Mean(value, *(interval(reading, value, count, 0, _RESAMPLES) or (None, None)))


def main() -> None:
    """Write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ways", nargs="*", default=[], choices=list(_WAYS))
    parser.add_argument("--forms", nargs="*", default=[], choices=list(FORMS))
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--output", type=Path, help="where to keep the datasets, one a way")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    found: list[Figures] = []
    with tempfile.TemporaryDirectory() as scratch:
        for arm in [*arguments.ways, *arguments.forms] or list(_WAYS):
            folder = (arguments.output or Path(scratch)) / arm.replace(", ", "-").replace(" ", "_")
            recipe = recipe_of(arm, arguments.scenarios, folder, arguments.changes)
            asyncio.run(write_dataset(recipe))
            found.append(figures_of(arm, folder))
            Console(stderr=True).print(asdict(found[-1]))
    table = Table(title=f"{found[0].drafts} scenarios, one draft each")
    table.add_column("")
    for name in _SHOWN:
        table.add_column(name.replace("_", " "), justify="right")
    for one in found:
        table.add_row(one.arm, *(_told(getattr(one, name)) for name in _SHOWN))
    Console(width=max(160, Console().width)).print(table)
    if arguments.json:
        print(json.dumps({"ways": [asdict(one) for one in found]}))


def _told(value: Mean | float | None) -> str:
    if isinstance(value, float):
        return _shown(value)
    return "–" if value is None else str(value)


def _shown(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


if __name__ == "__main__":
    command(main)
