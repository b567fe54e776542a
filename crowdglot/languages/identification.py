"""Language identification as verification: is this text in the language that was asked for?

This is easier than open identification: the target is known, and a turn is part of a dialogue. The
steps follow one another by their cost: the script; the fast model; for a turn, the language of the
whole dialogue; for a turn that is still doubtful, word lists, or langdetect where there are none;
for a whole dialogue, the word lists of the target's relatives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Literal

from crowdglot.languages import identifiers, scripts
from crowdglot.languages.frequencies import evidence, nearer_relative
from crowdglot.languages.identifiers import UNDETERMINED, likeliest, target_share
from crowdglot.languages.language import Language

# Between these probabilities the fast model is doubtful, so langdetect is asked too.
_SURE, _EXCLUDED = 0.80, 0.02
# Prior odds that a turn of so many letters is in the target where its dialogue is; a shorter turn
# has proportionally higher odds. Chosen on human turns of six languages, where a share of 0.1 by
# the fast model divides own turns from swapped ones.
_PRIOR_ODDS, _PRIOR_LETTERS = 9.0, 30
# The lowest probability of a turn: where the fast model gives the target nothing, it is wrong this
# often.
_FLOOR = 0.005
# Between these probabilities a turn is doubtful even in context, so its words are looked up;
# without lists, langdetect is asked between the narrower ones.
_LEAST_DOUBTFUL, _MOST_DOUBTFUL = 0.03, 0.9
_UNLIKELY, _LIKELY = 0.1, 0.7
# A turn with fewer letters, if in the right script, always counts as in the target.
_FEWEST_LETTERS = 7
# From this mean probability of its turns on, a dialogue is not identified as a whole again.
_AGREED = 0.9
# A text with a higher share of foreign letters is not in the target's script. Chinese and Japanese
# may have more: a band's name in Latin letters is as long as a sentence in Han characters.
_MOST_FOREIGN, _MOST_FOREIGN_HAN = 0.5, 0.75
_HAN = scripts.DENSE - {"Kore"}
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
    text = identifiers.readable(text)
    first = _by_script(text, target) or _by_model(text, target)
    sure = first.by != "model" or first.probability >= _SURE
    if sure or not identifiers.langdetect_knows(target):
        return first
    return _second_opinion(text, target)


def identify_dialogue(
    turns: Sequence[str], target: Language
) -> tuple[Identification, tuple[Identification, ...]]:
    """Identify a whole dialogue, and each turn in its context.

    A dialogue in the target language raises the probability of its turns by Bayes' rule; so "ok" or
    a name passes, and a sentence in another language does not.
    """
    texts = [identifiers.readable(turn) for turn in turns]
    alone = [_by_script(text, target) or _by_model(text, target) for text in texts]
    joined = " ".join(texts)
    whole = _agreement(alone, texts, target) or identify(joined, target)
    relative = nearer_relative(joined, target) if whole.probability >= 0.5 else None
    if relative is not None:
        whole = Identification(relative, 0.0, "words")
    if whole.probability < 0.5:
        return whole, tuple(identify(text, target) for text in texts)
    judged = [
        found if found.probability >= _SURE else _in_context(found, text, target)
        for found, text in zip(alone, texts, strict=True)
    ]
    return whole, tuple(judged)


@lru_cache(maxsize=512)
def verifiable(target: Language) -> bool:
    """Whether any identifier here knows the language, so that its verdicts mean something."""
    if scripts.PROOF.get(target.script) in target.detected_as or identifiers.langdetect_knows(
        target
    ):
        return True
    known = not identifiers.model_tags().isdisjoint(target.detected_as)
    return "model" in target.identifiers and known


def _by_script(text: str, target: Language) -> Identification | None:
    """The identification where the letters alone decide it, else None."""
    foreign = scripts.foreign_share(text, target.script)
    if foreign is None:
        return Identification(UNDETERMINED, 1.0, "nothing")
    if target.script in ("Hans", "Hant") and scripts.wrong_chinese(text, target.script) > 0.5:
        other = "zh-Hant" if target.script == "Hans" else "zh-Hans"
        return Identification(other, 0.0, "script")
    most = _MOST_FOREIGN_HAN if target.script in _HAN else _MOST_FOREIGN
    if foreign > most or (target.script == "Jpan" and scripts.without_kana(text)):
        return Identification(likeliest(identifiers.ask_model(text)), 0.0, "script")
    # No other large language has kana, but a Chinese turn can quote some.
    japanese = "ja" in target.detected_as and scripts.kana_share(text) >= _JAPANESE
    if japanese or scripts.PROOF.get(target.script) in target.detected_as:
        return Identification(target.code, 1.0 - foreign, "script")
    return None


def _by_model(text: str, target: Language) -> Identification:
    if target.identifiers == ("langdetect",):
        guesses = identifiers.ask_langdetect(text)
        return Identification(likeliest(guesses), target_share(guesses, target), "langdetect")
    guesses = identifiers.ask_model(text)
    if "zh" in target.detected_as and scripts.without_kana(text):
        # Han characters without kana are Chinese; only Cantonese differs from it.
        cantonese = guesses.get("yue", 0.0)
        guesses = {"zh": 1.0 - cantonese, "yue": cantonese}
    return Identification(likeliest(guesses), target_share(guesses, target), "model")


def _second_opinion(text: str, target: Language) -> Identification:
    """What the model and langdetect say together; the model alone where it leaves no doubt."""
    guesses = identifiers.ask_model(text)
    probability = target_share(guesses, target)
    tag = likeliest(guesses)
    most = guesses.get(tag, 0.0)
    excluded = probability <= _EXCLUDED and most >= _SURE
    # What langdetect does not know it would take for a relative: Galician for Spanish.
    if excluded or (most >= 0.5 and tag not in identifiers.langdetect_codes()):
        return Identification(tag, probability, "model")
    among = frozenset((*guesses, *target.detected_as, "en"))
    second = identifiers.ask_langdetect(text, among)
    merged = {
        code: (guesses.get(code, 0.0) + second.get(code, 0.0)) / 2 for code in {*guesses, *second}
    }
    return Identification(likeliest(merged), target_share(merged, target), "langdetect")


def _agreement(
    alone: Sequence[Identification], texts: Sequence[str], target: Language
) -> Identification | None:
    """The dialogue's language by its turns, weighted by length; None where they disagree."""
    pairs = zip(texts, alone, strict=True)
    spoken = [(len(text), found) for text, found in pairs if found.by != "nothing"]
    if not spoken:
        return Identification(UNDETERMINED, 1.0, "nothing")
    total = sum([length for length, _ in spoken])
    sure = sum([length * found.probability for length, found in spoken])
    if sure < _AGREED * total:
        return None
    longest = max(spoken, key=itemgetter(0))[1]
    return Identification(target.detected_as[0], sure / total, longest.by)


def _in_context(alone: Identification, text: str, target: Language) -> Identification:
    """The identification of a doubtful turn in a dialogue that is in the target."""
    if alone.by in ("nothing", "script"):
        return alone
    letters = scripts.count_letters(text)
    if letters < _FEWEST_LETTERS:
        return Identification(alone.tag, 1.0, "nothing")
    found = _updated(alone, letters)
    if not _LEAST_DOUBTFUL < found.probability < _MOST_DOUBTFUL:
        return found
    by_words = evidence(text, target, alone.tag)
    if by_words is not None:
        odds = found.probability / (1.0 - found.probability) / 10.0**by_words
        return Identification(alone.tag, odds / (odds + 1.0), "words")
    # langdetect comes last, because it costs a hundred times as much.
    if _UNLIKELY < found.probability < _LIKELY and identifiers.langdetect_knows(target):
        return _updated(_second_opinion(text, target), letters)
    return found


def _updated(alone: Identification, letters: int) -> Identification:
    """Bayes' rule; the prior weighs most in short turns, as "Kemal" or "haha" proves nothing."""
    own = max(_FLOOR, alone.probability)
    likely = own * _PRIOR_ODDS * max(1.0, _PRIOR_LETTERS / letters)
    return Identification(alone.tag, likely / (likely + 1.0 - own + 1e-9), alone.by)
