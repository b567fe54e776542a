"""Assistant talk: offers of service where nobody is a client, and refusals."""

import re
from collections import defaultdict
from collections.abc import Sequence
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
        for phrase, reason in sorted(_possible(dialogue.turns)):
            if served and reason == "offer":
                continue
            for number, turn in enumerate(dialogue.turns, start=1):
                if _says(_folded(turn.text), phrase):
                    return Verdict("assistant", reason, f"turn {number}: {turn.text[:120]}")
        return Verdict("assistant")


def _possible(turns: Sequence[Turn]) -> list[_Phrase]:
    """The phrases of which all parts stand in the turns, some perhaps from within a word on."""
    anchored, loose, signs = _phrases()
    text = " ".join(squeezed_turns(turns))
    said = squeezed_words(turns)
    near: list[_Anchored] = []
    if not text.isascii():
        if signs.search(text):
            near += loose
        if _UNSPACED.search(text):
            said = said.union(text)
    for word in anchored.keys() & said:
        near += anchored[word]
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
    starts = f"(?<!{_BOUNDED})" if _bounded(phrase) else ""
    parts = _LONGEST_GAP.join(map(regex.escape, _parts(phrase)))
    return regex.search(starts + parts, text) is not None


def _bounded(phrase: str) -> bool:
    return regex.match(_BOUNDED, phrase) is not None


@lru_cache(maxsize=1)
def _phrases() -> tuple[dict[str, list[_Anchored]], list[_Anchored], re.Pattern[str]]:
    """The phrases of all packs, so that one look-up of a text's words does for thousands of them.

    First by a word that the text must hold as a whole; where no blanks separate words, by a
    character. Then the few that have no such word, none of them in ASCII, and a pattern for a
    character of each. A phrase's last word may go on in the text, so it is no such word; nor is
    the first where a prefix may be joined to it.
    """
    anchored: dict[str, list[_Anchored]] = defaultdict(list)
    loose: list[_Anchored] = []
    known: dict[str, str] = {}
    for tag in packed_tags():
        if pack := resolve_language(tag).pack:
            known |= {_folded(phrase): "offer" for phrase in pack.phrases.offers}
            known |= {_folded(phrase): "refusal" for phrase in pack.phrases.refusals}
    for phrase, reason in sorted(known.items()):
        parts = tuple(map(squeezed, _parts(phrase)))
        words = " ".join(parts).split()
        whole = words[not _bounded(phrase) : len(words) - phrase[-1].isalnum()]
        if _UNSPACED.search(phrase):
            whole = [*(set("".join(words)) - _COMMON)]
        if whole:
            # Chinese characters come last in Unicode, and say more than kana.
            anchor = max(whole, key=lambda word: (len(word), word))
            anchored[anchor].append((frozenset(whole), parts, (phrase, reason)))
        else:
            loose.append((frozenset(), parts, (phrase, reason)))
    signs = {next(sign for sign in parts[0] if not sign.isascii()) for _, parts, _ in loose}
    return dict(anchored), loose, re.compile(f"[{''.join(sorted(signs))}]")
