"""Text of models and strangers made fit to be shown, on a terminal or in a page, or to be kept."""

import re
from collections.abc import Collection

MOST_LABEL = 300  # characters of a name that is kept
_MOST_NAME, _MOST_NAMES = 60, 12

# Control characters, changes of direction, blanks without width and tags: no reader sees them, but
# a terminal or a browser obeys them. The joiners of Persian, of India's scripts and of emoji stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: object, most: int = 0) -> str:
    """The text with control characters as "⟨U+202E⟩" and lone surrogates as U+FFFD; "" for None.

    ``most``: cut after so many characters and say how many are left out; 0: never.
    """
    text = "" if text is None else str(text)
    left_out = len(text) - most if most else 0
    if left_out > 0:
        text = text[:most]
    # First made whole: two halves together may be a character that nobody sees.
    shown = _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", whole(text))
    return f"{shown}… ({left_out:,} more characters)" if left_out > 0 else shown


def one_line(text: object, most: int = 0) -> str:
    """The same on one line, without blanks around it."""
    return " ".join(visible(text, most).split())


def name_shown(name: object) -> str:
    """A name that a file brings, as errors show it: on one line, and short."""
    text = one_line(str(name)[: 2 * _MOST_NAME])
    return text if len(text) <= _MOST_NAME else f"{text[:_MOST_NAME]}…"


def names_shown(names: Collection[object]) -> str:
    """The first twelve names, as errors list them."""
    some = ", ".join(name_shown(name) or '""' for name in list(names)[:_MOST_NAMES])
    return f"{some} …" if len(names) > _MOST_NAMES else some


def label(text: str, most: int = MOST_LABEL) -> str:
    """``text`` as it is kept: one line of printable characters, cut, nothing of it explained."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * most])
    return " ".join(printable.split())[:most]


def whole(text: str) -> str:
    """``text`` with lone halves of surrogate pairs, which no file can hold, as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
