"""Names and the letters that stand for them where the prompt calls the speakers A and B."""

import re
from collections.abc import Sequence
from dataclasses import replace

import regex

from crowdglot.dialogues.dialogue import Dialogue, Turn

# A letter that calls somebody: "Hello B!", "Yes, A." It stands alone before a mark, and behind one
# or behind at most two words of a greeting. "A" at the very beginning is a word of many languages.
# ``critics.artefacts`` looks by the same pattern for what could not be named.
CALLED = (
    r"[A-D](?=\s?(?:[,，!！?？。…]|\.(?!\w)|$))(?<=(?:^(?:[\p{L}\p{M}'’]{1,30} ){1,2}"
    r"|[,，;!！?？。…¡¿]\s{0,2}|\.\s{1,2})[A-D])|^[B-D](?=\s?[,，!！?？])"
)
_CALLED = regex.compile(CALLED, regex.MULTILINE | regex.VERSION1)


def lettered(text: str, names: Sequence[str]) -> str:
    """``text`` with the letters A, B … where it names the speakers."""
    for letter, name in zip("ABCD", names, strict=False):
        text = re.sub(rf"\b{re.escape(name)}\b", letter, text)
    return text


def named(dialogue: Dialogue) -> Dialogue:
    """The dialogue with names where a turn calls another speaker by the letter."""
    names = dict(zip(dialogue.scenario.speakers, dialogue.scenario.names, strict=True))

    def said(turn: Turn) -> Turn:
        def name(found: regex.Match[str]) -> str:
            letter = found[0]
            known = letter in names and not names[letter].startswith("speaker ")
            return names[letter] if known and letter != turn.speaker else letter

        text = _CALLED.sub(name, turn.text)
        return turn if text == turn.text else replace(turn, text=text)

    return replace(dialogue, turns=tuple(map(said, dialogue.turns)))
