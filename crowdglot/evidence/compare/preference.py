"""Which of two dialogues of one scenario a judge prefers, asked in both orders; ties count half."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np

from crowdglot.critics.judges.belief import believed_match
from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.datasets.metrics.measuring.figure import Details, sign
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.evidence.compare.arms import Arm
from crowdglot.evidence.compare.comparing import POOLED, Comparison
from crowdglot.evidence.compare.drawing import Drawn, draw, paired
from crowdglot.evidence.compare.statistics import Difference
from crowdglot.evidence.sources import dialogue_of
from crowdglot.statistics import FEWEST, mean_between
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.recipe import Recipe

PREFERRED = "preferred"  # the measure


async def prefer(
    arms: Sequence[Arm], recipe: Recipe, *, most: int, journal: Path
) -> tuple[list[Comparison], list[str]]:
    """How often the judging model of ``recipe`` prefers each of every two arms, and a sentence on
    each language in which it is not believed, where it is not asked, and on pairs of which it
    refused to choose. The signature tells the rest.

    ``most``: pairs of a language. ``journal``: the file that keeps its answers. Raises what the
    engine raises.
    """
    tags = sorted({tag for arm in arms for tag in arm.keys})
    settings = recipe.judging_engine
    least, doubts = believed_match(tags, recipe.believed, settings.model)
    found, notes = list[Comparison](), list(doubts.values())
    if not least:
        return found, notes
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
                if refused := len(told) - len(known):
                    notes.append(
                        f"{refused} of {len(told)} pairs of {one} and {other} in {tag} are left "
                        "out of what the judge prefers: it refused to choose."
                    )
            found += _told(scores, one, other, settings.model)
    return found, notes


def _pairs(drawn: Mapping[str, Drawn], one: str, other: str) -> Iterator[tuple[Dialogue, Dialogue]]:
    if one not in drawn or other not in drawn:
        return
    first, second, shared = paired(drawn[one], drawn[other])
    for pair in zip(first.rows, second.rows, strict=True) if shared else ():
        yield dialogue_of(pair[0]), dialogue_of(pair[1])


def _told(
    scores: Mapping[str, Sequence[float]], one: str, other: str, model: str
) -> Iterator[Comparison]:
    """Of each language, and of all together where there are several."""
    groups = dict(scores)
    if len(scores) > 1:
        groups[POOLED] = [score for own in scores.values() for score in own]
    for tag, own in groups.items():
        values = 2 * np.array(own, float) - 1  # lost, tied, won: the shares' difference
        count, won, lost = len(values), int((values == 1).sum()), int((values == -1).sum())
        difference, low, high, p = float(values.mean()), None, None, None
        if count >= FEWEST:
            _, low, high = mean_between(values)
            p = sign_test(won, lost)
        shares = (1 - difference) / 2, (1 + difference) / 2
        told: Details = {"judge": model, "won": won, "lost": lost, "tied": count - won - lost}
        yield Comparison(
            PREFERRED, "higher", "dialogues", tag, one, other, count, (count, count),
            Difference(shares, difference, low, high, p), sign(PREFERRED, told),
        )  # fmt: skip


def sign_test(won: int, lost: int) -> float:
    """The two-sided p-value of so many wins and losses where both were equally likely."""
    tries, least = won + lost, min(won, lost)
    tail = sum(comb(tries, hits) for hits in range(least + 1))
    return min(1.0, float(2 * tail / 2**tries))
