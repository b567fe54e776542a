"""How likely each line of a text is, from its tokens and what a model says of each of them.

Who served the model cut the text into tokens, and shows them in its own way: pieces of characters
as U+FFFD or as nothing, blanks lost, BOS before the text and an answer after it. Line breaks and
the visible characters of ASCII survive all that. So the lines are found by their breaks, and known
by what they hold of ASCII.
"""

import re
from collections.abc import Sequence
from itertools import chain
from unicodedata import normalize

# Servers say -9999 for what they hold impossible: that is no figure to be in a mean.
_LEAST_LOGPROB = -1000.0
_ROUNDED = 1e-3  # a certain token's logarithm may be a little above 0
_MOST_AFTER = 8  # tokens of an answer of one token, with what a server puts around it
# A token of a byte, as SentencePiece writes it, and of GPT-2's alphabet of bytes blank and break.
_BYTE = re.compile(r"<0x([0-9A-F]{2})>", re.I)
_ALPHABET = str.maketrans({"Ġ": " ", "Ċ": "\n"})

# A token as it was shown, and its natural-log probability after all before it; None: not told.
Token = tuple[str, float | None]


def by_line(text: str, tokens: Sequence[Token]) -> list[list[float | None]]:
    """What is told of the tokens of each line of ``text`` but the first.

    ``text``: lines that each end with a line break. A token belongs to the line in which it begins,
    what follows the last line to none. ValueError where the tokens are not those of the text.
    """
    lines = normalize("NFC", text).removesuffix("\n").split("\n")
    shown = [_unnamed(name) for name, _ in tokens]
    if not any("\n" in name for name in shown):
        shown = [name.translate(_ALPHABET) for name in shown]
    found = list(map(_visible, "".join(shown).split("\n")))
    first, *others = map(_visible, lines)
    if not found[0].endswith(first) or found[1 : len(lines)] != others or len(found) <= len(lines):
        raise ValueError("its tokens are not those of the text")
    told: list[list[float | None]] = [[] for _ in found]
    at = 0
    for name, (_, value) in zip(shown, tokens, strict=True):
        told[at].append(value)
        at += name.count("\n")
    if sum(map(len, told[len(lines) :])) > _MOST_AFTER:
        raise ValueError("it has more tokens than the text")
    return told[1 : len(lines)]


def line_logprobs(
    texts: Sequence[str], told: Sequence[Sequence[Sequence[float | None]]]
) -> tuple[tuple[tuple[str, float], ...], float]:
    """Each line but the first of each text, with the mean of what ``by_line`` gives of it; then the
    sum of all. ValueError where one is no natural-log probability, or a line has none.
    """
    lines = chain.from_iterable(text.removesuffix("\n").split("\n")[1:] for text in texts)
    numbers = [_numbers(values) for values in chain.from_iterable(told)]
    means = (sum(values) / len(values) for values in numbers)
    return tuple(zip(lines, means, strict=True)), sum(map(sum, numbers))


def _numbers(values: Sequence[float | None]) -> list[float]:
    numbers = [one for one in values if one is not None and _LEAST_LOGPROB < one <= _ROUNDED]
    if not values or len(numbers) < len(values):
        raise ValueError("of one of its tokens no probability above 0 is told")
    return numbers


def _unnamed(token: str) -> str:
    byte = _BYTE.fullmatch(token)
    return bytes.fromhex(byte[1]).decode("ascii", "ignore") if byte else token


def _visible(text: str) -> str:
    return "".join(letter for letter in text if "!" <= letter <= "~")
