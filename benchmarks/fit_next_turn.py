"""Fit the model behind the critic ``coherence`` on human dialogues and write ``next_turn.npz``.

    python -m benchmarks.fit_next_turn DIR/En_persona_valid.json

Takes the first 600 dialogues of one language (English) and some seconds, besides a minute or more
for their vectors. Whatever is measured of it should be measured on others.
"""

import sys
from pathlib import Path

import numpy as np

from crowdglot.critics.meaning.next_turn import FILE
from crowdglot.critics.meaning.space import placed
from crowdglot.dialogues.readers import read_file
from crowdglot.languages.language import resolve_language

DIALOGUES, MOST_TURNS = 600, 16
RANK, EPOCHS, AT_A_TIME = 64, 16, 24
RATE, DECAY, DROPPED, SEED = 0.003, 1e-3, 0.4, 0


class Fitting:
    """The model's numbers while they move: Adam over the gradients of InfoNCE."""

    def __init__(self, width: int, chance: np.random.Generator) -> None:
        self.said = chance.normal(0, 0.05, (RANK, width))
        self.reply = chance.normal(0, 0.05, (RANK, width))
        self.usual = np.zeros(width)
        self.likeness = np.array([8.0])
        self._means = [0 * part for part in self.parts]
        self._squares = [0 * part for part in self.parts]
        self._steps = 0

    @property
    def parts(self):
        return self.said, self.reply, self.usual, self.likeness

    def logits(self, before, turns):
        learned = (before @ self.said.T) @ (turns @ self.reply.T).T
        return learned + turns @ self.usual + self.likeness * (before @ turns.T)

    def step(self, before, turns, slope):
        """Move against ``slope``, the loss's derivative by each logit."""
        said, reply = before @ self.said.T, turns @ self.reply.T
        gradients = (
            (slope @ reply).T @ before + DECAY * self.said,
            (slope.T @ said).T @ turns + DECAY * self.reply,
            slope.sum(0) @ turns,
            np.array([(slope * (before @ turns.T)).sum()]),
        )
        self._steps += 1
        for part, slant, mean, square in zip(
            self.parts, gradients, self._means, self._squares, strict=True
        ):
            mean += 0.1 * (slant - mean)
            square += 0.001 * (slant**2 - square)
            fair = mean / (1 - 0.9**self._steps)
            part -= RATE * fair / (np.sqrt(square / (1 - 0.999**self._steps)) + 1e-8)


def batch_slope(fitting, dialogues, before, turns):
    """The derivative by each logit: the true next turn against all turns, and against its own."""
    of = np.concatenate([np.full(len(one), at) for at, one in enumerate(dialogues)])
    last = np.append(of[1:] != of[:-1], True)
    rows = np.flatnonzero(~last)
    logits = fitting.logits(before[rows], turns)
    logits[np.arange(len(rows)), rows] = -1e9  # a turn does not follow itself
    slope = np.zeros_like(logits)
    for among in (np.ones_like(logits, bool), of[rows][:, None] == of[None, :]):
        shown = np.where(among, logits, -1e9)
        share = np.exp(shown - shown.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        share[np.arange(len(rows)), rows + 1] -= 1
        slope += share / len(rows)
    return rows, slope


def fit(dialogues):
    """``dialogues``: one array of vectors each, of length 1, language mean taken off."""
    chance = np.random.default_rng(SEED)
    fitting = Fitting(dialogues[0].shape[1], chance)
    for _ in range(EPOCHS):
        order = chance.permutation(len(dialogues))
        for start in range(0, len(order) - AT_A_TIME + 1, AT_A_TIME):
            part = [dialogues[at] for at in order[start : start + AT_A_TIME]]
            all_turns = np.concatenate(part)
            # Whole dimensions are left out now and then, so that no few of them decide.
            kept = (chance.random((2, all_turns.shape[1])) > DROPPED) / (1 - DROPPED)
            before, turns = all_turns * kept[0], all_turns * kept[1]
            rows, slope = batch_slope(fitting, part, before, turns)
            fitting.step(before[rows], turns, slope)
    return fitting


def main(path: Path) -> None:
    english = resolve_language("en")
    read = [
        shown for _, shown in zip(range(DIALOGUES), read_file(path).demonstrations, strict=False)
    ]
    texts = [[turn.text for turn in shown.turns[:MOST_TURNS]] for shown in read]
    dialogues = [placed(turns, english) for turns in texts if len(turns) > 2]
    fitting = fit(dialogues)
    half = {name: getattr(fitting, name).astype(np.float16) for name in ("said", "reply", "usual")}
    np.savez(FILE, likeness=fitting.likeness[0], **half)
    print(f"{FILE}: {FILE.stat().st_size:,} bytes from {len(dialogues)} dialogues")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
