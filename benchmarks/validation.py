"""How fast drafts are validated on one core, and what takes the time.

``python -m benchmarks.validation [--json] [--data DIR]``: DIR holds XPersona files. Human turns of
its languages are written as drafts of dialogues of 8 turns, then taken the whole way that needs no
model: parsed, judged by every critic, cut into shingles and looked up among all before, made a row,
written to Parquet shards. Stages are timed in one run, in seconds of the processor; each turn is
seen once, so no cache of texts helps. The figure is the median over slices of the run, which follow
one another, so that the index grows from the first to the last; what is loaded once in a run of any
length (models, word lists, packs) is loaded before, with turns that are not seen again.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from statistics import median

import pyarrow as pa
import wordfreq
from rich.console import Console
from rich.table import Table

from benchmarks import command
from crowdglot.critics import CRITICS, Verdict
from crowdglot.datasets.duplicates.index import Index
from crowdglot.datasets.duplicates.shingles import Shingles, shingles
from crowdglot.datasets.record import SCHEMA, to_row
from crowdglot.datasets.shards import Shard, write_shard
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.dialogues.readers import read_file
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.engines.engine import Completion
from crowdglot.languages.identifiers import ask_second, second_tags
from crowdglot.languages.language import resolve_language
from crowdglot.languages.words.frequencies import word_scores
from crowdglot.memory import freeze
from crowdglot.recipes import build_recipe
from crowdglot.writing.opened import OpenedRecipe, open_recipe

# The files of XPersona begin with the name of their language.
TAGS = {"En": "en", "Fr": "fr", "Id": "id", "It": "it", "Jp": "ja", "Ko": "ko", "Zh": "zh"}
TURNS = 8
SHARD = 200
WARM = 700  # dialogues that are seen before, so that rare word lists are loaded too
SHINGLED = 1024  # dialogues whose shingles are kept at hand, as a search through shards keeps them


def read_turns(folder: Path) -> dict[str, list[str]]:
    """All human turns of each language, in the order of the files."""
    turns: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.json")):
        if tag := TAGS.get(path.name[:2]):
            turns[tag] = [
                turn.text for shown in read_file(path).demonstrations for turn in shown.turns
            ]
    return turns


def open_benchmark(tags: list[str]) -> OpenedRecipe:
    """A recipe for these languages with the usual thresholds."""
    table = {
        "name": "validation",
        "languages": tags,
        "dialogues_per_language": 1_000_000,
        "turns": [TURNS, TURNS],
    }
    return open_recipe(build_recipe(table, (), "benchmark"))


def drafts(opened: OpenedRecipe, turns: dict[str, list[str]], count: int) -> Iterator[Draft]:
    """Up to ``count`` drafts, languages in turn, until the human turns of each are used up."""
    tags = list(opened.recipe.languages)
    longest = max(map(len, turns.values())) // TURNS
    indices = (
        index
        for index in range(longest * len(tags))
        if (index // len(tags) + 1) * TURNS <= len(turns[tags[index % len(tags)]])
    )
    for index in islice(indices, count):
        start = index // len(tags) * TURNS
        human = turns[tags[index % len(tags)]][start : start + TURNS]
        keys = turn_keys(opened.plan.scenario(index).order)
        text = json.dumps(dict(zip(keys, human, strict=True)), ensure_ascii=False)
        completion = Completion(text, "stop", 900, 300, 1.0)
        call = Call(Key(index, 0), "", index, "scripted", "human", "1", completion, 0.0)
        yield Draft(index, 0, (call,))


def by_language(every: Sequence[Draft], languages: int) -> list[list[Draft]]:
    """The drafts as shards hold them: of one language each."""
    shards: dict[int, list[Draft]] = {}
    for draft in every:
        shards.setdefault(draft.index % languages, []).append(draft)
    return list(shards.values())


class Clock:
    """Seconds of this process's processor by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.process_time()

    def start(self) -> None:
        """Forget the time since the last call."""
        self._last = time.process_time()

    def charge(self, stage: str) -> None:
        """Charge the time since the last call to ``stage``."""
        now = time.process_time()
        self.seconds[stage] += now - self._last  # type: ignore[assignment]  # a Counter of seconds
        self._last = now


class Chain:
    """The whole way of a draft, from its text to a shard on disk, timed by stage."""

    def __init__(self, opened: OpenedRecipe, folder: Path) -> None:
        self.clock, self.reasons = Clock(), Counter[str]()
        self._opened, self._folder = opened, folder
        self._dialogues: list[tuple[str, list[str]]] = []
        self._shelf = lru_cache(maxsize=SHINGLED)(self._cut)
        settings = opened.recipe.duplicates
        # One index for all languages, so that it outgrows memory as that of a large one does.
        self._index = Index(settings.least_similarity, settings.least_repeated_turns, self._shelf)
        self._shards = 0

    def shard(self, some: Sequence[Draft]) -> None:
        """Judge the drafts of one shard, look for duplicates of earlier ones, and write them."""
        clock = self.clock
        judged = self._judge(some)
        first = len(self._dialogues)
        for dialogue, _ in judged:
            texts = [turn.text for turn in dialogue.turns]
            self._dialogues.append((dialogue.scenario.language.script, texts))
        clock.start()
        cut = [(key, self._shelf(key)) for key in range(first, len(self._dialogues))]
        clock.charge("shingling")
        matches = self._index.put(cut)
        clock.charge("lookup")
        rows: dict[bool, list[dict[str, object]]] = {True: [], False: []}
        for draft, (dialogue, verdicts), match in zip(some, judged, matches, strict=True):
            if match:
                verdicts.append(Verdict("duplicates", match.reason, "", match.share))
            keep = all(verdict.passed for verdict in verdicts)
            rows[keep].append(to_row(draft, dialogue, self._opened.sampling, verdicts))
        clock.charge("rows")
        good, bad = (pa.Table.from_pylist(rows[keep], schema=SCHEMA) for keep in (True, False))
        clock.charge("table")
        shard = Shard("xx", self._shards, 0, SHARD)
        write_shard(self._folder, shard, good, bad)
        clock.charge("parquet")
        self._shards += 1
        self.reasons.update(f"{v.critic}.{v.reason}" for _, vs in judged for v in vs if v.reason)
        self.reasons["accepted"] += len(rows[True])
        self.reasons["all"] += len(some)

    def _judge(self, some: Sequence[Draft]) -> list[tuple[Dialogue, list[Verdict]]]:
        """As ``critics.judge_all`` does it: one critic after the other over all dialogues."""
        opened, clock = self._opened, self.clock
        scenarios = [opened.plan.scenario(draft.index) for draft in some]
        shown = [opened.shown(scenario) for scenario in scenarios]
        clock.start()
        dialogues = [
            parse(draft.answers[0], scenario, demonstrations)
            for draft, scenario, demonstrations in zip(some, scenarios, shown, strict=True)
        ]
        clock.charge("parse")
        verdicts: list[list[Verdict]] = [[] for _ in some]
        for name, critic in zip(CRITICS, opened.critics, strict=True):
            for dialogue, told in zip(dialogues, verdicts, strict=True):
                told.append(critic.judge(dialogue))
            clock.charge(f"critics.{name}")
        return list(zip(dialogues, verdicts, strict=True))

    def _cut(self, key: int) -> list[Shingles]:
        script, texts = self._dialogues[key]
        return shingles(texts, script)


def warm_up(opened: OpenedRecipe, some: Sequence[Draft]) -> None:
    """Load what is loaded once; the second identifier by a short and a long text in no language."""
    for text in ("blabadi blabadi", 12 * "blabadi blabadi "):
        ask_second(text, second_tags())
    for tag in opened.recipe.languages:
        for other in wordfreq.available_languages("small"):
            word_scores(resolve_language(tag), other)
    with tempfile.TemporaryDirectory() as folder:
        Chain(opened, Path(folder)).shard(some)
    freeze()  # as the process that judges does


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of XPersona JSON files")
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--dialogues", type=int, default=1400, help="in each slice")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    turns = read_turns(arguments.data)
    if not turns:
        parser.exit(2, f"{arguments.data}: no XPersona files here; say where with --data DIR.\n")
    opened = open_benchmark(list(turns))
    remaining = drafts(opened, turns, WARM + arguments.slices * arguments.dialogues)
    warm_up(opened, list(islice(remaining, WARM)))
    rates: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        chain = Chain(opened, Path(folder))
        while some := list(islice(remaining, arguments.dialogues)):
            before = chain.clock.seconds.total()
            for shard in by_language(some, len(turns)):
                chain.shard(shard)
            rates.append(len(some) / (chain.clock.seconds.total() - before))
    show(chain, rates, turns)
    if arguments.json:
        seconds = chain.clock.seconds
        figures = {
            "dialogues_per_second": round(median(rates), 1),
            "slices": [round(rate, 1) for rate in rates],
            "share": {s: round(t / seconds.total(), 4) for s, t in seconds.most_common()},
        }
        print(json.dumps(figures))


def show(chain: Chain, rates: list[float], turns: dict[str, list[str]]) -> None:
    """The table of stages, and what became of the drafts."""
    seconds, reasons = chain.clock.seconds, chain.reasons.copy()
    count, accepted = reasons.pop("all"), reasons.pop("accepted")
    table = Table(title=f"{median(rates):.0f} dialogues of {TURNS} turns per second and core")
    for column in ("stage", "share", "µs a dialogue"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for stage, spent in seconds.most_common():
        table.add_row(stage, f"{spent / seconds.total():.1%}", f"{spent / count * 1e6:.0f}")
    console = Console()
    console.print(table)
    console.print(f"median of {len(rates)} slices, from {min(rates):.0f} to {max(rates):.0f}")
    told = ", ".join(f"{name} {times}" for name, times in reasons.most_common(6))
    console.print(f"{count} drafts of human turns in {', '.join(turns)}; {accepted} accepted")
    console.print(f"most frequent reasons: {told or 'none'}")


if __name__ == "__main__":
    command(main)
