"""The turns of one dialogue, in whatever shape a file has them: who says what.

A name that the file gives counts: a key such as "speaker" or "role" beside the text, a list of
speakers beside the list of texts, or a label before every text. Speakers take turns only where
nothing names them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from crowdglot.dialogues.readers.people import PERSONA, is_known, others_unused, plain, role_of
from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown, names_shown
from crowdglot.user_tables import parse_cell

Spoken = list[tuple[str, str]]  # label of the speaker and text of every turn

# "id" comes last, for it may name the turn.
SPEAKER = (
    "speaker", "role", "from", "sender", "author", "speaker_name", "speaker_id", "speaker_idx",
    "name", "user", "participant", "who", "character", "agent", "agent_id", "user_id", "id",
)  # fmt: skip
TEXT = (
    "text", "content", "value", "utterance", "message", "body", "sentence", "line", "turn_text",
    "msg", "parts",
)  # fmt: skip
_INSTRUCTIONS = frozenset({"system", "developer"})
_TOOLS = frozenset({"tool", "function", "observation", "function_call", "ipython"})
_LABELLED = re.compile(
    r"[\s>*#_•–—-]*(?:\[?\d[\d:/., -]*(?:[ap]m)?[\])]?[\s.-]+)?"  # a number, a date or a time
    r"(?:(?P<name>[^\W_][\w.'’ -]{0,30}?)(?: ?\([^()]*\))?[ *_]*(?:[:\uff1a](?!//)|\t)"
    r"|[\[<](?P<inside>[^\W_][\w.'’ -]{0,30})[\]>][ *_]*[:\uff1a]?)[ *_]*(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
# "Anna - Hello.": a label only where all turns have one, and somebody speaks twice.
_DASHED = re.compile(
    r"(?P<name>[^\W\d_][\w.'’]{0,20}(?: [\w.'’]{1,20})?) +[-–—] +(?P<text>.*)", re.DOTALL
)
# More than two words with a mark at their end, or longer than any name.
_SENTENCE = re.compile(r"\S+\s+\S+\s+\S.*[.!?…。！？]\s*\Z|.{80}", re.DOTALL)
# Keys of a turn that do not hide who speaks.
_OF_NOBODY = frozenset({
    "id", "turn", "turn_id", "turn_number", "index", "idx", "time", "timestamp", "date", "lang",
    "language",
})  # fmt: skip
_SESSION = re.compile(r"(?:session|dialogue|dialog)[ _-]?\d{1,9}", re.IGNORECASE)
_IN_SESSION = ("dialogue", "dialog", "turns", "messages", "utterances", "conversation")
_WRITE_IT = 'write {"speaker": …, "text": …}'


@dataclass(frozen=True, slots=True)
class Turns:
    """``spoken``: the turns; ``personas``: what the turns say of their speakers, by label;
    ``unused``: a sentence on each of their fields that holds a persona and is not read."""

    spoken: Spoken
    personas: dict[str, Any] = field(default_factory=dict)
    unused: Sequence[str] = ()


def read_turns(value: Any, where: str, names: Any = None) -> Turns:
    """The turns of ``value``: texts, pairs, objects with speaker and text, or lists of these.

    ``names``: a list beside the turns that may say who speaks. MaterialError where a turn has no
    text or no speaker, or where ``value`` is something else.
    """
    turns = _listed(value, where)
    kinds = {type(turn) for turn in turns if turn is not None}
    if kinds == {str}:
        if isinstance(names, str) and names.lstrip()[:1] == "[":
            names = parse_cell(names, where)
        spoken = _named(turns, names, where) or _from_texts(turns, where)
        if isinstance(names, list) and len(names) > 2 and {who for who, _ in spoken} == {*"AB"}:
            raise MaterialError(f"{where}: {len(names)} speakers, and no turn says whose it is.")
        return Turns(spoken)
    if kinds == {dict}:
        return _from_objects(turns, where)
    if kinds == {list}:
        return _from_lists(turns, where)
    raise MaterialError(f"{where} is no list of turns; give texts, pairs or speaker and text.")


def split_label(text: str) -> tuple[str, str]:
    """The label before a text and the rest; "" and the text where there is none."""
    match = _LABELLED.fullmatch(text.strip())
    return (_label(match), match["text"]) if match else ("", text)


def text_of(said: Any, where: str, number: int) -> str:
    """A turn's text: a text, or a list of parts that are texts; MaterialError otherwise."""
    if isinstance(said, list) and said:
        parts = [part.get("text") if isinstance(part, dict) else part for part in said]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) < len(parts):
            raise MaterialError(f"{where}, turn {number} is more than text; leave it out.")
        said = "\n".join(texts)
    if not isinstance(said, str) or not said.strip():
        raise MaterialError(f"{where}, turn {number} has no text; write it or delete the record.")
    return said


def label_of(who: Any, where: str, number: int) -> str:
    """A speaker's name as turns are told apart by it; MaterialError where there is none."""
    if isinstance(who, dict):
        who = next((who[key] for key in ("name", "role", "id") if who.get(key) is not None), None)
    if isinstance(who, float) and who.is_integer():
        who = int(who)
    if isinstance(who, str | int) and not isinstance(who, bool) and str(who).strip():
        if isinstance(who, str) and _SENTENCE.search(who):
            raise MaterialError(
                f"{where}, turn {number}: '{name_shown(who)}' is no name of a speaker; {_WRITE_IT}."
            )
        return " ".join(str(who).split()).casefold()
    raise MaterialError(f"{where}, turn {number} names no speaker; {_WRITE_IT}.")


def _listed(value: Any, where: str) -> list[Any]:
    """The value as a list: a text is one, or holds a turn a line; an object may hold columns."""
    if isinstance(value, str):
        listed = value.lstrip()[:1] in ("[", "{") and not _LABELLED.match(value)
        # Line breaks may be written out, but not in a text that has others.
        lines = re.split(r"\r\n|\r|\n" if re.search(r"[\r\n]", value.strip()) else r"\\n", value)
        value = parse_cell(value, where) if listed else [line for line in lines if line.strip()]
    if isinstance(value, dict) and value:
        sessions = [key for key in value if _SESSION.fullmatch(str(key))]
        if sessions and all(isinstance(value[key], list) for key in sessions):
            return [turn for key in sorted(sessions, key=_number) for turn in value[key]]
        columns = {key: own for key, own in value.items() if isinstance(own, list)}
        if any(plain(key) in TEXT for key in columns):
            if len(set(map(len, columns.values()))) > 1:
                raise MaterialError(f"{where}: its lists are of different lengths; mend them.")
            rows = zip(*columns.values(), strict=True)
            value = [dict(zip(columns, row, strict=True)) for row in rows]
    if isinstance(value, list | tuple) and value:
        # Python knows tuples as well as lists.
        return _without_sessions([list(one) if isinstance(one, tuple) else one for one in value])
    raise MaterialError(f"{where} is no list of turns; give texts, pairs or speaker and text.")


def _without_sessions(turns: list[Any]) -> list[Any]:
    """The turns of [{"session_id": 1, "dialogue": […]}, …] one after another."""
    inside: list[Any] = []
    for turn in turns:
        keys = {plain(key): turn[key] for key in turn} if isinstance(turn, dict) else {}
        own = [keys[name] for name in _IN_SESSION if isinstance(keys.get(name), list)]
        if len(own) != 1 or any(keys.get(name) is not None for name in TEXT):
            return turns
        inside += own[0]
    return inside


def _number(key: str) -> int:
    return int(re.sub(r"\D", "", key))


def _named(texts: list[Any], names: Any, where: str) -> Spoken | None:
    """The turns by the list of names beside them; None where that is no list of their speakers."""
    if not isinstance(names, list) or not names:
        return None
    if len(names) != len(texts):
        if len(set(map(str, names))) == len(names) <= 4:
            return None  # the cast
        raise MaterialError(f"{where}: {len(texts)} turns but {len(names)} speakers; mend one.")
    turns = enumerate(zip(names, texts, strict=True), start=1)
    return [(label_of(who, where, at), text_of(said, where, at)) for at, (who, said) in turns]


def _from_texts(texts: list[Any], where: str) -> Spoken:
    said = [text_of(text, where, number) for number, text in enumerate(texts, start=1)]
    matches = [_LABELLED.fullmatch(text.strip()) for text in said]
    dashed = [_DASHED.fullmatch(text.strip()) for text in said]
    if all(dashed) and len({match["name"] for match in dashed if match}) < min(5, len(said)):
        matches = dashed
    labels = Counter(_label(match) for match in matches if match)
    if len(labels) > 1:
        if all(matches):
            spoken = [(_label(match), match["text"]) for match in matches if match]
            return [(who, text_of(text, where, at)) for at, (who, text) in enumerate(spoken, 1)]
        often = labels.total() * 2 >= len(said) and max(labels.values()) > 1
        if often or all(map(is_known, labels)):
            number = next(at for at, match in enumerate(matches, start=1) if not match)
            raise MaterialError(
                f"{where}, turn {number} names no speaker, though others do; {_WRITE_IT}."
            )
    return [("AB"[at % 2], text) for at, text in enumerate(said)]


def _label(match: re.Match[str]) -> str:
    return " ".join((match["name"] or match.groupdict()["inside"]).split()).casefold()


def _from_lists(turns: list[Any], where: str) -> Turns:
    if any(turn is None for turn in turns):
        raise MaterialError(f"{where}: a list of turns in it is null; mend it.")
    flat = list(chain.from_iterable(turns))
    kinds = {type(said) for said in flat if said is not None}
    if kinds == {dict}:
        return _from_objects(flat, where)
    if kinds != {str}:
        raise MaterialError(f"{where} is no list of turns; give texts, pairs or speaker and text.")
    if all(len(turn) == 2 for turn in turns) and _are_speakers([turn[0] for turn in turns]):
        spoken = enumerate(turns, start=1)
        return Turns(
            [(label_of(who, where, n), text_of(said, where, n)) for n, (who, said) in spoken]
        )
    for number, turn in enumerate(turns[:-1], start=1):
        if len(turn) % 2:
            raise MaterialError(f"{where}: pair {number} is not two texts; complete it.")
    if len(turns[-1]) != 2 and len(turns[0]) == 2:
        raise MaterialError(f"{where}: pair {len(turns)} is not two texts; complete it.")
    return Turns(_from_texts(flat, where))


def _are_speakers(firsts: Sequence[Any]) -> bool:
    """Whether the first texts of all pairs are names rather than turns."""
    few = 1 < len(set(firsts)) <= 4
    return few and (len(set(firsts)) < len(firsts) > 2 or all(is_known(str(who)) for who in firsts))


def _from_objects(turns: list[Any], where: str) -> Turns:
    for number, turn in enumerate(turns, start=1):
        if turn is None:
            raise MaterialError(f"{where}, turn {number} has no text; delete the record.")
    turns = [{plain(key): turn[key] for key in turn} for turn in turns]
    text, speaker = _key(turns, TEXT), _key(turns, SPEAKER)
    if speaker == "id" and len({str(turn.get("id")) for turn in turns}) == len(turns):
        # Every turn has its own, so it names the turn, unless it is a name such as "self".
        speaker = speaker if all(_is_name(turn.get("id")) for turn in turns) else None
    if text is None:
        return Turns(_by_keys(turns, where))
    if speaker is None:
        if any(set(turn) - {text} - _OF_NOBODY for turn in turns):
            found = names_shown(list(dict.fromkeys(chain.from_iterable(turns))))
            raise MaterialError(
                f"{where}, turn 1 has no speaker or no text (found: {found}); {_WRITE_IT}."
            )
        return Turns(_from_texts([turn.get(text) for turn in turns], where))
    same = _roles([turn.get(speaker) for turn in turns])
    instructions = _INSTRUCTIONS - _partner(turns, speaker)
    spoken: Spoken = []
    personas: dict[str, Any] = {}
    unused: dict[str, None] = {}
    for number, turn in enumerate(turns, start=1):
        who = label_of(turn.get(speaker), where, number)
        who = same.get(who, who)
        if who in instructions and not spoken:
            continue
        if who in instructions | _TOOLS:
            raise MaterialError(f"{where}, turn {number} is of the role '{who}'; leave it out.")
        said = text_of(turn.get(text), where, number)
        label, rest = split_label(said)
        spoken.append((who, rest if label == who and rest.strip() else said))
        told = [name for name in PERSONA if turn.get(name) is not None][:1]
        unused |= dict.fromkeys(others_unused(turn, told, where))
        own = turn[told[0]] if told else None
        if own is not None and personas.setdefault(who, own) != own:
            raise MaterialError(f"{where}, turn {number}: another persona than before; mend it.")
    return Turns(spoken, personas, tuple(unused))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not value.isdecimal() and is_known(value)


def _partner(turns: Sequence[Any], speaker: str) -> set[str]:
    """{"system"} where a system is who talks with the user, as in dialogues about tasks."""
    names = [who.casefold() for turn in turns if isinstance(who := turn.get(speaker), str)]
    chat = speaker in ("role", "from") and names.count("system") < 2
    return set() if chat or "assistant" in map(role_of, names) else {"system"}


def _roles(speakers: Sequence[Any]) -> dict[str, str]:
    """The role of each name where more than two names stand for two roles: "human" and "user"."""
    names = {who.casefold() for who in speakers if isinstance(who, str)} - _INSTRUCTIONS
    roles = {name: role_of(name) for name in names}
    two = len(names) > 2 and set(roles.values()) == {"user", "assistant"}
    return {name: role for name, role in roles.items() if role} if two else {}


def _key(turns: Sequence[Any], names: Sequence[str]) -> str | None:
    """The first of ``names`` that is a key with a value in any turn."""
    return next((n for n in names if any(turn.get(n) is not None for turn in turns)), None)


def _by_keys(turns: Sequence[Any], where: str) -> Spoken:
    """Turns such as {"anna": "Hi."}, or {"user": "Hi.", "assistant": "Hello."}."""
    said = [(who, text) for turn in turns for who, text in turn.items() if who not in _OF_NOBODY]
    if not 1 < len({who for who, _ in said}) <= 4 or not all(isinstance(t, str) for _, t in said):
        found = names_shown(list(dict.fromkeys(who for who, _ in said)))
        raise MaterialError(
            f"{where}, turn 1 has no speaker or no text (found: {found}); {_WRITE_IT}."
        )
    return [(who, text_of(text, where, at)) for at, (who, text) in enumerate(said, start=1)]
