"""Trials of judges: a model is asked about human dialogues, whole and damaged.

Every answer is in a journal beside the file of trials before anything else happens to it, so that a
trial that was stopped goes on without asking twice.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from crowdglot.critics.calibration.damage import as_met
from crowdglot.critics.calibration.trials import (
    FEWEST,
    Scored,
    Trial,
    compare,
    damaged_ones,
    whole_dialogues,
)
from crowdglot.critics.judges import JUDGES, READING, Judge, build_judge
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.statistics import mean_between
from crowdglot.writing.judging.asker import Asker, asking
from crowdglot.writing.recipe import Recipe

_LOG = logging.getLogger(__name__)


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
    trials: list[Trial] = []
    async with asking(settings, journal) as asker:
        names = tuple(recipe.judges or JUDGES)
        silence = await asker.silence_on_texts() if READING & {*names} else ""
        if silence:
            _LOG.warning("judge '%s' leaves all unscored: %s", ", ".join(READING), silence)
        for name in names:
            by = {"model": settings.model, "prompt": template_hash(name)}
            judge = build_judge(name)
            if silence and name in READING:  # a better server shall find nothing in the journal
                kinds = product(whole, judge.damages)
                trials += [_unknown(name, tag, kind, 0.0, by) for tag, kind in kinds]
                continue
            for tag in whole:
                good = await _score(asker, name, judge, tag, "", whole[tag])
                for kind in judge.damages:
                    if not (pairs := damaged_ones(tag, whole, kind)):
                        continue
                    hurt = [dialogue for _, dialogue in pairs]
                    bad = await _score(asker, name, judge, tag, kind, hurt)
                    chosen = [at for at, _ in pairs]
                    known = [*compare(name, tag, kind, good, bad, chosen, **by)]
                    trials += known or [_unknown(name, tag, kind, good.seconds, by)]
        if recipe.choice.by == "tournament":
            for tag in whole:
                trials += await _of_matches(asker, tag, whole, settings.model)
    return trials


async def _of_matches(
    asker: Asker, tag: str, whole: Mapping[str, Sequence[Dialogue]], model: str
) -> list[Trial]:
    """How often a whole dialogue wins against a damaged one, ties half: an AUC as well. Pairs of
    which the model refuses to choose are in no figure."""
    trials, by = [], {"model": model, "prompt": template_hash(MATCH)}
    for kind in Match.damages:
        if pairs := damaged_ones(tag, whole, kind):
            start, meet = time.perf_counter(), [(whole[tag][at], hurt) for at, hurt in pairs]
            lost = await asker.interviews(
                f"{MATCH}.{tag}.{kind}", [partial(Match().next, *pair) for pair in meet]
            )
            won = 1 - np.array([one for one in lost if one is not None], float)
            seconds = (time.perf_counter() - start) / len(lost)
            if len(won) < FEWEST:
                trials.append(_unknown(MATCH, tag, kind, seconds, by))
                continue
            share, low, high = mean_between(won)
            trials.append(
                Trial(MATCH, tag, kind, len(won), share, low, high, 0.0, share, 0.0, 0.0, seconds,
                      **by)
            )  # fmt: skip
    return trials


def _unknown(name: str, tag: str, kind: str, seconds: float, by: dict[str, str]) -> Trial:
    """The trial of a judge of whose answers too few could be read: nothing is known of it."""
    return Trial(name, tag, kind, 0, 0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, seconds, **by)


async def _score(
    asker: Asker, name: str, judge: Judge, tag: str, kind: str, dialogues: Sequence[Dialogue]
) -> Scored:
    """The judge's scores of dialogues."""
    start = time.perf_counter()
    steps = [partial(judge.next, dialogue) for dialogue in dialogues]
    opinions = await asker.interviews(f"{name}.{tag}.{kind}", steps)
    seconds = (time.perf_counter() - start) / max(1, len(dialogues))
    scores = [opinion.score if opinion else None for opinion in opinions]
    return Scored.of(scores, [False] * len(scores), seconds)
