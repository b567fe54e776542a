"""Whether what a model wrote is a persona's sentence, and its tidy form."""

import re

from crowdglot.personas.normalise import normalise_fact
from crowdglot.user_files import unprintable

MOST_CHARACTERS = 160
_FEWEST_LETTERS = 4
_NUMBER = re.compile(r"^[\W_]*(?:\d{1,2}[.):\]]\s*)?")
_FIRST_PERSON = re.compile(r"\b(?:I|I['’]\w+|me|my|mine|myself|we|our|us)\b", re.IGNORECASE)
_SENTENCES = re.compile(r"[.!?…]['\"”’»)]* +(?=[^\W\d_])")
_ABBREVIATED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|U\.S|e\.g|a\.m|p\.m)\. ")
# What a chat model says in place of an answer.
_MODEL = re.compile(
    r"\b(?:language model|as an AI|AI assistant|I(?:['’]m| am) an AI|I(?:['’]m| am) sorry"
    r"|I can(?:not|['’]t) (?:help|assist|provide|write|answer|fulfil))\b",
    re.IGNORECASE,
)


def tidied(text: str, *, english: bool = True) -> str:
    """One line, without the number or dash of a list and without quotation marks around it."""
    line = _NUMBER.sub("", " ".join(text.split())).strip("\"“”«»'‘’ ")
    return normalise_fact(line, english=english)


def fault_of_sentence(text: str, *, english: bool = True) -> str:
    """Why a tidied text is no sentence about oneself: a name for counting; "" where it is one."""
    if sum(map(str.isalpha, text)) < _FEWEST_LETTERS or unprintable(text):
        return "too_short"
    if len(text) > MOST_CHARACTERS:
        return "too_long"
    if _MODEL.search(text):
        return "talk_of_a_model"
    if text.rstrip("\"”»' ").endswith(("?", "？", "؟")):
        return "a_question"
    if _SENTENCES.search(_ABBREVIATED.sub("", text)):
        return "several_sentences"
    if english and not _FIRST_PERSON.search(text):
        return "not_of_oneself"
    return ""
