"""``compare``: all arms side by side, and every two of them against each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, groupby, product
from typing import Any

import numpy as np

from crowdglot import __version__
from crowdglot.datasets.metrics.measuring.corpus import Embed, with_meanings
from crowdglot.datasets.metrics.measuring.figure import Figure, interval
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.compare.arms import Arm
from crowdglot.evidence.compare.drawing import Drawn, Size, draw, equal, paired
from crowdglot.evidence.compare.measures import Measure, measures
from crowdglot.evidence.compare.statistics import (
    LEVEL,
    Design,
    Difference,
    Measured,
    measured,
    over,
)
from crowdglot.statistics import FEWEST, holm, wilson

POOLED = "pooled"
SIZES: tuple[Size, ...] = ("dialogues", "tokens")
# Size, both arms and the measure; and of a language what was measured.
_Kind = tuple[Size, str, str, str]
_Stratum = tuple[str, Measure, Measured]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Arm ``other`` against arm ``one`` by one measure, in a language or "pooled" over several.

    ``pairs``: on how many scenarios that both share; 0 where they are not paired. ``counts``: the
    dialogues of each. ``p_holm``: p, corrected for all comparisons that were made.
    """

    measure: str
    better: str
    size: Size
    language: str
    one: str
    other: str
    pairs: int
    counts: tuple[int, int]
    found: Difference
    signature: str
    p_holm: float | None = None

    @property
    def differs(self) -> bool:
        """Whether the arms are told apart at 95%, all comparisons considered: by the test, and by
        an interval without 0."""
        if self.p_holm is None or self.p_holm >= LEVEL:
            return False
        low, high = self.found.low, self.found.high
        return low is None or high is None or low * high > 0


@dataclass(frozen=True, slots=True)
class Side:
    """The figures of all arms in one language at one size: at so many dialogues, or tokens."""

    size: Size
    language: str
    amount: int
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Compared:
    """All that was found. ``notes``: one sentence on each thing that is not told, and why."""

    arms: Sequence[Arm]
    sides: Sequence[Side]
    comparisons: Sequence[Comparison]
    notes: Sequence[str]
    seed: int

    @property
    def tests(self) -> int:
        """How many tests were made."""
        return sum(one.found.p is not None for one in self.comparisons)

    def as_json(self) -> dict[str, Any]:
        """What ``compare.json`` holds."""
        return {
            "crowdglot_version": __version__,
            "seed": self.seed,
            "arms": [_told(arm) for arm in self.arms],
            "figures": [
                {"size": side.size, "amount": side.amount, "arm": figure.group} | asdict(figure)
                for side in self.sides
                for figure in side.figures
            ],
            "comparisons": [asdict(one) | {"differs": one.differs} for one in self.comparisons],
            "notes": list(self.notes),
        }


def compare(
    arms: Sequence[Arm],
    *,
    seed: int = 0,
    embed: Embed | None = None,
    preferences: Sequence[Comparison] = (),
) -> Compared:
    """All measures of all arms, and all comparisons of two arms in the languages that both have.

    ``embed``: the vectors of texts, for the Vendi score. ``preferences``: what a judge prefers, to
    be corrected together with the others. ConfigurationError where no language is
    common to two arms; StorageError where a file is damaged.
    """
    tags = _common(arms)
    sides, strata = list[Side](), dict[_Kind, list[_Stratum]]()
    for tag in tags:  # of one language at a time the dialogues are in memory
        plain = draw(arms, tag)
        corpora = with_meanings([one.corpus for one in plain], embed)
        drawn = [replace(one, corpus=own) for one, own in zip(plain, corpora, strict=True)]
        for size in SIZES:
            own, amount = equal(drawn, size)
            sides.append(Side(size, tag, amount, list(_figures(own, size, tag, seed))))
        for size, both in product(SIZES, combinations(drawn, 2)):
            for kind, stratum in _measured(both, size, tag, seed):
                strata.setdefault(kind, []).append(stratum)
    found = [*_comparisons(strata), *preferences]
    values = holm([one.found.p for one in found])
    every = [replace(one, p_holm=p) for one, p in zip(found, values, strict=True)]
    return Compared(arms, sides, every, [*_notes(arms, tags), *_unpaired(found)], seed)


def _common(arms: Sequence[Arm]) -> list[str]:
    every = sorted({tag for arm in arms for tag in arm.keys})
    common = [tag for tag in every if sum(tag in arm.keys for arm in arms) > 1]
    if not common:
        has = "; ".join(f"{arm.name} has {', '.join(sorted(arm.keys)) or 'none'}" for arm in arms)
        raise ConfigurationError(
            f"compare: no two arms have a language in common ({has}), and figures of different "
            "languages cannot be compared; name arms that have one."
        )
    return common


def _figures(drawn: Sequence[Drawn], size: Size, tag: str, seed: int) -> Iterator[Figure]:
    for arm in drawn:
        count = len(arm)
        for measure in measures([arm], size, seed):
            reading = measure.reading
            if (value := reading.of(np.arange(count))) is not None:
                low, high = interval(reading, value, count, seed, 200) or (None, None)
                yield Figure(reading.metric, tag, arm.arm, value, low, high, count,
                             measure.signature, reading.better)  # fmt: skip


def _measured(
    both: tuple[Drawn, Drawn], size: Size, tag: str, seed: int
) -> Iterator[tuple[_Kind, _Stratum]]:
    """Two arms in a language at one size, where both have two dialogues or more."""
    one, other, pairs = paired(*equal(both, size)[0])
    if min(len(one), len(other)) < 2:
        return
    design = Design(len(one), len(other), pairs, (seed, tag))
    for measure in measures([one, other], size, seed):
        reading = measure.reading
        if told := measured(reading.of, design, as_halves=measure.halves, times=measure.times):
            yield (size, one.arm, other.arm, reading.metric), (tag, measure, told)


def _comparisons(strata: Mapping[_Kind, Sequence[_Stratum]]) -> Iterator[Comparison]:
    """Each in its language, and pooled over all in which it is measured."""
    for (size, one, other, _), own in strata.items():
        for tag, measure, told in own:
            yield _comparison(measure, size, tag, (one, other), [told])
        if len(own) > 1:
            every = [told for *_, told in own]
            yield _comparison(own[0][1], size, POOLED, (one, other), every)


def _comparison(
    measure: Measure, size: Size, tag: str, names: tuple[str, str], strata: Sequence[Measured]
) -> Comparison:
    designs = [one.design for one in strata]
    counts = sum(one.one for one in designs), sum(one.other for one in designs)
    pairs = sum(one.one for one in designs if one.pairs)
    reading, found = measure.reading, over(strata)
    return Comparison(reading.metric, reading.better, size, tag, *names, pairs, counts, found,
                      measure.signature)  # fmt: skip


def _notes(arms: Sequence[Arm], tags: Sequence[str]) -> Iterator[str]:
    for arm in arms:
        if not arm.keys:
            yield f"{arm.name} has no accepted dialogue in a language of the others: left out."
        elif missing := [tag for tag in tags if tag not in arm.keys]:
            yield f"{arm.name} has nothing in {', '.join(missing)}: not compared there."
        if alone := sorted(arm.keys.keys() - set(tags)):
            yield f"{arm.name} alone has {', '.join(alone)}: not compared there."
        if arm.funnel and arm.funnel.accepted and not arm.funnel.rejected:
            yield f"{arm.name} has no rejected rows, so its acceptance rate may say nothing."
        counts = ((tag, len(arm.keys.get(tag, ()))) for tag in tags)
        if few := [f"{count} in {tag}" for tag, count in counts if 0 < count < FEWEST]:
            yield (
                f"{arm.name} has fewer than {FEWEST} dialogues in a language ({', '.join(few)}): "
                "of so few alone there is no interval and no test."
            )


def _unpaired(found: Sequence[Comparison]) -> Iterator[str]:
    def arms(one: Comparison) -> tuple[str, str]:
        return one.one, one.other

    for (one, other), some in groupby(sorted(found, key=arms), key=arms):
        if not any(each.pairs for each in some):
            yield (
                f"{one} and {other} share too few scenarios to be paired, as arms of different "
                "plans do, and are compared unpaired."
            )


def _told(arm: Arm) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": arm.name,
        "source": arm.source,
        "dialogues": {tag: len(keys) for tag, keys in arm.keys.items()},
    }
    if (funnel := arm.funnel) is None:
        return told
    known = funnel.drafts >= FEWEST
    low, high = wilson(funnel.accepted, funnel.drafts) if known else (None, None)
    tokens = funnel.prompt_tokens + funnel.completion_tokens
    return told | {
        "accepted": funnel.accepted, "drafts": funnel.drafts,
        "acceptance_rate": funnel.acceptance_rate, "low": low, "high": high,
        "calls": arm.calls, "prompt_tokens": funnel.prompt_tokens,
        "completion_tokens": funnel.completion_tokens,
        "calls_per_accepted": arm.calls / funnel.accepted if funnel.accepted else None,
        "tokens_per_accepted": tokens / funnel.accepted if funnel.accepted else None,
    }  # fmt: skip
