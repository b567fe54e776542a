"""Language identification as verification: is this text in the language that was asked for?

This is easier than open identification: the target is known, and a turn is part of a dialogue. The
steps follow one another by their cost: the script; the fast model; and where that is in doubt, or
where a relative of the target is, the second identifier and word frequencies, which are asked about
the target and the languages in question alone. A turn is judged in the light of its dialogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, log10
from operator import itemgetter
from typing import Literal

from crowdglot.languages import identifiers, scripts
from crowdglot.languages.identifiers import UNDETERMINED, likeliest
from crowdglot.languages.kanji import is_japanese
from crowdglot.languages.language import Language
from crowdglot.languages.relatives import Kind, above_lowest, margins
from crowdglot.languages.words.frequencies import is_listed

# From this probability on the fast model is believed, unless it names a relative as well.
_SURE = 0.80
# From this probability on nothing else can be in question.
_BEYOND_QUESTION = 0.99
# From these on another language, and a relative, is in question.
_IN_QUESTION, _RELATIVE_IN_QUESTION = 0.05, 0.01
# A turn with fewer letters, if in the right script, always counts as in the target.
_FEWEST_LETTERS = 7
# The margin of a turn of so few letters weighs less: "Kemal" or "haha" proves nothing.
_SHORT = 30
# What a margin at its lowest means: the critic's thresholds, as probabilities.
_AT_LOWEST = {"whole": 0.7, "turn": 0.15}
# From this mean probability of its turns on, a dialogue is what its turns are, if no more than this
# share of the text is in doubt: not so many times (log10) likelier in the target.
_AGREED, _MOST_DOUBTFUL, _CLEAR = 0.9, 0.5, 1.0
# A dialogue is beyond doubt in a language where the fast model is so sure of it, and of so many of
# its turns.
_BEYOND_DOUBT, _MOST_TURNS = 0.9, 0.6
# A text with a higher share of foreign letters is not in the target's script. Chinese and Japanese
# may have more: a band's name in Latin letters is as long as a sentence in Han characters.
_MOST_FOREIGN, _MOST_FOREIGN_HAN = 0.5, 0.75
_HAN = scripts.DENSE - {"Kore"}
# The share of kana that proves Japanese: all but one of 4,259 human turns have it.
_JAPANESE = 0.2

Step = Literal["nothing", "script", "model", "margin"]
Guesses = dict[str, float]


@dataclass(frozen=True, slots=True)
class Identification:
    """``tag``: the likeliest language (ISO 639), "und" for text without words.

    ``probability``: that the text is in the target language. ``by``: the step that decided;
    "margin" is the second identifier and word frequencies together; ``margin``: log10 of how much
    likelier the text is in the target than in the language that is nearest, if they were asked.
    """

    tag: str
    probability: float
    by: Step
    margin: float = inf


def identify(text: str, target: Language) -> Identification:
    """Identify one text on its own, by the same measure as a whole dialogue."""
    text = identifiers.readable(text)
    return _by_script(text, target) or _by_languages(text, _ask(text, target), target, "whole")


def identify_dialogue(
    turns: Sequence[str], target: Language
) -> tuple[Identification, tuple[Identification, ...]]:
    """Identify a whole dialogue, and each turn in its context.

    A turn needs less evidence than the whole: "ok" or a name passes in a dialogue in the target,
    and a sentence in another language does not.
    """
    texts = [identifiers.readable(turn) for turn in turns]
    by_script = [_by_script(text, target) for text in texts]
    guesses = [
        {} if found else _ask(text, target) for text, found in zip(texts, by_script, strict=True)
    ]
    judged = tuple(
        found or _turn(text, guessed, target)
        for text, found, guessed in zip(texts, by_script, guesses, strict=True)
    )
    return _whole(texts, judged, target), judged


@lru_cache(maxsize=512)
def verifiable(target: Language) -> bool:
    """Whether any identifier here knows the language, so that its verdicts mean something."""
    if scripts.PROOF.get(target.script) in target.detected_as:
        return True
    known = identifiers.model_tags() | identifiers.second_tags()
    return not known.isdisjoint(target.detected_as)


def _by_script(text: str, target: Language) -> Identification | None:
    """The identification where the letters alone decide it, else None."""
    foreign = scripts.foreign_share(text, target.script)
    if foreign is None:
        return Identification(UNDETERMINED, 1.0, "nothing")
    if target.script in ("Hans", "Hant") and scripts.wrong_chinese(text, target.script) > 0.5:
        other = "zh-Hant" if target.script == "Hans" else "zh-Hans"
        return Identification(other, 0.0, "script")
    most = _MOST_FOREIGN_HAN if target.script in _HAN else _MOST_FOREIGN
    kanji = target.script == "Jpan" and scripts.without_kana(text)
    if foreign > most or (kanji and not is_japanese(text)):
        return Identification(likeliest(identifiers.ask_model(text)), 0.0, "script")
    # No other large language has kana, but a Chinese turn can quote some.
    japanese = "ja" in target.detected_as and scripts.kana_share(text) >= _JAPANESE
    if japanese or kanji or scripts.PROOF.get(target.script) in target.detected_as:
        return Identification(target.code, 1.0 - foreign, "script")
    return None


def _ask(text: str, target: Language) -> Guesses:
    guesses = identifiers.ask_model(text)
    if "zh" in target.detected_as and scripts.without_kana(text):
        # Han characters without kana are Chinese; only Cantonese differs from it.
        cantonese = guesses.get("yue", 0.0)
        return {"zh": 1.0 - cantonese, "yue": cantonese} if cantonese else {"zh": 1.0}
    return guesses


def _turn(text: str, guesses: Guesses, target: Language) -> Identification:
    if scripts.count_letters(text) < _FEWEST_LETTERS:
        return Identification(likeliest(guesses), 1.0, "nothing")
    return _by_languages(text, guesses, target, "turn")


def _whole(
    texts: Sequence[str], judged: Sequence[Identification], target: Language
) -> Identification:
    """The dialogue's language: as its turns agree, weighted by length, or else as one text."""
    pairs = [(len(text), turn) for text, turn in zip(texts, judged, strict=True)]
    spoken = [(length, turn) for length, turn in pairs if turn.tag != UNDETERMINED]
    if not spoken:
        return Identification(UNDETERMINED, 1.0, "nothing")
    total = sum([length for length, _ in spoken])
    mean = sum([length * turn.probability for length, turn in spoken]) / total
    longest = max(spoken, key=itemgetter(0))[1]
    doubtful = sum([length for length, turn in spoken if turn.margin < _CLEAR])
    if longest.by == "script" or (mean >= _AGREED and doubtful <= _MOST_DOUBTFUL * total):
        return Identification(_name(target), mean, longest.by)
    joined = identifiers.readable(" ".join(texts))
    return _by_languages(joined, _ask(joined, target), target, "whole")


def margins_of(text: str, target: Language, kind: Kind) -> dict[str, float]:
    """The margins that decide about ``text``, by language; none where something else decides."""
    text = identifiers.readable(text)
    if _by_script(text, target):
        return {}
    return _margins(text, _ask(text, target), target, kind, exact=True)


def _margins(
    text: str, guesses: Guesses, target: Language, kind: Kind, *, exact: bool
) -> dict[str, float]:
    """Over the languages in question: a whole dialogue's are all relatives as well."""
    own = _own(guesses, target)
    if kind == "turn" and own >= _BEYOND_QUESTION:
        return {}
    others = _in_question(guesses, target)
    if kind == "turn" and own >= _SURE and others.isdisjoint(target.confusables):
        return {}
    others.update(target.confusables)
    found = margins(text, guesses, target, others, None if exact else kind)
    # A turn of twice as many characters is taken to have enough letters: counting takes time.
    if kind == "whole" or len(text) >= 2 * _SHORT:
        return found
    short = log10(max(1.0, _SHORT / scripts.count_letters(text)))
    return {other: margin + short for other, margin in found.items()}


def _by_languages(text: str, guesses: Guesses, target: Language, kind: Kind) -> Identification:
    """By the margin that is nearest to its lowest, as a probability; else by the fast model."""
    found = _margins(text, guesses, target, kind, exact=False)
    if not found:
        return Identification(_name(target), max(_SURE, min(1.0, _own(guesses, target))), "model")
    over = above_lowest(found, target, kind)
    nearest = min(over, key=over.__getitem__)
    odds = 10.0 ** max(-9.0, min(9.0, over[nearest]))
    odds *= _AT_LOWEST[kind] / (1.0 - _AT_LOWEST[kind])
    tag = nearest if found[nearest] < 0.0 else _name(target)
    return Identification(tag, odds / (1.0 + odds), "margin", min(found.values()))


def _own(guesses: Guesses, target: Language) -> float:
    return sum([guesses.get(label, 0.0) for label in target.detected_as])


def _in_question(guesses: Guesses, target: Language) -> set[str]:
    """The labels that the fast model names beside the target; at least its likeliest one."""
    foreign = {label: p for label, p in guesses.items() if label not in target.detected_as}
    found = {
        label for label, probability in foreign.items()
        if probability >= _IN_QUESTION
        or (probability >= _RELATIVE_IN_QUESTION and label in target.confusables)
    }  # fmt: skip
    return found or ({likeliest(foreign)} if foreign else set())


def _name(target: Language) -> str:
    return target.detected_as[0] if target.detected_as else target.code


def surely_in(turns: Sequence[str]) -> str | None:
    """The large language that a dialogue is in beyond doubt, for a target that nobody here knows.

    The fast model must be sure of the whole, and most turns must agree. A language that it does not
    know is taken for a relative with less certainty: of 248 such languages, four are (Kven for
    Finnish).
    """
    texts = [identifiers.readable(turn) for turn in turns]
    guesses = identifiers.ask_model(identifiers.readable(" ".join(texts)))
    tag = likeliest(guesses)
    if guesses.get(tag, 0.0) < _BEYOND_DOUBT or not is_listed(tag):
        return None
    agreeing = sum([likeliest(identifiers.ask_model(text)) == tag for text in texts])
    return tag if agreeing > _MOST_TURNS * len(texts) else None
