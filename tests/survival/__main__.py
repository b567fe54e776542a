"""The survival suite: whether any crash, fault or full disk costs work that was paid for.

``python -m tests.survival [--kills N] [--command-kills N] [--dialogues N] [--seed N] [--json]
[--short] [--only NAME …]``: each check prints its verdict, its figures and its seconds; the exit
code is 1 if one failed. Everything stays on loopback and in a scratch folder. The moments of kills
are drawn from the seed; what the machine was doing then is its own.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import command
from tests.survival.bench import Bench, Broken, Skipped
from tests.survival.catalogue import CHECKS, SHORT
from tests.survival.runner import running
from tests.survival.server import serving

ROOT = Path(__file__).parents[2]


def environment(scratch: Path) -> dict[str, str]:
    """For all processes of the suite: Prefect at home in the scratch folder, wide lines."""
    own = {
        "PREFECT_HOME": str(scratch / "prefect"),
        "XDG_STATE_HOME": str(scratch / "state"),
        "COLUMNS": "400",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"} | own


def survive(bench: Bench, name: str) -> dict[str, object]:
    """Make one check: its name, verdict, seconds, and figures or what went wrong."""
    bench.server.clear()
    start = time.monotonic()
    figures: dict[str, float | int | str] = {}
    verdict = "pass"
    try:
        figures = CHECKS[name](bench)
    except Skipped as reason:
        verdict, figures = "skip", {"why": str(reason)}
    except Broken as fault:
        verdict, figures = "FAIL", {"why": str(fault)}
    except Exception as fault:  # a check that breaks down has not passed, and ends no other
        verdict, figures = "FAIL", {"why": f"{type(fault).__name__}: {fault}"}
    seconds = round(time.monotonic() - start, 1)
    return {"check": name, "verdict": verdict, "seconds": seconds, "figures": figures}


def main() -> None:
    """Make the checks and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, help="of one run, at random moments; default 50")
    parser.add_argument("--command-kills", type=int, help="with Prefect; default 3")
    parser.add_argument("--dialogues", type=int, help="of the run that is killed; default 2000")
    parser.add_argument("--steps", type=int, help="kills at chosen steps; default 60")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="part of a name")
    parser.add_argument("--short", action="store_true", help="the form for each change: no Prefect")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    small = arguments.short
    console = Console(stderr=True)
    names = [
        name
        for name in (SHORT if small else CHECKS)
        if not arguments.only or any(part in name for part in arguments.only)
    ]
    if not names:
        parser.error(f"no such check; known here: {', '.join(SHORT if small else CHECKS)}")
    start = time.monotonic()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="survival-") as folder, serving() as server:
        scratch = Path(folder)
        with running(scratch, environment(scratch)) as runner:
            bench = Bench(
                scratch, server, runner, arguments.seed,
                kills=arguments.kills if arguments.kills is not None else 4 if small else 50,
                command_kills=3 if arguments.command_kills is None else arguments.command_kills,
                dialogues=arguments.dialogues or (120 if small else 2000),
                steps=arguments.steps or (4 if small else 60),
                environment=environment(scratch),
            )  # fmt: skip
            for name in names:
                outcomes.append(survive(bench, name))
                made = outcomes[-1]
                console.print(f"{made['verdict']}  {name}  {made['seconds']} s", highlight=False)
                if made["verdict"] == "FAIL":
                    console.print(f"      {made['figures']}", highlight=False)
    seconds, busy = time.monotonic() - start, _busy()
    _print(outcomes, seconds, busy)
    failed = sum(outcome["verdict"] == "FAIL" for outcome in outcomes)
    if arguments.json:
        figures = {"seconds": round(seconds, 1), "processor_seconds": round(busy, 1)}
        told = {"survival": outcomes, "seed": arguments.seed, "failed": failed, **figures}
        print(json.dumps(told))
    sys.exit(1 if failed else 0)


def _busy() -> float:
    """Seconds of processor time of this process and all that it waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _print(outcomes: list[dict[str, object]], seconds: float, busy: float) -> None:
    title = f"Survival, {len(outcomes)} checks in {seconds:.0f} s ({busy:.0f} s of processor time)"
    table = Table(title=title)
    for column in ("check", "verdict", "seconds", "figures"):
        table.add_column(column, justify="right" if column == "seconds" else "left")
    for outcome in outcomes:
        figures = outcome["figures"]
        assert isinstance(figures, dict)
        shown = ", ".join(
            str(value) if key == "why" else f"{key.replace('_', ' ')} {value}"
            for key, value in figures.items()
        )
        row = (outcome["check"], outcome["verdict"], outcome["seconds"], shown)
        table.add_row(*map(str, row))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


if __name__ == "__main__":
    command(main)
