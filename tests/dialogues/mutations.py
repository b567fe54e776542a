"""Files of every format that can be read, and what can happen to them.

Every turn holds a word of its own, which tells who says it in which dialogue: "d2b5" is the fifth
turn of dialogue 2, said by the second speaker.
"""

import csv
import gzip
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

TAG = re.compile(r"\bd\d+[ab]\d+\b", re.IGNORECASE)
DIALOGUES, TURNS = 5, 6
_WORDS = ("harbour", "rain", "bread", "dog", "train", "garden", "café", "piano", "night", "soup")


def texts(number: int) -> list[str]:
    """The turns of a dialogue, by a and b in turn."""
    return [
        f"I have seen the {_WORDS[(number + at) % 10]} d{number}{'ab'[at % 2]}{at} and liked it."
        for at in range(TURNS)
    ]


def persona(number: int, who: str) -> list[str]:
    return [f"I like the {_WORDS[number]}.", f"My {who} is number {number}."]


def _objects(number: int, speaker: str, text: str, names: tuple[str, str]) -> list[dict[str, str]]:
    return [{speaker: names[at % 2], text: said} for at, said in enumerate(texts(number))]


def _rows(make: Callable[[int], Any]) -> list[Any]:
    return [make(number) for number in range(DIALOGUES)]


def _jsonl(make: Callable[[int], Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(make)).encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _csv(rows: list[dict[str, str]], delimiter: str = ",") -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()


def _parquet(rows: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows).write_parquet(buffer)
    return buffer.getvalue()


def _parlai(number: int) -> str:
    said = texts(number)
    lines = [f"your persona: {fact}" for fact in persona(number, "b")]
    lines += [f"{said[at]}\t{said[at + 1]}\t\tno|yes" for at in range(0, TURNS, 2)]
    return "".join(f"{at} {line}\n" for at, line in enumerate(lines, start=1))


def _named_fields(number: int) -> str:
    said = texts(number)
    lines = [f"text:{said[at]}\tlabels:{said[at + 1]}" for at in range(0, TURNS, 2)]
    return "\n".join(lines) + "\tepisode_done:True\n"


def _labelled(number: int, first: str, second: str) -> str:
    return "\n".join(f"{(first, second)[at % 2]}: {t}" for at, t in enumerate(texts(number)))


def _synthetic(number: int) -> dict[str, str]:
    return {
        "user 1 personas": "\n".join(persona(number, "a")),
        "user 2 personas": "\n".join(persona(number, "b")),
        "Best Generated Conversation": _labelled(number, "User 1", "User 2"),
    }


def _table(number: int) -> dict[str, str]:
    return {
        "id": str(number),
        "persona": "\n".join(persona(number, "b")),
        "dialogue": _labelled(number, "Anna", "Jakob"),
    }


def _turn_rows() -> list[dict[str, str]]:
    return [
        {"conv_id": f"c{number}", "turn": str(at), "speaker": "AB"[at % 2], "utterance": said}
        for number in range(DIALOGUES)
        for at, said in enumerate(texts(number))
    ]


def _history(number: int) -> dict[str, Any]:
    *history, reply = texts(number)
    return {"conv_id": number, "personality": persona(number, "b"), "history": history,
            "candidates": ["no", reply]}  # fmt: skip


def _ours(number: int) -> dict[str, Any]:
    personas = [persona(number, "a"), persona(number, "b")]
    return {"personas": personas, "turns": _objects(number, "speaker", "text", ("A", "B"))}


def _pairs(number: int) -> dict[str, Any]:
    said = texts(number)
    pairs = [said[at : at + 2] for at in range(0, TURNS, 2)]
    return {"persona": persona(number, "b"), "dialogue": pairs}


def _messages(number: int) -> dict[str, Any]:
    return {"messages": _objects(number, "role", "content", ("user", "assistant"))}


def _nested(number: int) -> dict[str, Any]:
    turns = _objects(number, "id", "text", ("Speaker 1", "Speaker 2"))
    return {
        "personas": [persona(number, "a"), persona(number, "b")],
        "dialog": [turns[:2], turns[2:]],
    }


def _parallel(number: int) -> dict[str, Any]:
    return {"dialogue": texts(number), "speaker": ["A", "B"] * (TURNS // 2)}


def _python(number: int) -> dict[str, str]:
    turns = _objects(number, "from", "value", ("human", "gpt"))
    return {"persona": repr(persona(number, "b")), "conversations": repr(turns)}


FORMATS: dict[str, bytes] = {
    "ours": _jsonl(_ours),
    "xpersona": _json(_rows(_pairs)),
    "parlai": "".join(map(_parlai, range(DIALOGUES))).encode(),
    "parlai, named fields": "".join(map(_named_fields, range(DIALOGUES))).encode(),
    "synthetic persona chat": _csv(_rows(_synthetic)),
    "csv": _csv(_rows(_table)),
    "tsv": _csv(_rows(_table), "\t"),
    "semicolons": _csv(_rows(_table), ";"),
    "python lists": _csv(_rows(_python)),
    "a row a turn": _csv(_turn_rows()),
    "messages": _jsonl(_messages),
    "nested": _jsonl(_nested),
    "by id": _json({f"d{number}": _pairs(number) for number in range(DIALOGUES)}),
    "history": _jsonl(_history),
    "speakers beside": _json(_rows(_parallel)),
    "utf-16": _csv(_rows(_table)).decode().encode("utf-16"),
    "gzip": gzip.compress(_jsonl(_messages), mtime=0),
    "parquet": _parquet(_rows(_messages)),
}


def cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def double(content: bytes, draw: random.Random) -> bytes:
    """A line, or a value or an object of JSON, stands there twice."""
    values = [*re.finditer(rb'(?<=[\[,] )("(?:[^"\\\n]|\\.)*"|\{[^{}\n]*\})(?=[,\]])', content)]
    if values and draw.random() < 0.5:
        value = draw.choice(values)
        return content[: value.end()] + b", " + value[0] + content[value.end() :]
    lines = content.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    return b"".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def nulls(content: bytes, draw: random.Random) -> bytes:
    """A value becomes null or nothing, or a NUL byte stands somewhere."""
    values = [
        *re.finditer(rb'(?<=[\[,:] )"(?:[^"\\\n]|\\.)*"(?!:)|(?<=[,\t;])[^,\t;\n"]+', content)
    ]
    if not values or draw.random() < 0.1:
        at = draw.randrange(len(content))
        return content[:at] + b"\0" + content[at:]
    value = draw.choice(values)
    instead = draw.choice([b"null", b'""', b"NaN", b"", b"None"])
    return content[: value.start()] + instead + content[value.end() :]


def encode(content: bytes, draw: random.Random) -> bytes:
    """Another encoding, other line ends, or a mark at the beginning."""
    try:
        text = content.decode("utf-16" if content[:2] == b"\xff\xfe" else "utf-8")
    except UnicodeDecodeError:
        return bytes([*content[:9], draw.randrange(256), *content[10:]])
    encoding = draw.choice(
        ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7",
         "utf-8", "cp500"]
    )  # fmt: skip
    ends = draw.choice(["\n", "\r\n", "\r"])
    return text.replace("\r\n", "\n").replace("\n", ends).encode(encoding, "replace")


def swap(content: bytes, draw: random.Random) -> bytes:
    """Two lines, two columns, or who speaks and what is said in one row change places."""
    if draw.random() < 0.5:
        lines = content.splitlines(keepends=True)
        one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
        lines[one], lines[other] = lines[other], lines[one]
        return b"".join(lines)
    said = rb'("(?:user|assistant|Speaker [12]|[AB])")(, "\w+": )("I have[^"\n]*")'
    said += rb"|(?<=,)([AB])(,)(I have[^,\n\r]*)"
    found = [*re.finditer(said, content)]
    if found and draw.random() < 0.5:
        one = draw.choice(found)
        who, between, text = (part for part in one.groups() if part is not None)
        return content[: one.start()] + text + between + who + content[one.end() :]
    return with_columns_swapped(content, draw)


def with_columns_swapped(content: bytes, draw: random.Random) -> bytes:
    """A CSV file with its columns in another order; anything else as it is."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    if text[:1] in "[{1" or text.startswith("text:"):
        return content
    rows = [*csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)]
    names = draw.sample(list(rows[0]), len(rows[0]))
    return _csv([{name: row[name] for name in names} for row in rows], delimiter)


MUTATIONS = (cut, double, nulls, encode, swap)


def plain_text(path: Path) -> str:
    """The text of a file as far as it has one, for what should be found of it."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, ValueError):
            return ""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return content.decode(encoding, "replace")
