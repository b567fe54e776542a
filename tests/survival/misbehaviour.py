"""Servers that misbehave: the accepted count is exact at the end, whatever they do."""

import socket
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from tests.survival.bench import (
    Bench,
    Check,
    Figures,
    Skipped,
    demand,
    last_line,
    rows,
    wait_for,
)
from tests.survival.faults import HARMLESS, PASSING, USELESS
from tests.survival.server import Server, serving

_DIALOGUES = 24
_SHARE = 4  # one question in so many meets the fault first


def _recipe(bench: Bench, name: str, **changes: Any) -> dict[str, Any]:
    # An answer that never ends shall cost a second, not minutes.
    engine = {"time_out": 1.5, **changes.pop("engine", {})}
    return bench.recipe(name.replace(" ", "-"), _DIALOGUES, engine=engine, **changes)


def passing(bench: Bench, fault: str) -> Figures:
    """A fault on the way: asked again, and the dataset is as if nothing had been."""
    recipe = _recipe(bench, fault)
    bench.undisturbed(recipe)
    met: set[int] = set()

    def mood(seed: int, times: int) -> str:
        if seed % _SHARE or times:
            return ""
        met.add(seed)
        return fault

    bench.server.mood = mood
    bench.complete(recipe)
    demand(met, "no question met the fault")
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return {"faults": len(met), "asked": len(bench.server.asked)}


def useless(bench: Bench, fault: str) -> Figures:
    """A complete answer that is of no use: a rejected draft, and another one in its place."""
    recipe = _recipe(bench, fault, max_attempts=3)
    met: set[int] = set()

    def mood(seed: int, _times: int) -> str:
        if seed % _SHARE:
            return ""
        met.add(seed)
        return fault

    bench.server.mood = mood
    attempt = bench.runner.finish(recipe)
    demand(attempt.code == 0, f"exit {attempt.code}: {last_line(attempt.said)}")
    folder = Path(recipe["output"])
    accepted, rejected = rows(folder, "data"), rows(folder, "rejected")
    demand(accepted.height == _DIALOGUES, f"{accepted.height} of {_DIALOGUES} were accepted")
    demand(met, "no question met the fault")
    found = rejected.filter(pl.col("seed").is_in(list(met)))
    demand(found.height == len(met), f"{found.height} of {len(met)} useless drafts are kept")
    reasons = ", ".join(sorted(set(found["reason"])))
    return {"faults": len(met), "asked": len(bench.server.asked), "reasons": reasons}


def storm(bench: Bench, fault: str) -> Figures:
    """Every question meets the fault, for a second and a half."""
    recipe = _recipe(bench, f"storm-{fault}")
    bench.undisturbed(recipe)
    refused = 0

    def mood(_seed: int, _times: int) -> str:
        nonlocal refused
        if time.monotonic() - bench.server.began < 1.5:
            refused += 1
            return fault
        return ""

    bench.server.began = 0.0
    bench.server.mood = mood
    bench.complete(recipe)
    demand(bench.server.twice == 0, f"{bench.server.twice} answers paid twice")
    return {"faults": refused, "asked": len(bench.server.asked)}


def poison(bench: Bench) -> Figures:
    """One question that the server never answers: it must not keep all others from theirs."""
    recipe = _recipe(bench, "poison")
    bench.undisturbed(recipe)
    chosen: list[int] = []

    def mood(seed: int, _times: int) -> str:
        if not chosen and len(bench.server.asked) > 5:
            chosen.append(seed)
        return "500" if seed in chosen else ""

    bench.server.mood = mood
    attempt = bench.runner.finish(recipe)
    demand(
        attempt.code == 0,
        f"one question that is always answered by 500 ends the run: {last_line(attempt.said)}",
    )
    accepted = rows(Path(recipe["output"]), "data")
    demand(accepted.height == _DIALOGUES, f"{accepted.height} of {_DIALOGUES} were accepted")
    return {"asked": len(bench.server.asked), "of_the_one": bench.server.times[chosen[0]]}


def dead_endpoint(bench: Bench) -> Figures:
    """Two servers, of which one was never there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    return _several(bench, "dead", nobody, None)


def dying_endpoint(bench: Bench) -> Figures:
    """Two servers, of which one goes away in the middle."""
    gone, asked = threading.Event(), threading.Event()
    ready: list[Server] = []

    def serve() -> None:
        with serving() as other:
            other.latency = 0.05
            ready.append(other)
            asked.set()
            gone.wait(120)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        asked.wait(20)
        return _several(bench, "dying", ready[0].base_url, (ready[0], gone))
    finally:
        gone.set()
        thread.join()


def _several(
    bench: Bench, name: str, other: str, dying: tuple[Server, threading.Event] | None
) -> Figures:
    both = f"{other} {bench.server.base_url}"
    recipe = _recipe(bench, name, engine={"base_url": both})
    bench.undisturbed(recipe)
    bench.server.latency = 0.05
    attempt = bench.runner.start(recipe)
    if dying:
        server, gone = dying
        wait_for(lambda: server.answered >= 5, attempt)
        gone.set()
    if attempt.wait() and "no http address" in attempt.said:
        raise Skipped("this engine takes one address only")
    demand(attempt.code == 0, f"exit {attempt.code}: {last_line(attempt.said)}")
    bench.compare(recipe)
    elsewhere = dying[0].answered if dying else 0
    return {"asked": len(bench.server.asked), "answered_by_the_other": elsewhere}


CHECKS: dict[str, Check] = {
    **{f"server: {fault}": partial(passing, fault=fault) for fault in (*PASSING, *HARMLESS)},
    **{f"server: {fault}": partial(useless, fault=fault) for fault in USELESS},
    "server: storm of 500": partial(storm, fault="500"),
    "server: storm of 429": partial(storm, fault="429 with Retry-After"),
    "server: storm of resets": partial(storm, fault="connection reset"),
    "server: one question always fails": poison,
    "server: one of two is dead": dead_endpoint,
    "server: one of two dies": dying_endpoint,
}
