"""Who fits a situation, and who fits whom in it."""

import re
from collections.abc import Sequence
from functools import lru_cache

from crowdglot.personas.casting.life import Life, PairRule, Range, casting


@lru_cache(maxsize=4096)
def rules_for(relation: str, ground: str, speaker: str) -> tuple[int, ...]:
    """The numbers of the rules that are about this speaker, "a" or another, of a situation.

    ``ground``: place, time, history, premise and channel, with {a} and {b} for the speakers.
    """
    return tuple(
        number
        for number, rule in enumerate(casting().rules)
        if speaker in rule.speakers and (not rule.relations or relation in rule.relations)
        if not rule.ground or speaker in _about(rule.ground, ground)
    )


def _about(pattern: str, ground: str) -> set[str]:
    """The speakers that a pattern finds, all where it names none."""
    found = [*re.finditer(pattern, ground)]
    return {who for one in found for who in one.groupdict().get("who") or "abcd"}


@lru_cache(maxsize=4096)
def _of_pair(relation: str, ground: str) -> Sequence[PairRule]:
    return [
        rule
        for rule in casting().pairs
        if not rule.relations or relation in rule.relations
        if not rule.ground or re.search(rule.ground, ground)
    ]


def unfit(life: Life, rules: Sequence[int]) -> str:
    """Why rules keep somebody out; "" where none does."""
    for rule in map(casting().rules.__getitem__, rules):
        out = rule.ages and not _overlap(life.ages, rule.ages)
        if out or not life.signs.isdisjoint(rule.never):
            return rule.because
    return ""


def clash(first: Life, second: Life, relation: str, ground: str) -> str:
    """Why two cannot meet in a situation; "" where nothing speaks against it."""
    for rule in _of_pair(relation, ground):
        if rule.apart and not _apart(first.ages, second.ages, rule.apart):
            return rule.because
        for one, other in ((first.signs, second.signs), (second.signs, first.signs)):
            if any(mine in one and yours in other for mine, yours in rule.clash):
                return rule.because
    return ""


def _overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _apart(first: Range, second: Range, wanted: Range) -> bool:
    """Whether the first may be older than the second by so many years; where ``wanted`` begins at
    0, the second than the first as well."""
    low, high = wanted if wanted[0] else (-wanted[1], wanted[1])
    return _overlap((first[0] - second[1], first[1] - second[0]), (low, high))
