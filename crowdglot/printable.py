"""Text of strangers made fit to be shown: what a terminal would obey is written out instead."""

import re

# C0 and C1 but for the line's end and the tab, the marks that turn the direction of text around,
# what is invisible or breaks lines unseen, and halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_HALF = re.compile("[\ud800-\udfff]")
_CUT = "…"


def visible(text: object, *, most: int = 0, lines: bool = False) -> str:
    """``text`` with such characters as escapes ("\\x1b"), the same if it has none.

    ``most``: its longest length, where it is cut; 0 for any. ``lines``: whether ends of lines and
    tabs stay, as in a turn; else it is one line.
    """
    shown = str(text)
    if most and len(shown) > most:
        shown = shown[:most] + _CUT
    shown = _UNSEEN.sub(_escape, shown)
    return shown if lines else shown.replace("\n", "\\n").replace("\t", "\\t")


def whole(text: str) -> str:
    """``text`` with each half of a surrogate pair, which no file can hold, as U+FFFD."""
    return _HALF.sub("\ufffd", text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else (
        f"\\U{code:08x}"
    )  # fmt: skip
