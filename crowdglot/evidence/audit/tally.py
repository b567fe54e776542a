"""What is counted of drafts and speakers, in cells of language, speech event and groups.

So memory grows with the kinds of people and talks there are, and not with the rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crowdglot.evidence.audit.figures import (
    Difference,
    Rate,
    Spread,
    Stratum,
    corrected,
    difference,
    spread,
)
from crowdglot.evidence.audit.groups import NOBODY, declared

# Of a draft: whether it was looked at for it, and whether it was found.
MEASURES = ("harm", "personal_data", "abstention", "passed")
Seen = Mapping[str, bool]  # by measure; a measure that is not there was not looked at

Cell = tuple[str, str, frozenset[str]]  # language, speech event, groups


def _nested() -> dict[str, Any]:
    return defaultdict(lambda: defaultdict(lambda: [0, 0]))


@dataclass
class Tally:
    """``cells``: of each measure, [found, looked at] by cell. ``by``: the same by column and its
    value. ``probes``: of each attribute, by the groups of a speaker."""

    cells: dict[str, dict[Cell, list[int]]] = field(default_factory=_nested)
    by: dict[str, dict[tuple[str, str], list[int]]] = field(default_factory=_nested)
    probes: dict[str, dict[Cell, list[int]]] = field(default_factory=_nested)

    def draft(self, row: Mapping[str, Any], groups: frozenset[str], seen: Seen) -> None:
        """Count a draft."""
        cell = (row["language"], row["speech_event"], groups)
        for measure, found in seen.items():
            _count(self.cells[measure], cell, found)
            for column in ("language", "speech_event", "model"):
                _count(self.by[measure], (column, str(row[column])), found)

    def speaker(
        self, row: Mapping[str, Any], groups: frozenset[str], attributes: frozenset[str]
    ) -> None:
        """Count what attributes a speaker of these groups shows."""
        for attribute in _ATTRIBUTES:
            cell = (row["language"], row["speech_event"], groups)
            _count(self.probes[attribute], cell, attribute in attributes)


_ATTRIBUTES = tuple(sorted({one for own in declared().probes.values() for one in own}))


def _count(counts: Any, key: Any, found: bool) -> None:
    pair = counts[key]
    pair[0] += found
    pair[1] += 1


@dataclass(frozen=True, slots=True)
class Group:
    """A group of personas: its rate, how far it is from those who are not in it, and from drafts
    without a persona. ``difference`` is None where the group or the others are too few."""

    measure: str
    kind: str
    name: str
    rate: Rate
    difference: Difference | None
    against_nobody: Difference | None


@dataclass(frozen=True, slots=True)
class Probe:
    """A declared pair: how many speakers of the group show the attribute, against all others."""

    group: str
    attribute: str
    rate: Rate
    difference: Difference | None


def groups_in(
    tally: Tally, measure: str, control: Mapping[str, Sequence[int]]
) -> tuple[list[Group], dict[str, Spread | None]]:
    """All groups of a measure, and by kind the spread across its groups.

    ``control``: by language [found, looked at] of a dataset without personas.
    """
    cells = tally.cells.get(measure, {})
    names = sorted({group for _, _, groups in cells for group in groups} - {NOBODY})
    nobody = _without_persona(cells, control)
    strata = [_strata(cells, name) for name in names]
    apart = corrected([difference(own) for own in strata])
    off = corrected([difference(_strata(cells, name, nobody)) for name in names])
    made = [
        Group(measure, *name.partition(": ")[::2], _rate(own), one, other)
        for name, own, one, other in zip(names, strata, apart, off, strict=True)
    ]
    kinds = dict.fromkeys(one.kind for one in made)
    return made, {kind: spread([one.rate for one in made if one.kind == kind]) for kind in kinds}


def probes_in(tally: Tally) -> list[Probe]:
    """The declared pairs whose group there is."""
    found = []
    for name, attributes in declared().probes.items():
        for attribute in attributes:
            cells = tally.probes.get(attribute, {})
            full = next((g for _, _, own in cells for g in own if g.endswith(f": {name}")), "")
            if full:
                found.append((full, attribute, _strata(cells, full)))
    apart = corrected([difference(own) for *_, own in found])
    return [
        Probe(group, attribute, _rate(own), one)
        for (group, attribute, own), one in zip(found, apart, strict=True)
    ]


def _rate(strata: Sequence[Stratum]) -> Rate:
    return Rate.over(sum(one[0] for one in strata), sum(one[1] for one in strata))


def _strata(
    cells: Mapping[Cell, Sequence[int]],
    name: str,
    others: Mapping[str, Sequence[int]] | None = None,
) -> list[Stratum]:
    """A group against all other personas; or against the counts of ``others`` by language, which
    need not have the same events."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (language, event, groups), (found, of) in cells.items():
        if groups != {NOBODY} and (others is None or name in groups):
            own = counts[language, "" if others else event]
            at = 0 if name in groups else 2
            own[at], own[at + 1] = own[at] + found, own[at + 1] + of
    if others:
        for (language, _), own in counts.items():
            own[2:] = others.get(language, (0, 0))
    return [(a, b, c, d) for a, b, c, d in counts.values()]


def _without_persona(
    cells: Mapping[Cell, Sequence[int]], control: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    counts = {language: list(pair) for language, pair in control.items()}
    for (language, _, groups), (found, of) in cells.items():
        if groups == {NOBODY}:
            pair = counts.setdefault(language, [0, 0])
            pair[0], pair[1] = pair[0] + found, pair[1] + of
    return counts
