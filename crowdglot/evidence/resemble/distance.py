"""How far two sets of dialogues lie apart by meaning, beside two halves of the human set.

All figures depend on how many dialogues are compared, so both comparisons have the same number;
only their difference says something. Fréchet distance: of the two normal distributions that the
vectors suggest (Heusel and others 2017), 0 for equal ones. Density and coverage (Naeem and others
2020): how often ours lie within reach of people's dialogues, about 1 where they do as people's own;
and the share of people's dialogues that have one of ours within reach.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from crowdglot.draws import Draws
from crowdglot.engines.embedding.embedder import Meanings, Vectors
from crowdglot.statistics import middle

MOST = 100  # dialogues of ours, and twice as many of people's: a model is slow
_HALVES = 20
_NEIGHBOURS = 5

Embed = Callable[[Sequence[str]], Meanings]


@dataclass(frozen=True, slots=True)
class Distance:
    """One measure between ``ours`` and half of people's dialogues, and between their halves
    (``human``), each the mean over random halves with the range of 95% of them."""

    measure: str
    ours: tuple[float, float, float]
    human: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Distances:
    """``size``: dialogues in each of the compared sets. ``model``: whose vectors these are."""

    model: str
    size: int
    each: tuple[Distance, ...]


def measure_distances(ours: Sequence[str], theirs: Sequence[str], embed: Embed) -> Distances:
    """The distances of the texts of dialogues; at least two of ours and four of theirs."""
    size = min(len(ours), len(theirs) // 2, MOST)
    mine, people = list(ours[: 2 * size]), list(theirs[: 2 * size])
    meanings = embed([*mine, *people])
    vectors, human = meanings.vectors[: len(mine)], meanings.vectors[len(mine) :]
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(_HALVES):
        order = Draws(0, "halves", turn).shuffled(range(2 * size))
        chosen = Draws(0, "ours", turn).shuffled(range(len(mine)))[:size]
        half, other = human[order[:size]], human[order[size:]]
        compared = zip(_measures(vectors[chosen], half), _measures(other, half), strict=True)
        for (name, near), (_, usual) in compared:
            found.setdefault(name, []).append((near, usual))
    each = [
        Distance(name, *map(_spread, zip(*values, strict=True))) for name, values in found.items()
    ]
    return Distances(meanings.model, size, tuple(each))


def _measures(ours: Vectors, human: Vectors) -> list[tuple[str, float]]:
    density, coverage = density_and_coverage(ours, human)
    return [
        ("Fréchet distance", frechet(ours, human)),
        ("density", density),
        ("coverage", coverage),
    ]


def frechet(one: Vectors, other: Vectors) -> float:
    """The squared Fréchet distance of two sets of at least two vectors."""
    centred = [(each - each.mean(axis=0)) / (len(each) - 1) ** 0.5 for each in (one, other)]
    apart = float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())
    spread = sum(float((each**2).sum()) for each in centred)
    # Of covariances A'A and B'B the trace of the root of their product is the nuclear norm of AB'.
    shared = float(np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum())
    return max(0.0, apart + spread - 2 * shared)


def density_and_coverage(ours: Vectors, human: Vectors) -> tuple[float, float]:
    """Both, by the reach of each human vector: as far as its fifth neighbour among them."""
    near = min(_NEIGHBOURS, len(human) - 1)
    reach = np.sort(_apart(human, human), axis=1)[:, near]
    within = _apart(human, ours) <= reach[:, None]
    return float(within.sum() / (near * len(ours))), float(within.any(axis=1).mean())


def _apart(one: Vectors, other: Vectors) -> Vectors:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return float(np.mean(values)), *middle(values)
