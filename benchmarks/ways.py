"""What each way of writing makes of the same scenarios, each written once, with the same model.

    python -m benchmarks.ways [--ways whole outlined …] [--scenarios 20] [--output DIR] [--json]
        [--set key=value …]

By default with the demo's recipe and the model in this process, and no draft is rewritten: what the
critics reject counts too, but for "accepted". Coherence and premise are the mean scores of the
critics of these names, repetition that of the critic's score (the likeness of the two most alike
turns), each over the drafts that could be read; distinct-2 is over all of a language's turns, and
the mean of the languages. A debate has scenarios of its own: it is about a proposition, and of one
speech event. Tokens are those of the prompts, of which a prefix cache reads most once, and of the
answers, a dialogue.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.datasets.funnel import read_rows
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise, tokeniser_for
from crowdglot.dialogues.ways import WAYS
from crowdglot.languages.language import resolve_language
from crowdglot.recipes import read_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.write import write_dataset

# One draft of each scenario, none chosen and none replaced.
_ONCE = ("max_attempts=1", "max_replacements=0", "choice.candidates=1", "duplicates.rounds=0")
_TURNS = "turns=[8, 8]"
_OF = {"debate": ("events=persuading_conversation",)}


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of the table; a score is None where no draft has one."""

    way: str
    drafts: int
    accepted: float
    readable: float
    turns: float | None
    coherence: float | None
    premise: float | None
    distinct_2: float | None
    repetition: float | None
    calls: float
    prompt_tokens: float
    completion_tokens: float
    seconds: float


def recipe_of(way: str, scenarios: int, folder: Path, changes: Sequence[str]) -> Recipe:
    """The demo's recipe for so many scenarios, evenly over its languages."""
    base = ("name=ways", f"way={way}", f"output={folder}", _TURNS, *_ONCE, *_OF.get(way, ()))
    languages = read_recipe("demo", [*base, *changes]).languages
    each = max(1, round(scenarios / len(languages)))
    return read_recipe("demo", [*base, f"dialogues_per_language={each}", *changes])


def figures_of(way: str, folder: Path) -> Figures:
    """What the rows of a dataset say."""
    parts = {part: read_rows(folder, part) for part in ("data", "rejected")}
    rows = pl.concat(parts.values()).to_dicts()
    read = [row for row in rows if row["turns"]]

    def score(critic: str) -> float | None:
        told = (verdict for row in read for verdict in row["verdicts"])
        return _mean([v["score"] for v in told if v["critic"] == critic and v["score"] is not None])

    return Figures(
        way=way,
        drafts=len(rows),
        accepted=parts["data"].height / len(rows),
        readable=len(read) / len(rows),
        turns=_mean([len(row["turns"]) for row in read]),
        coherence=score("coherence"),
        premise=score("premise"),
        distinct_2=_mean([_distinct_2(tag, read) for tag in {row["language"] for row in read}]),
        repetition=score("repetition"),
        calls=mean(len(row["calls"]) for row in rows),
        prompt_tokens=mean(row["prompt_tokens"] for row in rows),
        completion_tokens=mean(row["completion_tokens"] for row in rows),
        seconds=mean(row["seconds"] for row in rows),
    )


def _distinct_2(tag: str, rows: Sequence[Mapping[str, object]]) -> float:
    name = tokeniser_for(resolve_language(tag).script)
    pairs: list[tuple[str, str]] = []
    for row in rows:
        if row["language"] == tag:
            turns = row["turns"]
            assert isinstance(turns, list)
            words = tokenise("\n".join(turn["text"] for turn in turns), name)
            pairs += pairwise(words)
    return len(set(pairs)) / max(1, len(pairs))


def _mean(values: Sequence[float]) -> float | None:
    return mean(values) if values else None


def main() -> None:
    """Write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--output", type=Path, help="where to keep the datasets, one a way")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", dest="changes")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    found: list[Figures] = []
    with tempfile.TemporaryDirectory() as scratch:
        for way in arguments.ways:
            folder = (arguments.output or Path(scratch)) / way
            recipe = recipe_of(way, arguments.scenarios, folder, arguments.changes)
            asyncio.run(write_dataset(recipe))
            found.append(figures_of(way, folder))
            Console(stderr=True).print(asdict(found[-1]))
    table = Table(title=f"{found[0].drafts} scenarios, one draft each")
    names = [name for name in asdict(found[0]) if name != "drafts"]
    for name in names:
        table.add_column(name.replace("_", " "), justify="left" if name == "way" else "right")
    for one in found:
        table.add_row(*(_told(getattr(one, name)) for name in names))
    Console().print(table)
    if arguments.json:
        print(json.dumps({"ways": [asdict(one) for one in found]}))


def _told(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
    return "–" if value is None else str(value)


if __name__ == "__main__":
    command(main)
