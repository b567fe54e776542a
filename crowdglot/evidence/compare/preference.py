"""Which of two dialogues of one scenario a judge prefers, asked in both orders; ties count half."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from crowdglot.critics.calibration import plain_dialogue
from crowdglot.critics.judges.belief import believed_match
from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.datasets.metrics.measuring.figure import FEWEST, bootstraps
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.evidence.compare.arms import Arm
from crowdglot.evidence.compare.drawing import Drawn, draw, paired
from crowdglot.evidence.compare.statistics import LEVEL
from crowdglot.languages.language import resolve_language
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Preference:
    """Arm ``other`` before arm ``one`` in a language, or "pooled": pairs won, lost and tied, and
    the share won, ties half, with its interval. ``p``: that of the sign test. ``model``: the judge.
    """

    language: str
    one: str
    other: str
    model: str
    won: int
    lost: int
    tied: int
    share: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None = None

    @property
    def differs(self) -> bool:
        """Whether one is preferred at 95%, all comparisons considered."""
        return self.p_holm is not None and self.p_holm < LEVEL


async def prefer(
    arms: Sequence[Arm], recipe: Recipe, *, most: int, journal: Path
) -> tuple[list[Preference], list[str]]:
    """The preferences of the judging model of ``recipe`` between all two arms, and a sentence on
    each language in which it is not believed, where it is not asked.

    ``most``: pairs of a language. ``journal``: the file that keeps its answers. Raises what the
    engine raises.
    """
    tags = sorted({tag for arm in arms for tag in arm.keys})
    settings = recipe.judging_engine
    least, doubts = believed_match(tags, recipe.believed, settings.model)
    found: list[Preference] = []
    if not least:
        return found, list(doubts.values())
    drawn = {tag: {one.arm: one for one in draw(arms, tag)} for tag in least}
    async with asking(settings, journal) as asker:
        for one, other in combinations([arm.name for arm in arms], 2):
            scores: dict[str, list[float]] = {}
            for tag, own in drawn.items():
                pairs = list(_pairs(own, one, other))[:most]
                steps = [partial(Match().next, *pair) for pair in pairs]
                told = await asker.interviews(f"{MATCH}.{tag}.{one}.{other}", steps)
                if known := [score for score in told if score is not None]:
                    scores[tag] = known
            found += _told(scores, one, other, settings.model)
    return found, list(doubts.values())


def _pairs(drawn: Mapping[str, Drawn], one: str, other: str) -> Iterator[tuple[Dialogue, Dialogue]]:
    if one not in drawn or other not in drawn:
        return
    first, second, shared = paired(drawn[one], drawn[other])
    for pair in zip(first.rows, second.rows, strict=True) if shared else ():
        yield _dialogue(pair[0]), _dialogue(pair[1])


def _dialogue(row: Mapping[str, Any]) -> Dialogue:
    """As much of a row's dialogue as a judge is shown."""
    usual = plain_dialogue((), resolve_language(row["language"]))
    premise = (row["common_ground"] or {}).get("premise") or ""
    ground = replace(usual.scenario.common_ground, premise=premise)
    turns = tuple(Turn(turn["speaker"], turn["text"] or "") for turn in row["turns"] or ())
    return replace(usual, scenario=replace(usual.scenario, common_ground=ground), turns=turns)


def _told(
    scores: Mapping[str, Sequence[float]], one: str, other: str, model: str
) -> Iterator[Preference]:
    """Of each language, and of all together where there are several."""
    groups = dict(scores)
    if len(scores) > 1:
        groups["pooled"] = [score for own in scores.values() for score in own]
    for tag, own in groups.items():
        values = np.array(own, float)
        won, lost = int((values == 1).sum()), int((values == 0).sum())
        low = high = p = None
        if len(values) >= FEWEST:
            drawn = values[bootstraps(len(values), 0, 500)].mean(axis=1)
            low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
            p = sign_test(won, lost)
        yield Preference(
            tag, one, other, model, won, lost, len(values) - won - lost, float(values.mean()),
            low, high, p,
        )  # fmt: skip


def sign_test(won: int, lost: int) -> float:
    """The two-sided p-value of so many wins and losses where both were equally likely."""
    tries, least = won + lost, min(won, lost)
    tail = sum(comb(tries, hits) for hits in range(least + 1))
    return min(1.0, float(2 * tail / 2**tries))
