"""The JSON object in a draft, and what chat models and servers leave around it.

What has only one reading is read: thinking before the answer, special tokens, a code fence, words
around the object, a comma before the last brace, a line break within a text. Each has a name, so
that it can be counted. What could be read in two ways is a fault.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# What ends the thinking, in the words of many model families; its beginning is often in the prompt.
_TAG = r"(?:seed:)?(?:think|thinking|thought|thoughts|reason|reasoning|reflection)"
_THOUGHT = re.compile(
    rf"</{_TAG}>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>|<\|inner_suffix\|>"
    r"|<unused95>|<channel\|>|<\|channel\|>final(?: [^<]*)?<\|message\|>",
    re.I,
)
_THINKS = re.compile(
    rf"(?:<\|start\|>assistant)?(?:<{_TAG}>|\[THINK\]|◁think▷|<\|START_THINKING\|>"
    r"|<\|begin_of_thought\|>|<\|inner_prefix\|>|<unused94>(?:thought)?|<\|channel>thought"
    r"|<\|channel\|>analysis<\|message\|>)\s*",
    re.I,
)
# Tokens of chat templates: "<|im_end|>", "</s>", "<end_of_turn>", "<｜end▁of▁sentence｜>" …
_MARK = (
    r"(?:<[|｜][^<>|｜\n]{1,40}[|｜]>|</?s>|<(?:end_of_turn|start_of_turn|eos|bos|pad|eot|eod)>"
    r"|\[/?INST\]|\[(?:EOS|UNK|PAD)\]|</?(?:answer|response|output|json)>)"
)
_END = re.compile(_MARK, re.I)
_FENCE = r"(?:```|~~~)"
# What may stand on either side of the object without being words.
_BEFORE = re.compile(rf"(?:\s|\ufeff|{_MARK}|{_FENCE}[\w+-]*|(?:assistant|model)\b)+", re.I)
_BEHIND = re.compile(rf"(?:{_FENCE}|{_MARK})\Z", re.I)
_MOST_BEHIND, _LONGEST = 16, 64  # marks at the end, and characters of one
# A string to its end or that of the text, or a comma too many.
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))|,(?=\s*[}\]])', re.DOTALL)
_MOST_SEARCHED, _MOST_BRACES = 200_000, 100

# An object is a tuple of its pairs, so that a key that stands twice is seen.
_STRICT = json.JSONDecoder(object_pairs_hook=tuple)
_LAX = json.JSONDecoder(object_pairs_hook=tuple, strict=False)


@dataclass(frozen=True, slots=True)
class Read:
    """What a draft holds. ``value``: parsed, an object as a tuple of pairs. ``fault``: why there
    is none, its name first; else "". ``around``: what had to be looked past: "thinking", "fence",
    "token", "prose", "line_break", "last_comma"."""

    value: Any = None
    fault: str = ""
    around: tuple[str, ...] = ()


def read_json(draft: str) -> Read:
    """The one JSON object of ``draft``, or whatever else it is as a whole; never raises."""
    text = draft.strip().strip("\ufeff\u200b")
    whole, fault = _load(_STRICT, text)
    if not fault:
        return Read(whole)
    # A turn may speak of a mark that ends the thinking: what is JSON as a whole has none.
    if read := _whole(text, ()):
        return read
    answer, thinking = _after_thinking(text)
    if answer is None:
        return Read(fault=f"only_thinking: no answer behind it, which ends with {text[-60:]!r}")
    if read := (thinking and _whole(answer, thinking)) or _within(answer, thinking):
        return read
    return Read(fault=f"not_json: {fault}; the draft ends with {draft[-40:]!r}")


def _whole(text: str, before: tuple[str, ...]) -> Read | None:
    """``text`` as JSON from end to end, but for its edges; None if it is not that."""
    bare = _bare(text)
    for decoder, repaired, name in _readings(bare):
        value, fault = _load(decoder, repaired)
        if not fault:
            return Read(value, around=(*before, *_edges(text, bare), *name))
    return None


def _within(text: str, before: tuple[str, ...]) -> Read | None:
    """The one object in ``text``, or the fault of several; None where there is none."""
    bare = _bare(text)
    for decoder, repaired, name in _readings(bare):
        objects = list(_objects(decoder, repaired))
        if len(objects) > 1:
            return Read(fault=f"several_objects: {len(objects)} JSON objects in one answer")
        if objects:
            value, start, end = objects[0]
            behind, *run_on = _END.split(repaired[end:_MOST_SEARCHED], maxsplit=1)
            around = [*before, *_edges(text, bare)]
            around += ["token"] * (bool(run_on) and "token" not in around)
            around += ["prose"] * bool(_bare(repaired[:start]) or _bare(behind))
            return Read(value, around=(*around, *name))
    return None


def _readings(text: str) -> Iterator[tuple[json.JSONDecoder, str, tuple[str, ...]]]:
    """Ways to read ``text``, the strictest first, with the name of what each forgives."""
    yield _STRICT, text, ()
    yield _LAX, text, ("line_break",)
    yield _LAX, _repaired(text), ("last_comma",)


def _load(decoder: json.JSONDecoder, text: str) -> tuple[Any, str]:
    try:
        return decoder.decode(text), ""
    except (ValueError, RecursionError) as error:
        return None, str(error)[:80]


def _after_thinking(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The answer behind the thinking; None where the thinking never ends.

    Where nothing stands behind its end, or the "thinking" is an object, the answer was put there.
    """
    ends = [found.span() for found in _THOUGHT.finditer(text)]
    if ends and _bare(text[ends[-1][1] :]):
        return text[ends[-1][1] :], ("thinking",)
    if ends:
        text = text[: ends[-1][0]]
    if begins := _THINKS.match(text):
        text = text[begins.end() :]
        if not _bare(text).startswith("{"):
            return None, ()
    return text, ("thinking",) if ends or begins else ()


def _bare(text: str) -> str:
    """``text`` without fences and tokens at its ends."""
    if before := _BEFORE.match(text):
        text = text[before.end() :]
    for _ in range(_MOST_BEHIND):
        text = text.rstrip()
        if not (behind := _BEHIND.search(text, max(0, len(text) - _LONGEST))):
            break
        text = text[: behind.start()]
    return text


def _edges(text: str, bare: str) -> tuple[str, ...]:
    """What ``_bare`` took off, by name."""
    start = text.find(bare) if bare else len(text)
    off = text[:start] + text[start + len(bare) :]
    names = (("fence", re.search(_FENCE, off)), ("token", _END.search(off)))
    return tuple(name for name, there in names if there)


def _objects(decoder: json.JSONDecoder, text: str) -> Iterator[tuple[Any, int, int]]:
    """The objects that stand side by side in ``text``, with where they are.

    An answer ends at a special token behind its object: what a model writes on after it is another
    speaker's.
    """
    text = text[:_MOST_SEARCHED]
    at, most, found = text.find("{"), len(text), False
    for _ in range(_MOST_BRACES):
        if not 0 <= at < most:
            return
        end = at + 1
        try:
            value, end = decoder.raw_decode(text, at)
            if value:
                yield value, at, end
                if not found and (token := _END.search(text, end)):
                    most = token.start()
                found = True
        except (ValueError, RecursionError):
            pass
        at = text.find("{", end)


def _repaired(text: str) -> str:
    """``text`` without commas before a closing bracket; commas within strings stay."""
    return _LAST_COMMA.sub(lambda found: found[1] or "", text[:_MOST_SEARCHED])
