"""Trials: how well the score of each critic tells human dialogues from damaged ones.

A critic is believed only where it was shown to be right: for a language and a kind of damage, the
area under the ROC curve of its score, and what it finds where it rejects 1% of what people wrote.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics import CRITICS, MEANING, Critic, load_critics
from crowdglot.critics.calibration import MOST_REJECTED, human_dialogues
from crowdglot.critics.calibration.damage import DAMAGES, damaged
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.human import human_files
from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError, MaterialError

# Of these a high score is good; of all others a low one.
HIGH_IS_GOOD = frozenset({"coherence", "premise", "language"})
# Human dialogues come with personas and demonstrations in their own language, not in English.
_UNTRIED = frozenset({"translated_copying", "translated_recital"})
_RESAMPLES = 500
_FEWEST = 20  # dialogues of a language, for a figure at all
_STEP = 13

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One critic, language and kind of damage.

    ``auc``: the probability that a whole dialogue scores better than a damaged one, ties half;
    ``low``, ``high``: its bootstrap interval of 95% over dialogues. ``threshold``: the score at
    which 1% of whole dialogues are rejected; ``found``: the share of damaged ones rejected there.
    ``rejected``: the share of whole dialogues that the critic rejects by its own thresholds, and
    ``rejected_damaged`` of damaged ones. ``seconds``: of judging a whole dialogue.
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


@dataclass(frozen=True, slots=True)
class _Judged:
    """Scores of dialogues (NaN: unscored), whether each was rejected, and seconds for each."""

    scores: Scores
    rejected: NDArray[np.bool_]
    seconds: float


def try_critics(
    folder: Path, language: str = "", *, most_turns: int = 10, most: int = 100, seed: int = 0
) -> list[Trial]:
    """A trial of every critic that scores, in every language of a folder of human dialogues.

    ``most_turns``: turns from the beginning of each; ``most``: dialogues of a language. Raises
    MaterialError where there are too few, ConfigurationError where a language is unknown.
    """
    whole = {
        file.language.tag: [
            dialogue
            for dialogue in list(human_dialogues(file, most_turns))[:most]
            if len(dialogue.turns) > 1
        ]
        for file in human_files(folder, language)
    }
    if not any(len(dialogues) >= _FEWEST for dialogues in whole.values()):
        raise MaterialError(f"{folder}: trials need at least {_FEWEST} dialogues of a language.")
    named = zip((*CRITICS, *MEANING), load_critics(meaning=True), strict=True)
    critics = [critic for name, critic in named if name not in _UNTRIED]
    return [
        trial
        for tag, dialogues in whole.items()
        if len(dialogues) >= _FEWEST
        for trial in _of_language(tag, whole, critics, seed)
    ]


def _of_language(
    tag: str, whole: Mapping[str, Sequence[Dialogue]], critics: Sequence[Critic], seed: int
) -> Iterator[Trial]:
    own = whole[tag]
    abroad = next((other for name, other in whole.items() if name != tag and other), ())
    good = _judge(own, critics)
    for kind in DAMAGES:
        pairs = []
        for at, dialogue in enumerate(own):
            other = own[(at + _STEP) % len(own)]  # not one that it is shown
            stranger = abroad[at % len(abroad)] if abroad else None
            draws = Draws(seed, "damage", tag, kind, at)
            if (hurt := damaged(dialogue, kind, other, stranger, draws)) is not None:
                pairs.append((at, hurt))
        if len(pairs) < _FEWEST:
            continue
        bad = _judge([hurt for _, hurt in pairs], critics)
        for critic, told in good.items():
            chosen = [at for at, _ in pairs]
            scored = np.isfinite(told.scores[chosen]) & np.isfinite(bad[critic].scores)
            if scored.sum() >= _FEWEST:
                yield _trial(critic, tag, kind, told, bad[critic], np.array(chosen), scored)


def _judge(dialogues: Sequence[Dialogue], critics: Sequence[Critic]) -> dict[str, _Judged]:
    judged = {}
    for critic in critics:
        start = time.perf_counter()
        verdicts = [critic.judge(dialogue) for dialogue in dialogues]
        seconds = (time.perf_counter() - start) / max(1, len(dialogues))
        scores = [np.nan if verdict.score is None else verdict.score for verdict in verdicts]
        rejected = np.array([not verdict.passed for verdict in verdicts], bool)
        judged[verdicts[0].critic] = _Judged(np.array(scores, float), rejected, seconds)
    return judged


def _trial(
    critic: str, tag: str, kind: str, good: _Judged, bad: _Judged, chosen: NDArray[np.intp],
    scored: NDArray[np.bool_],
) -> Trial:  # fmt: skip
    sign = 1.0 if critic in HIGH_IS_GOOD else -1.0
    whole, hurt = sign * good.scores[chosen][scored], sign * bad.scores[scored]
    threshold = float(np.quantile(whole, MOST_REJECTED, method="lower"))
    drawn = np.random.default_rng(0).integers(0, len(whole), (_RESAMPLES, len(whole)))
    low, high = np.quantile([auc(whole[one], hurt[one]) for one in drawn], (0.025, 0.975))
    return Trial(
        critic, tag, kind, len(whole), auc(whole, hurt), float(low), float(high),
        sign * threshold, float((hurt < threshold).mean()), float(good.rejected.mean()),
        float(bad.rejected.mean()), good.seconds,
    )  # fmt: skip


def auc(whole: Scores, hurt: Scores) -> float:
    """The probability that one of ``whole`` exceeds one of ``hurt``, ties half."""
    more, less = np.sort(hurt), whole
    below = np.searchsorted(more, less, side="left")
    ties = np.searchsorted(more, less, side="right") - below
    return float((below + 0.5 * ties).mean() / len(more))


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """All figures as JSON; ConfigurationError where the file cannot be written."""
    try:
        path.write_text(json.dumps([asdict(trial) for trial in trials], indent=1) + "\n", "utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be written ({error.strerror}); give another --output."
        ) from None
