"""How well a turn follows the one before it: a small model over vectors, one for all languages.

``next_turn.npz`` is written by ``benchmarks/fit_next_turn.py``: fitted on English human dialogues
alone, by telling the turn that came next from all other turns (InfoNCE, van den Oord et al. 2018;
as ConveRT does for replies, Henderson et al. 2020). Where languages' means are taken off, the same
numbers serve every language: it was tested in six that it was not fitted on.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.engines.embedding.embedder import Vectors

FILE = Path(__file__).parent / "next_turn.npz"
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NextTurn:
    """``said`` and ``reply``, rank x width: what of a turn matters for the one after it.

    ``likeness``: the weight of the plain cosine. ``usual``, width: which turns come anywhere.
    """

    said: Matrix
    reply: Matrix
    usual: Matrix
    likeness: float

    def logits(self, turns: Vectors) -> Matrix:
        """n - 1 rows, one a turn but the last, and n columns: how well each turn follows it."""
        before = turns[:-1]
        learned = (before @ self.said.T) @ (turns @ self.reply.T).T
        return np.asarray(learned + turns @ self.usual + self.likeness * (before @ turns.T))


@dataclass(frozen=True, slots=True)
class Following:
    """Of the turns from the second on, in nats.

    ``fit``: how well each follows the one before. It is low where turns are strangers. ``order``:
    the log-probability of each among the dialogue's own turns, above chance. It is low where turns
    stand in the wrong order, and 0 by chance.
    """

    fit: Matrix
    order: Matrix


def following(turns: Vectors) -> Following:
    """How well the turns follow one another; ``turns``: one row each, at least two."""
    logits = next_turn().logits(turns)
    at = np.arange(len(turns) - 1)
    fit = logits[at, at + 1]
    others = logits.copy()
    others[at, at] = -np.inf  # a turn does not follow itself
    highest = others.max(axis=1)
    total = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return Following(fit, fit - total + np.log(max(1, len(at))))


@cache
def next_turn() -> NextTurn:
    """The model that is shipped, for vectors of the bundled embedding model."""
    with np.load(FILE, allow_pickle=False) as told:
        said, reply, usual = (told[name].astype(np.float64) for name in ("said", "reply", "usual"))
        return NextTurn(said, reply, usual, float(told["likeness"]))
