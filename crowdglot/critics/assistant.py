"""Talk of an assistant: offers of service between people who are no clients, and refusals."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import name as character_name
from unicodedata import normalize

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.languages.language import packed_tags, resolve_language

_WORD = re.compile(r"\w+")
_APOSTROPHES = "’ʼ＇´‘"
# In these scripts a phrase that begins within a word is another phrase ("como ia" in "economia").
_BOUNDED = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "GEORGIAN")
# Scripts without blanks: Thai, Lao, Myanmar, Khmer, kana, Chinese characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

_Phrase = tuple[str, str]  # the folded phrase, and the reason that it gives


@dataclass(frozen=True, slots=True)
class Assistant:
    """Reasons: "refusal" and "offer" ("how can I help you today").

    The phrases are those of all packs, not only the target's: a model that falls out of its part
    often falls out of the language too.
    """

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge by phrases; an offer is in place between a client and a provider."""
        served = dialogue.scenario.common_ground.relation == "client_and_provider"
        whole = _folded("\n".join([turn.text for turn in dialogue.turns]))
        for phrase, reason in sorted(_standing_in(whole)):
            if served and reason == "offer":
                continue
            for number, turn in enumerate(dialogue.turns, start=1):
                if _says(_folded(turn.text), phrase):
                    return Verdict("assistant", reason, f"turn {number}: {turn.text[:120]}")
        return Verdict("assistant")


def _standing_in(whole: str) -> list[_Phrase]:
    """The phrases that ``whole`` holds, not all of them from a word's beginning."""
    anchored, loose = _phrases()
    words = _WORD.findall(whole)
    near: list[_Phrase] = []
    if not whole.isascii():
        near += loose
        if _UNSPACED.search(whole):
            words += whole
    for word in anchored.keys() & words:
        near += anchored[word]
    return [(phrase, reason) for phrase, reason in near if phrase in whole]


def _folded(text: str) -> str:
    """One case, one kind of apostrophe and of blank, composed letters."""
    if not text.isascii():
        text = normalize("NFC", text).replace("\u200b", "").replace("\u00a0", " ")
        for apostrophe in _APOSTROPHES:
            text = text.replace(apostrophe, "'")
    return text.casefold()


def _says(text: str, phrase: str) -> bool:
    """Whether ``phrase`` stands in ``text`` from a word's beginning; words may go on after it."""
    at = text.find(phrase)
    while at >= 0:
        if at == 0 or not (_bounded(phrase[0]) and _bounded(text[at - 1])):
            return True
        at = text.find(phrase, at + len(phrase))
    return False


def _bounded(character: str) -> bool:
    return character_name(character, "").startswith(_BOUNDED)


@lru_cache(maxsize=1)
def _phrases() -> tuple[dict[str, list[_Phrase]], list[_Phrase]]:
    """The phrases of all packs: by a word that must stand in the text whole, or by a character
    where blanks part no words; and the few that have neither, none of them in ASCII.

    One look-up of the text's words then does for a thousand phrases. A phrase's last word may go
    on in the text, so it is no such word; nor is the first where a prefix may be joined to it.
    """
    anchored: dict[str, list[_Phrase]] = defaultdict(list)
    loose: list[_Phrase] = []
    known: dict[str, str] = {}
    for tag in packed_tags():
        if pack := resolve_language(tag).pack:
            known |= {_folded(phrase): "offer" for phrase in pack.phrases.offers}
            known |= {_folded(phrase): "refusal" for phrase in pack.phrases.refusals}
    for phrase, reason in sorted(known.items()):
        words = _WORD.findall(phrase)
        whole = words[not _bounded(phrase[0]) : len(words) - phrase.endswith(words[-1])]
        if _UNSPACED.search(phrase):
            # Chinese characters come last in Unicode, and say more than kana.
            anchored[max(phrase)].append((phrase, reason))
        elif whole:
            anchored[max(whole, key=len)].append((phrase, reason))
        else:
            loose.append((phrase, reason))
    return dict(anchored), loose
