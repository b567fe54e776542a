"""How long until the first question, beyond what Prefect takes for itself.

``python -m benchmarks.startup [--json] [--runs N]``: from the start of the command to the first
question at a local stub, and from the start of Python to the first line of an empty flow,
both with Prefect's temporary server; alternating, in the same folder of Prefect's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import command
from benchmarks.stub import EVENTS, TURNS, Stub, serving

_EMPTY = """
from crowdglot.command.environment import set_defaults
set_defaults()
import time
from prefect import flow
@flow
async def empty():
    print(time.monotonic(), flush=True)
import asyncio
asyncio.run(empty())
"""


def first_question(stub: Stub, folder: Path, environment: dict[str, str]) -> float:
    """Seconds from the command's start to the first question."""
    recipe = folder / "recipe.toml"
    recipe.write_text(
        f'name = "startup"\nlanguages = ["fr"]\ndialogues_per_language = 8\n'
        f'turns = [{TURNS}, {TURNS}]\nevents = "{EVENTS}"\noutput = "{folder / "d"}"\n'
        f'[engine]\nkind = "openai"\nmodel = "stub"\nbase_url = "{stub.base_url}"\n'
        "concurrency = 8\n[duplicates]\nrounds = 0\n"
    )
    stub.told()
    start = time.monotonic()
    command = [sys.executable, "-P", "-m", "crowdglot.command.app", "synthesize", str(recipe)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, timeout=200)
    return stub.told()["first"] - start


def empty_flow(environment: dict[str, str]) -> float:
    """Seconds from the start of Python to the first line of a flow."""
    start = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-c", _EMPTY], check=True, stdout=subprocess.PIPE, text=True,
        env=environment, timeout=200,
    )  # fmt: skip
    return float(told.stdout.split()[-1]) - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    ours, prefect = [], []
    with serving(0.05) as stub, tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "PREFECT_HOME": f"{scratch}/prefect", "OPENAI_API_KEY": ""}
        environment.pop("PREFECT_API_URL", None)
        for run in range(arguments.runs + 1):
            folder = Path(scratch) / str(run)
            folder.mkdir()
            times = empty_flow(environment), first_question(stub, folder, environment)
            if run:  # the first one makes Prefect's database
                prefect.append(times[0])
                ours.append(times[1])
    beyond = [one - other for one, other in zip(ours, prefect, strict=True)]
    table = Table(title=f"Seconds to the first question, {arguments.runs} runs")
    for column in ("", "median", "least", "most"):
        table.add_column(column, justify="right" if column else "left")
    rows = {"crowdglot": ours, "an empty flow": prefect, "beyond it": beyond}
    for name, times_of in rows.items():
        table.add_row(name, *(f"{f(times_of):.2f}" for f in (median, min, max)))
    Console().print(table)
    if arguments.json:
        print(json.dumps({"beyond_prefect_seconds": round(median(beyond), 2)}))


if __name__ == "__main__":
    command(main)
