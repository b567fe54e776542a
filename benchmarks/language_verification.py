"""Language verification against identifiers alone, on human dialogues, in one run.

Protocol: the first dialogues of every language, whole. accept_rate: human turns accepted for
their own language. swap_reject_rate: one turn of each dialogue is swapped for one of another
language (English for every second dialogue) with at least seven letters (four in dense scripts);
rejected if it is not accepted for the dialogue's language. Ours sees the dialogue and is timed
with it; a rival sees the turn and accepts if its first guess is the language. turns_per_second:
CPU seconds of the process on the human turns, best of three for what takes less than five.
Code-switching: see benchmarks/code_switching.py.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import command
from benchmarks.code_switching import measure_switching
from benchmarks.human_dialogues import Swapped, read_folder, swap
from benchmarks.identifiers import RIVALS, Identifier
from crowdglot.critics import THRESHOLDS
from crowdglot.languages.identification import identify_dialogue
from crowdglot.languages.language import Language, resolve_language
from crowdglot.strict_toml import read_toml

LEAST_TURN = read_toml(THRESHOLDS)["language"]["least_turn"]
SEED = 20
MANY = 200  # dialogues of each language for what needs no rival
Dialogues = dict[str, list[tuple[str, ...]]]
Judge = Callable[[Sequence[str], Language], list[bool]]
Figures = dict[str, float]


def ours(turns: Sequence[str], target: Language) -> list[bool]:
    """Whether our cascade accepts each turn of a dialogue."""
    _, found = identify_dialogue(turns, target)
    return [turn.probability >= LEAST_TURN for turn in found]


def alone(identifier: Identifier) -> Judge:
    """A rival as a judge of turns."""
    return lambda turns, target: [identifier(turn) in target.detected_as for turn in turns]


def measure(judge: Judge, dialogues: Dialogues, swapped: Sequence[Swapped]) -> Figures:
    """The three figures of one judge."""
    work = [(turns, resolve_language(tag)) for tag, own in dialogues.items() for turns in own]
    for turns, target in work[:: max(1, len(work) // 50)]:
        judge(turns, target)  # what is loaded late is loaded now
    seconds, accepted = _timed(judge, work)
    if seconds < 5:
        seconds = min(seconds, _timed(judge, work)[0], _timed(judge, work)[0])
    return {
        "accept_rate": round(sum(accepted) / len(accepted), 5),
        "swap_reject_rate": round(_rejected(judge, swapped), 5),
        "turns_per_second": round(len(accepted) / seconds, 1),
    }


def _timed(
    judge: Judge, work: Sequence[tuple[Sequence[str], Language]]
) -> tuple[float, list[bool]]:
    started = time.process_time()
    accepted = [verdict for turns, target in work for verdict in judge(turns, target)]
    return time.process_time() - started, accepted


def _rejected(judge: Judge, swapped: Sequence[Swapped]) -> float:
    return sum(not _swapped_verdict(judge, case) for case in swapped) / len(swapped)


def _swapped_verdict(judge: Judge, case: Swapped) -> bool:
    if judge is ours:
        return judge(case.turns, case.language)[case.position]
    return judge([case.turns[case.position]], case.language)[0]


def main() -> None:
    """Print the table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder of XPersona JSON files")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--dialogues", type=int, default=30, help="of each language")
    chosen = parser.parse_args()
    dialogues = read_folder(chosen.data, chosen.dialogues)
    swapped = swap(dialogues, SEED)
    turns = sum(len(turns) for own in dialogues.values() for turns in own)
    print(f"{turns} human turns of {', '.join(dialogues)}; {len(swapped)} swapped turns")
    print(f"{'':18}{'accept':>9}{'swap reject':>13}{'turns/s':>10}")
    figures: dict[str, Any] = measure(ours, dialogues, swapped)
    _print_row("crowdglot", figures)
    rivals = {}
    for name, make in RIVALS.items():
        rivals[name] = measure(alone(make()), dialogues, swapped)
        _print_row(name, rivals[name])
    many = read_folder(chosen.data, MANY)
    wider = measure(ours, many, swap(many, SEED))
    print(f"the same of crowdglot on the first {MANY} dialogues of each language:")
    _print_row("", wider)
    switching = measure_switching(many, SEED)
    print(f"\n{'code-switching':18}{'precision':>10}{'recall':>9}")
    for span, row in switching["by_span"].items():
        print(f"{span + ' English words':18}{row['precision']:>10.3f}{row['recall']:>9.3f}")
    flagged = ", ".join(f"{tag} {rate:.2%}" for tag, rate in switching["false_rate"].items())
    print(f"human turns flagged: {flagged}")
    print("one foreign word: human dialogues rejected, and found with 1, 2, 3 words in them")
    for tag, single in switching["single_words"].items():
        print(f"{tag:18}" + "".join(f"{rate:>9.2%}" for rate in single.values()))
    if chosen.json:
        summary = {
            **figures, "rivals": rivals, "switching": switching["by_span"],
            "single_words": switching["single_words"],
        }  # fmt: skip
        print(json.dumps(summary))


def _print_row(name: str, row: Figures) -> None:
    print(
        f"{name:18}{row['accept_rate']:>9.4f}{row['swap_reject_rate']:>13.4f}"
        f"{row['turns_per_second']:>10,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    command(main)
