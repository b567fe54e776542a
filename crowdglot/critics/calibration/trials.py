"""Trials: how well the score of each critic tells human dialogues from damaged ones.

A critic is believed only where it was shown to be right: for a language and a kind of damage, the
area under the ROC curve of its score, and what it finds where it rejects 1% of what people wrote.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics import Critic
from crowdglot.critics.calibration import MOST_REJECTED, human_dialogues, tried
from crowdglot.critics.calibration.damage import DAMAGES, damaged
from crowdglot.critics.judges import JUDGES
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.human import human_files
from crowdglot.draws import Draws
from crowdglot.errors import MaterialError
from crowdglot.statistics import auc, bootstrap

# Of these a high score is good; of all others a low one.
HIGH_IS_GOOD = frozenset({"coherence", "premise", "language", *JUDGES})
FEWEST = 20  # dialogues of a language, for a figure at all
_STEP = 13

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One critic, language and kind of damage.

    ``auc``: the probability that a whole dialogue scores better than a damaged one, ties half;
    ``low``, ``high``: its bootstrap interval of 95% over dialogues. ``threshold``: the score at
    which 1% of whole dialogues are rejected; ``found``: the share of damaged ones rejected there.
    ``rejected``: the share of whole dialogues that the critic rejects by its own thresholds, and
    ``rejected_damaged`` of damaged ones. ``seconds``: of judging a whole dialogue. Of a judge
    ``model`` is what was asked, and ``prompt`` the hash of its templates.
    """

    critic: str
    language: str
    damage: str
    dialogues: int
    auc: float
    low: float
    high: float
    threshold: float
    found: float
    rejected: float
    rejected_damaged: float
    seconds: float
    model: str = ""
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of dialogues (NaN: unscored), whether each was rejected, and seconds for each."""

    scores: Scores
    rejected: NDArray[np.bool_]
    seconds: float

    @classmethod
    def of(cls, scores: Sequence[float | None], rejected: Sequence[bool], seconds: float) -> Self:
        """From scores as verdicts have them."""
        known = np.array([np.nan if score is None else score for score in scores], float)
        return cls(known, np.array(rejected, bool), seconds)


def try_critics(
    folder: Path, language: str = "", *, most_turns: int = 10, most: int = 100
) -> list[Trial]:
    """A trial of every critic that scores, in every language of a folder of human dialogues.

    ``most_turns``: turns from the beginning of each; ``most``: dialogues of a language. Raises
    MaterialError where there are too few, ConfigurationError where a language is unknown.
    """
    whole = whole_dialogues(folder, language, most_turns, most)
    critics = tuple(tried(meaning=True).values())
    return [trial for tag in whole for trial in _of_language(tag, whole, critics)]


def whole_dialogues(
    folder: Path, language: str, most_turns: int, most: int
) -> dict[str, list[Dialogue]]:
    """The dialogues to be tried with, of each language that has enough of them; see ``try_critics``
    for the rest."""
    whole = {
        file.language.tag: [
            dialogue
            for dialogue in list(human_dialogues(file, most_turns))[:most]
            if len(dialogue.turns) > 1
        ]
        for file in human_files(folder, language)
    }
    enough = {tag: dialogues for tag, dialogues in whole.items() if len(dialogues) >= FEWEST}
    if not enough:
        raise MaterialError(f"{folder}: trials need at least {FEWEST} dialogues of a language.")
    return enough


def damaged_ones(
    tag: str, whole: Mapping[str, Sequence[Dialogue]], kind: str
) -> list[tuple[int, Dialogue]]:
    """The dialogues of a language with this damage, each with its number; none where too few can
    be damaged so."""
    own = whole[tag]
    abroad = next((other for name, other in whole.items() if name != tag), ())
    pairs = []
    for at, dialogue in enumerate(own):
        other = own[(at + _STEP) % len(own)]  # not one that it is shown
        stranger = abroad[at % len(abroad)] if abroad else None
        draws = Draws(0, "damage", tag, kind, at)
        if (hurt := damaged(dialogue, kind, other, stranger, draws)) is not None:
            pairs.append((at, hurt))
    return pairs if len(pairs) >= FEWEST else []


def _of_language(
    tag: str, whole: Mapping[str, Sequence[Dialogue]], critics: Sequence[Critic]
) -> Iterator[Trial]:
    good = _judge(whole[tag], critics)
    for kind in DAMAGES:
        if pairs := damaged_ones(tag, whole, kind):
            bad = _judge([hurt for _, hurt in pairs], critics)
            for critic, told in good.items():
                yield from compare(critic, tag, kind, told, bad[critic], [at for at, _ in pairs])


def _judge(dialogues: Sequence[Dialogue], critics: Sequence[Critic]) -> dict[str, Scored]:
    judged = {}
    for critic in critics:
        start = time.perf_counter()
        verdicts = [critic.judge(dialogue) for dialogue in dialogues]
        seconds = (time.perf_counter() - start) / max(1, len(dialogues))
        scores, rejected = [one.score for one in verdicts], [not one.passed for one in verdicts]
        judged[verdicts[0].critic] = Scored.of(scores, rejected, seconds)
    return judged


def compare(
    critic: str, tag: str, kind: str, good: Scored, bad: Scored, chosen: Sequence[int], **by: str
) -> Iterator[Trial]:
    """The trial of a critic, where enough pairs are scored. ``chosen``: the numbers of the whole
    dialogues that ``bad`` are damages of; ``by``: the model and prompt of a judge."""
    scored = np.isfinite(good.scores[[*chosen]]) & np.isfinite(bad.scores)
    if scored.sum() < FEWEST:
        return
    sign = 1.0 if critic in HIGH_IS_GOOD else -1.0
    whole, hurt = sign * good.scores[[*chosen]][scored], sign * bad.scores[scored]
    threshold = float(np.quantile(whole, MOST_REJECTED, method="lower"))
    low, high = bootstrap(len(whole), lambda one: auc(whole[one], hurt[one]))
    yield Trial(
        critic, tag, kind, len(whole), auc(whole, hurt), low, high,
        sign * threshold, float((hurt < threshold).mean()), float(good.rejected.mean()),
        float(bad.rejected.mean()), good.seconds, **by,
    )  # fmt: skip
