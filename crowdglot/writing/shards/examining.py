"""From the drafts of one wave to the one that is kept: critics, choice, judges."""

import asyncio
from collections.abc import Sequence
from functools import partial

from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.engines.calls import Call, Draft, Key
from crowdglot.writing.interview import Ask, NothingAsked, interview
from crowdglot.writing.judging import Judged
from crowdglot.writing.run import Run
from crowdglot.writing.shards.choice import best

_MATCH = Match()


async def examine(
    run: Run, ask: Ask, drafts: Sequence[Draft]
) -> tuple[list[tuple[Draft, Judged]], int | None]:
    """Each draft with what was said of it, and the number of the one to keep; None: of none.

    The critics judge all of them. The judges, which cost calls, are put to the best one, and where
    they reject it, to the next best. Raises what ``ask`` raises.
    """
    judge, known = run.judging.judge, list(drafts)
    alone = len(drafts) == 1  # no task for what nothing runs beside
    judged = [await judge(drafts[0])] if alone else await asyncio.gather(*map(judge, drafts))
    while (chosen := await _best(run, ask, known, judged)) is not None and run.asks_judges:
        known[chosen] = await _judged(run, ask, known[chosen])
        if known[chosen].calls != drafts[chosen].calls:
            judged[chosen] = await judge(known[chosen])
        if judged[chosen].passed:
            break
    for at, (before, draft) in enumerate(zip(drafts, known, strict=True)):
        if draft.calls != before.calls and at != chosen:
            judged[at] = await judge(draft)  # its row shall hold the calls of its matches
    return list(zip(known, judged, strict=True)), chosen


async def _best(run: Run, ask: Ask, drafts: list[Draft], judged: Sequence[Judged]) -> int | None:
    """The number of the best draft that passed, by the recipe's choice. Calls of matches are put
    into ``drafts``."""
    passed, believed = [at for at, one in enumerate(judged) if one.passed], run.opened.match[0]
    if len(passed) < 2 or not believed:
        return best(judged)
    if run.opened.plan.scenario(drafts[0].index).language.tag not in believed:
        return best(judged)
    champion = passed[0]
    for at in passed[1:]:
        one, other = drafts[champion], drafts[at]
        first = Key.of_judge(other.index, other.attempt, f"{MATCH}.{one.attempt}")
        step = partial(_MATCH.next, run.opened.read(one), run.opened.read(other))
        try:
            told, calls = await interview(step, first, ask)
        except NothingAsked:
            if run.engine is not None:
                raise
            return best(judged)  # judged anew by what is stored, and these two never met
        drafts[at] = _with(other, calls)
        if told is not None and told > 0.5:
            champion = at
    return champion


async def _judged(run: Run, ask: Ask, draft: Draft) -> Draft:
    """The draft with the answers to the judges' questions, the first that rejects it last."""
    dialogue = run.opened.read(draft)
    for one in run.opened.judges:
        first = Key.of_judge(draft.index, draft.attempt, one.name)
        told, calls = await interview(partial(one.next, dialogue), first, ask)
        draft = _with(draft, calls)
        if not all(verdict.passed for verdict in told or ()):
            break
    return draft


def _with(draft: Draft, calls: Sequence[Call]) -> Draft:
    every = {call.key: call for call in (*draft.calls, *calls)}
    return Draft.of(every.values()) if calls else draft
