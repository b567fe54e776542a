"""Trials of judges: a model is asked about human dialogues, whole and damaged.

Every answer is in a journal beside the file of trials before anything else happens to it, so that a
trial that was stopped goes on without asking twice.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.calibration.damage import as_met
from crowdglot.critics.calibration.trials import (
    Scored,
    Scores,
    Trial,
    bootstrap,
    compare,
    damaged_ones,
    whole_dialogues,
)
from crowdglot.critics.judges import JUDGES, Judge, build_judge
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.datasets.journal import Journal, encode
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.prompt import prompt_hash
from crowdglot.draws import Draws
from crowdglot.engines import build_engine
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion, Engine, Request, Sampling
from crowdglot.writing.api_key import find_api_key
from crowdglot.writing.interview import Result, complete, interview
from crowdglot.writing.recipe import Recipe


async def try_judges(
    recipe: Recipe, folder: Path, language: str = "", *, most_turns: int, most: int, journal: Path
) -> list[Trial]:
    """A trial of every judge of the recipe (of all, where it names none), by its judging model, in
    every language of a folder of human dialogues and against each damage that the judge is for.

    ``most_turns``, ``most``: as of ``try_critics``. Raises what the engine raises.
    """
    whole = {
        tag: [as_met(dialogue) for dialogue in dialogues]
        for tag, dialogues in whole_dialogues(folder, language, most_turns, most).items()
    }
    settings = recipe.judging_engine
    engine = build_engine(settings, await find_api_key(settings))
    trials: list[Trial] = []
    with Journal(journal) as kept:
        async with engine:
            asker = _Asker(engine, kept)
            for name in recipe.judges or JUDGES:
                by = {"model": settings.model, "prompt": template_hash(name)}
                judge = build_judge(name)
                for tag in whole:
                    good = await asker.score(name, judge, tag, "", whole[tag])
                    for kind in judge.damages:
                        if not (pairs := damaged_ones(tag, whole, kind, 0)):
                            continue
                        hurt = [dialogue for _, dialogue in pairs]
                        bad = await asker.score(name, judge, tag, kind, hurt)
                        chosen = [at for at, _ in pairs]
                        known = [*compare(name, tag, kind, good, bad, chosen, **by)]
                        trials += known or [_unknown(name, tag, kind, good.seconds, by)]
            if recipe.choice.by == "tournament":
                for tag in whole:
                    trials += await _of_matches(asker, tag, whole, settings.model)
    return trials


async def _of_matches(
    asker: "_Asker", tag: str, whole: Mapping[str, Sequence[Dialogue]], model: str
) -> list[Trial]:
    """How often a whole dialogue wins against a damaged one, ties half: an AUC as well."""
    trials = []
    for kind in Match.damages:
        if pairs := damaged_ones(tag, whole, kind, 0):
            start, meet = time.perf_counter(), [(whole[tag][at], hurt) for at, hurt in pairs]
            lost = await asker.interviews(
                f"{MATCH}.{tag}.{kind}", [partial(Match().next, *pair) for pair in meet]
            )
            won = 1 - np.array([0.5 if one is None else one for one in lost])
            low, high = bootstrap(len(won), partial(_share, won))
            seconds, share = (time.perf_counter() - start) / len(won), float(won.mean())
            trials.append(
                Trial(MATCH, tag, kind, len(won), share, low, high, 0.0, share, 0.0, 0.0, seconds,
                      model, template_hash(MATCH))
            )  # fmt: skip
    return trials


def _share(won: Scores, chosen: NDArray[np.intp]) -> float:
    return float(won[chosen].mean())


def _unknown(name: str, tag: str, kind: str, seconds: float, by: dict[str, str]) -> Trial:
    """The trial of a judge of whose answers too few could be read: nothing is known of it."""
    return Trial(name, tag, kind, 0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, seconds, **by)


class _Asker:
    """Puts judges to an engine, as many dialogues at a time as it takes calls."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine, self._journal = engine, journal
        self._known = {call.key: call for call in journal.calls}
        self._free = asyncio.Semaphore(engine.concurrency)

    async def score(
        self, name: str, judge: Judge, tag: str, kind: str, dialogues: Sequence[Dialogue]
    ) -> Scored:
        """The judge's scores of dialogues."""
        start = time.perf_counter()
        steps = [partial(judge.next, dialogue) for dialogue in dialogues]
        opinions = await self.interviews(f"{name}.{tag}.{kind}", steps)
        seconds = (time.perf_counter() - start) / max(1, len(dialogues))
        scores = [opinion.score if opinion else None for opinion in opinions]
        return Scored.of(scores, [False] * len(scores), seconds)

    async def interviews(
        self, role: str, steps: Sequence[Callable[[Sequence[Completion]], Asked | Result]]
    ) -> list[Result | None]:
        """The result of each interview, None where the engine refuses; raises what it raises."""
        try:
            async with asyncio.TaskGroup() as group:
                asking = [
                    group.create_task(self._interview(step, Key(at, 0, role)))
                    for at, step in enumerate(steps)
                ]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in asking]

    async def _interview(
        self, step: Callable[[Sequence[Completion]], Asked | Result], first: Key
    ) -> Result | None:
        async with self._free:
            return (await interview(step, first, self._ask))[0]

    async def _ask(self, key: Key, asked: Asked) -> Call:
        hashed = prompt_hash(asked.messages)
        if (known := self._known.get(key)) is not None and known.prompt_hash == hashed:
            return known
        seed = Draws("trial", key.index, key.role, key.step).below(2**31)
        sampling = replace(Sampling(), **asked.sampling)
        request = Request(**asked.requested, sampling=sampling, seed=seed)
        engine = self._engine
        completion = await complete(engine, request)
        told = engine.kind, engine.model, engine.revision
        call = Call(key, hashed, seed, *told, completion, time.time())
        self._journal.append(encode(call))
        return call
