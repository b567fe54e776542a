"""Traces of the machine: placeholders, markup, labels; and contact details of somebody."""

from dataclasses import dataclass

import regex

from critics.verdict import Verdict
from dialogues.dialogue import Dialogue

_PATTERNS = {
    # "[name]", "<your city>", "{food}", "XXX", "____"
    "placeholder": r"\[[^\]\n]{1,40}\]|【[^】\n]{1,40}】|<[^<>\n]{2,40}>"
    r"|\{[^{}\n]{0,40}\}|\bX{3,}\b|_{3,}",
    # Bold, headings, bullets, code, tables; HTML entities; escapes that were never unescaped.
    "markup": r"\*\*|__\w|^\s*#{1,6}\s|^\s*[-*•]\s+\S|```|\|\s*-{3,}"
    r"|&(?:[a-z]{2,8}|#\d+);|\\[nt\"u]",
    # "Speaker 1:", "A:", "B1:", "User 2 :", also with a full-width colon; stage directions.
    "label": r"^\s*(?:(?:speaker|user|person|usuario|utilisateur|sprecher|персона)\s*\d?"
    r"|[A-D]\d{0,2})\s*[:：]"
    r"|(?<![\p{L}\p{N}])[A-D]\d{1,2}\s*[:：]|^\s*\*[^*\n]{2,60}\*",
    "e_mail": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "link": r"https?://|www\.\w|\b[a-z0-9-]{2,}\.(?:com|org|net|info)\b",
    # Eight digits or more, however they are grouped; years and prices have fewer.
    "phone": r"(?<![\p{N}.,])\+?\(?\p{N}(?:[\s().\-–]{0,2}\p{N}){7,}(?![\p{N}])",
    "control": r"[\p{Cc}\p{Co}\p{Cn}\uFFFD\u202A-\u202E\u2066-\u2069\uFEFF]",
}  # fmt: skip
_FLAGS = regex.IGNORECASE | regex.MULTILINE
_COMPILED = {name: regex.compile(pattern, _FLAGS) for name, pattern in _PATTERNS.items()}
# One pass over the whole text settles the usual case, in which there is nothing to find.
_ANY = regex.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS.values()), _FLAGS)


@dataclass(frozen=True, slots=True)
class Artefacts:
    """Reasons: the keys of the table above, "phone" and the like, and "speaker_name"."""

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn by the patterns, and whether it begins with a speaker's name as label."""
        labels = tuple(
            f"{name}{colon}" for name in dialogue.scenario.names for colon in (":", " :", "：")
        )
        for number, turn in enumerate(dialogue.turns, start=1):
            if turn.text.startswith(labels):
                return Verdict("artefacts", "speaker_name", f"turn {number}: {turn.text[:60]}")
            if not _ANY.search(turn.text):
                continue
            for reason, pattern in _COMPILED.items():
                if found := pattern.search(turn.text):
                    evidence = f"turn {number}: {found[0][:60]!r}"
                    return Verdict("artefacts", reason, evidence)
        return Verdict("artefacts")
