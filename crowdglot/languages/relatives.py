"""How much likelier a text is in the target language than in another one: a margin in log10.

Three kinds of evidence are summed as far as they know both languages: the fast model, the second
identifier, which chooses among these languages alone, and word frequencies. How low a margin may
be is chosen for each language, and for each of its relatives, on text of that language by
``python -m benchmarks.verification --write``; the figures stand in ``measured.toml``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import log10
from pathlib import Path
from typing import Literal

from pydantic import Field

from crowdglot.languages.identifiers import ask_second, second_tags
from crowdglot.languages.language import Language
from crowdglot.languages.scripts import DENSE
from crowdglot.languages.words.frequencies import WordEvidence, lower_words, word_evidence
from crowdglot.strict_toml import Strict, read_toml, validate

MEASURED = Path(str(files("crowdglot.languages"))) / "measured.toml"
# How much a kind of evidence counts; chosen on 54 pairs of relatives. The fast model alone counts
# in full: it is asked about small languages that nothing else knows.
_MODEL, _SECOND = 0.5, 2.0
# The second identifier is sure of itself where it is wrong, too.
_LEAST_MODEL, _LEAST_SECOND = 0.003, 0.005
_MOST_SECOND = -_SECOND * log10(_LEAST_SECOND)  # the most that it adds or takes off
# The lowest margins of a language that was not measured.
_UNMEASURED_WHOLE, _UNMEASURED_TURN = -0.5, -2.0
NEVER = -99.0
Kind = Literal["whole", "turn"]
_LABELS = {"nb": ("no", "nb"), "no": ("no", "nb")}


class Lowest(Strict):
    """The lowest margins of a text in the language: of a whole dialogue, and of one turn.

    ``NEVER`` for both where nothing here tells the two apart, so that no text is rejected for it.
    ``rejected``, ``found``: of the other language's dialogues the share that is rejected, and of
    its single turns in a dialogue the share that is found; None where there was too little text.
    """

    whole: float
    turn: float
    rejected: float | None = Field(None, ge=0, le=1)
    found: float | None = Field(None, ge=0, le=1)


class Measured(Strict):
    """What was measured of one language: of ``texts`` sentences.

    ``own``: the share of own dialogues that are accepted. ``others``: against any language that is
    no relative; ``relatives``: by the identifiers' label.
    """

    texts: int
    own: float = Field(ge=0, le=1)
    others: Lowest
    relatives: dict[str, Lowest] = Field(default_factory=dict)


@lru_cache(maxsize=512)
def measured(target: Language) -> Measured | None:
    """What was measured of a language in its script, whatever the region of its tag."""
    table = _measured()
    return table.get(target.tag) or table.get(target.measured_as)


@lru_cache(maxsize=1)
def _measured() -> dict[str, Measured]:
    return {
        tag: validate(Measured, entry, f"{MEASURED}: {tag}")
        for tag, entry in read_toml(MEASURED).items()
    }


@dataclass(frozen=True, slots=True)
class _Rival:
    """What is known of a target against one other language.

    ``labels``: of the other. ``lowest``: the margins over it that text in the target has at least.
    """

    labels: tuple[str, ...]
    words: WordEvidence | None
    lowest: dict[Kind, float]


class _Rivals(dict[str, _Rival]):
    """What is known of a target against each other language, by its label; made at first use."""

    def __init__(self, target: Language) -> None:
        super().__init__()
        self._target = target

    def __missing__(self, other: str) -> _Rival:
        lowest: dict[Kind, float] = {"whole": _UNMEASURED_WHOLE, "turn": _UNMEASURED_TURN}
        if known := measured(self._target):
            entry = known.relatives.get(other, known.others)
            lowest = {"whole": entry.whole, "turn": entry.turn}
        self[other] = _Rival(labels_of(other), word_evidence(self._target, other), lowest)
        return self[other]


@lru_cache(maxsize=512)
def _rivals(target: Language) -> _Rivals:
    return _Rivals(target)


def above_lowest(margins: dict[str, float], target: Language, kind: Kind) -> dict[str, float]:
    """By how much each margin is above the lowest that text in the target has."""
    rivals = _rivals(target)
    return {other: margin - rivals[other].lowest[kind] for other, margin in margins.items()}


def forget() -> None:
    """Read ``MEASURED`` anew, which has changed."""
    for cache in (measured, _measured, _rivals):
        cache.cache_clear()


def labels_of(other: str) -> tuple[str, ...]:
    """What the identifiers call the language ``other``, given one of their labels."""
    return _LABELS.get(other, (other,))


def margins(
    text: str,
    guesses: dict[str, float],
    target: Language,
    others: Iterable[str],
    kind: Kind | None = None,
) -> dict[str, float]:
    """The margin over each of ``others`` (labels) of which there is any evidence.

    ``guesses``: the fast model's of ``text``. ``kind``: where it only matters whether a margin is
    below its lowest; then the second identifier, by far the dearest, is asked only about languages
    of which it could change that.
    """
    every = _rivals(target)
    rivals = {other: every[other] for other in others}
    found, cheap = {}, {}
    own = _log_share(guesses, target.detected_as, _LEAST_MODEL)
    listed = any(rival.words is not None for rival in rivals.values())
    words = lower_words(text, target) if listed else ()
    for other, rival in rivals.items():
        by_model = own - _log_share(guesses, rival.labels, _LEAST_MODEL)
        cheap[other] = _MODEL * by_model
        if words and rival.words is not None:
            found[other] = cheap[other] = cheap[other] + rival.words.of(words)
        elif not guesses.keys().isdisjoint(rival.labels):
            found[other] = by_model
    open_to = {
        other: rival.labels
        for other, rival in rivals.items()
        if kind is None or cheap[other] - rival.lowest[kind] < _MOST_SECOND
    }
    second = _second_guesses(text, target, open_to.values()) if open_to else {}
    for other, labels in open_to.items():
        if not second.keys().isdisjoint(labels):
            own = _log_share(second, target.detected_as, _LEAST_SECOND)
            by_second = own - _log_share(second, labels, _LEAST_SECOND)
            found[other] = cheap[other] + _SECOND * by_second
    return found


def _second_guesses(
    text: str, target: Language, others: Iterable[tuple[str, ...]]
) -> dict[str, float]:
    if target.script in DENSE:  # it takes any text with kana for Japanese
        return {}
    known = second_tags()
    own = known.intersection(target.detected_as)
    foreign = {label for labels in others for label in labels} & known - own
    if not own or not foreign:
        return {}
    guesses = ask_second(text, frozenset(own | foreign))
    return guesses if any(guesses.values()) else {}


def _log_share(guesses: dict[str, float], labels: tuple[str, ...], least: float) -> float:
    share = 0.0
    for label in labels:
        if label in guesses:
            share += guesses[label]
    return log10(share if share > least else least)
