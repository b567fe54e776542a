"""Assistant talk: offers of service where nobody is a client, and refusals."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

import regex

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue, Turn
from crowdglot.dialogues.grams import squeezed, squeezed_turns, squeezed_words
from crowdglot.languages.language import packed_tags, resolve_language

_APOSTROPHES = "’ʼ＇´‘"
# In these scripts a phrase that begins within a word is another phrase ("como ia" in "economia").
_BOUNDED = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}\p{Georgian}]"
# Scripts without blanks: Thai, Lao, Myanmar, Khmer, kana, Chinese characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Frequent characters, by which no phrase is looked for if it has others.
_COMMON = frozenset("我你您的是有这這里裡能在不会會要么什ー私とンか")
# In a phrase, this stands for some words that may be said between its parts.
_GAP, _LONGEST_GAP = "…", r"[\s\S]{0,60}?"

_Phrase = tuple[str, str]  # the folded phrase, and the reason that it gives
# What a text must hold, as texts are compared: the phrase's whole words, its parts; and itself.
_Anchored = tuple[frozenset[str], tuple[str, ...], _Phrase]


@dataclass(frozen=True, slots=True)
class Assistant:
    """Reasons: "refusal" and "offer" ("how can I help you today").

    The phrases are those of all packs, not only the target's: a model that drops its role often
    drops the language too.
    """

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge by phrases; an offer is right between a client and a provider."""
        served = dialogue.scenario.common_ground.relation == "client_and_provider"
        for reason, number, _ in assistant_phrases().found(dialogue.turns):
            if not (served and reason == "offer"):
                told = dialogue.turns[number - 1].text[:120]
                return Verdict("assistant", reason, f"turn {number}: {told}")
        return Verdict("assistant")


@lru_cache(maxsize=1)
def assistant_phrases() -> "PhraseIndex":
    """The offers and refusals of all packs."""
    known: dict[str, str] = {}
    for tag in packed_tags():
        if pack := resolve_language(tag).pack:
            known |= dict.fromkeys(pack.phrases.offers, "offer")
            known |= dict.fromkeys(pack.phrases.refusals, "refusal")
    return PhraseIndex(known)


class PhraseIndex:
    """Phrases, each with the reason that it gives; a phrase may have gaps, written "…".

    One look-up of a text's words does for thousands of them. First by a word that the text must
    hold as a whole; where no blanks separate words, by a character. Then the few that have no such
    word, none of them in ASCII, and a pattern for a character of each. A phrase's last word may go
    on in the text, so it is no such word; nor is the first where a prefix may be joined to it.
    """

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._anchored: dict[str, list[_Anchored]] = defaultdict(list)
        self._loose: list[_Anchored] = []
        known = {_folded(phrase): reason for phrase, reason in phrases.items()}
        for phrase, reason in sorted(known.items()):
            parts = tuple(map(squeezed, _parts(phrase)))
            words = " ".join(parts).split()
            whole = words[not is_bounded(phrase) : len(words) - phrase[-1].isalnum()]
            if _UNSPACED.search(phrase):
                whole = [*(set("".join(words)) - _COMMON)]
            if whole:
                # Chinese characters come last in Unicode, and say more than kana.
                anchor = max(whole, key=lambda word: (len(word), word))
                self._anchored[anchor].append((frozenset(whole), parts, (phrase, reason)))
            else:
                self._loose.append((frozenset(), parts, (phrase, reason)))
        signs = {next((s for s in parts[0] if not s.isascii()), "") for _, parts, _ in self._loose}
        # A phrase of one word in ASCII is looked for in every text.
        self._signs = None if "" in signs else re.compile(f"[{''.join(sorted(signs)) or chr(0)}]")

    def found(self, turns: Sequence[Turn]) -> Iterator[tuple[str, int, str]]:
        """(reason, number of the turn, phrase) of what is said in the turns, by phrase."""
        for phrase, reason in sorted(self._possible(turns)):
            for number, turn in enumerate(turns, start=1):
                if _says(_folded(turn.text), phrase):
                    yield reason, number, phrase

    def _possible(self, turns: Sequence[Turn]) -> list[_Phrase]:
        """The phrases of which all parts stand in the turns, some perhaps from within a word on."""
        text = " ".join(squeezed_turns(turns))
        said = squeezed_words(turns)
        near: list[_Anchored] = []
        if self._signs is None or (not text.isascii() and self._signs.search(text)):
            near += self._loose
        if not text.isascii() and _UNSPACED.search(text):
            said = said.union(text)
        for word in self._anchored.keys() & said:
            near += self._anchored[word]
        return [
            phrase
            for words, parts, phrase in near
            if words <= said and parts[0] in text and all(part in text for part in parts)
        ]


def _folded(text: str) -> str:
    """One case, one kind of apostrophe and of blank, composed letters."""
    if not text.isascii():
        text = normalize("NFC", text).replace("\u200b", "").replace("\u00a0", " ")
        for apostrophe in _APOSTROPHES:
            text = text.replace(apostrophe, "'")
    return text.casefold()


def _parts(phrase: str) -> list[str]:
    return [part.strip() for part in phrase.split(_GAP)]


def _says(text: str, phrase: str) -> bool:
    """Whether ``phrase`` stands in ``text`` from a word's beginning; its last word may go on."""
    starts = f"(?<!{_BOUNDED})" if is_bounded(phrase) else ""
    parts = _LONGEST_GAP.join(map(regex.escape, _parts(phrase)))
    return regex.search(starts + parts, text) is not None


def is_bounded(phrase: str) -> bool:
    """Whether the phrase begins with a letter of a script in which words begin after a blank."""
    return regex.match(_BOUNDED, phrase) is not None
