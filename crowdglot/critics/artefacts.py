"""Traces of the machine (placeholders, markup, labels, wrong encodings), and contact details.

The patterns search the NFKC form, so that they find wide forms too ("［名前］", "Ａ："), of the
first 4000 characters of a turn. No pattern scans further than some hundred characters from where it
begins, so time is linear.
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

import regex

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.grams import MOST_COMPARED
from crowdglot.dialogues.prompt.letters import CALLED
from crowdglot.languages.encodings import twice_encoded

_START = r"^[^\S\n]{0,8}"
_BULLET = rf"{_START}(?:[-*•‣▪]|\d{{1,2}}[.)])[^\S\n]+\S"
_BOTH = r"(?<![A-Za-z0-9.'’-])A\s?[^\W\d_]{1,3}\s?B(?![A-Za-z0-9.'’-])"
_PATTERNS = {
    # "[name]", "<your city>", "{food}", "XXX", "____", "〇〇さん" (but not the year 二〇〇五)
    "placeholder": r"\[[^\]\n]{1,40}\]|【[^】\n]{1,40}】|〔[^〕\n]{1,40}〕|<(?!3)[^<>\n]{1,40}>"
    r"|\{[^{}\n]{0,40}\}|(?-i:\bX{3,}\b)|_{3,}"
    r"|(?<![〇一二三四五六七八九十\d])[〇○◯]{2,3}(?![〇一二三四五六七八九十年\d])",
    # Bold, headings, bullets, numbered lists, code, tables, links; HTML entities; raw escapes.
    "markup": rf"\*\*|__\w|~~\w|\]\(|{_START}#{{1,6}}\s|{_START}[-*•‣▪][^\S\n]+\S"
    rf"|{_BULLET}[^\n]{{0,200}}\n{{1,2}}{_BULLET}"
    r"|```|\|[^\S\n]{0,8}-{3,}|&(?:[a-z]{2,8}|#\d{1,7});|\\[nt\"u(\[]",
    # "Speaker 1:", "A:", "B1:", "User 2 :"; labels in other languages are found by repetition.
    "label": rf"{_START}(?:(?:speaker|user|person|usuario|utilisateur|sprecher|персона)\s?\d?"
    r"|[A-D]\d{0,2})\"?\s?:|(?<![\p{L}\p{N}])[A-D]\d{1,2}\"?\s?:",
    # The letter by which the prompt names a speaker, where it addresses one: "Hello B!", "Yes, A."
    # Before "!" also behind more words than a name may be put after: "That is plan B!" is no call.
    # Or one by which it tells of both: "A和B打算一起计划".
    "letter": rf"(?-i:{CALLED}|(?<![\p{{L}}\p{{N}}.'’-])[A-D](?=\s?[!！])|{_BOTH})",
    # "*laughs*" anywhere; "(laughs)" only at the beginning of a turn.
    "stage_direction": r"(?<![\w*])\*[^\s*][^*\n]{1,60}\*(?![\w*])"
    rf"|{_START}\((?=[^()\n]*\p{{L}}{{2}})[^()\n]{{2,40}}\)",
    "e_mail": r"(?<=[\w+-])@[\p{L}\p{N}-]{1,63}\.[\p{L}\p{N}]{2}",
    "link": r"https?://|www\.\w|(?<=[\w-]{2})[.。](?:com|org|net|info|рф|中国)(?!\w)",
    # Eight digits or more, however they are grouped; but no date, span of years or round amount.
    "phone": r"(?<![\d.,])(?!\d{1,2}([. -])\d{1,2}\1(?:19|20)\d\d(?!\d)|\d{4}-\d\d-\d\d(?!\d)"
    r"|(?:1\d|20)\d\d ?[-–] ?(?:1\d|20)\d\d(?!\d)|\d{1,3}(?:[. ]\d{3}){1,4}(?<=000)(?!\d))"
    r"\+?\(?\d(?:[\s().\-–]{0,2}\d){7,}(?!\d)",
    # Invisible characters without a use in speech.
    "control": r"[\p{Cc}\p{Co}\p{Cn}\p{Cs}\uFFFD\u202A-\u202E\u2066-\u2069\uFEFF\u2060\u00AD"
    r"--\n]",
}  # fmt: skip
_FLAGS = regex.IGNORECASE | regex.MULTILINE | regex.VERSION1
_COMPILED = {name: regex.compile(pattern, _FLAGS) for name, pattern in _PATTERNS.items()}

# Without one of these no pattern can match: microseconds are enough for the usual dialogue.
_SIGNS = re.compile(r"[\[{<【〔〇○◯_*~#`|&\\@\uFFFD\n•‣▪]")
_DIGITS = re.compile(r"\d(?:[\s().\-–]{0,2}\d){7}")
_DOMAIN = re.compile(r"[.。](?:com|org|net|info|рф|中国)", re.IGNORECASE)
# Precedes each turn where all are searched as one text; it is ASCII, and rare in speech.
_SEAM = "^"
_LETTER = re.compile(rf"(?<!\w)[A-D]\s?(?:[,，!?！？.。…^]|$)|{_BOTH}")
_OPENING = re.compile(r"\^\s*[(-]")
_LABEL = regex.compile(rf"{_START}(\p{{L}}[\p{{L}}\p{{M}}' ]{{0,24}}?) ?\d{{0,2}} ?:(?![\w)(/])")
_SENTENCE_END = frozenset(".!?。！？…\n\"'«»“”")


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Reasons: "double_encoded", "speaker_name", "placeholder", "markup", "label",
    "letter", "stage_direction", "e_mail", "link", "phone", "control"."""

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn by the patterns, then whether turns begin with labels."""
        cut = [turn.text[:MOST_COMPARED] for turn in dialogue.turns]
        script = dialogue.scenario.language.script
        if rows := twice_encoded("\n".join(cut), script):  # before NFKC, which changes such rows
            told = (
                f"{_printable(row)} for {meant}" if meant else row for row, meant in rows.items()
            )
            return Verdict("artefacts", "double_encoded", ", ".join(told))
        # One look at all turns together is enough for most dialogues.
        if not _suspicious(_one_form(_SEAM.join(["", *cut]))):
            return Verdict("artefacts")
        texts = [_one_form(text) for text in cut]
        if verdict := _labels(texts, dialogue.scenario.names):
            return verdict
        for number, text in enumerate(texts, start=1):
            for reason, pattern in _COMPILED.items():
                if found := pattern.search(text):
                    around = text[max(0, found.start() - 20) : found.end() + 20]
                    around = ascii(around) if reason == "control" else around
                    return Verdict("artefacts", reason, f"turn {number}: {around:.150}")
        return Verdict("artefacts")


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _suspicious(whole: str) -> bool:
    return bool(
        ":" in whole
        or _OPENING.search(whole)
        or "XXX" in whole
        or "www." in whole.lower()
        or not whole.isprintable()
        or _SIGNS.search(whole)
        or _DIGITS.search(whole)
        or _DOMAIN.search(whole)
        or _LETTER.search(whole)
    )


def _one_form(text: str) -> str:
    """NFKC without zero-width spaces, which hide words and are found in human text too."""
    return text if text.isascii() else normalize("NFKC", text).replace("\u200b", "")


def _labels(texts: list[str], names: tuple[str, ...]) -> Verdict | None:
    """A speaker's name with a colon where a sentence begins, or two turns that begin alike."""
    folded = tuple(_one_form(name).casefold() for name in names)
    heads: list[str] = []
    for number, text in enumerate(texts, start=1):
        if ":" not in text:
            continue
        for piece in text.split(":")[:-1]:
            before = piece[-60:].casefold().rstrip()
            before = before.rsplit("(", 1)[0].rstrip() if before.endswith(")") else before
            for name in folded:
                if before.endswith(name):
                    head = before[: -len(name)].rstrip(" ")
                    if not head or head[-1] in _SENTENCE_END:
                        return Verdict("artefacts", "speaker_name", f"turn {number}: {text[:60]}")
        if found := _LABEL.match(text):
            heads.append(found[1].casefold())
    if len(heads) > 1 and (len(heads) > 2 or heads[0] == heads[1]):
        return Verdict("artefacts", "label", f"turns begin with: {', '.join(heads)}")
    return None
