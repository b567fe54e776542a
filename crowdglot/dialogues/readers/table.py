"""Tables of dialogues as the hub has them: from their rows to demonstrations.

These columns are known, whatever the case of their names, with spaces or underscores:
- who: "personas" (one list a speaker), "persona", "personality", or columns of one speaker each
  such as "user 1 personas" and "persona_b" (see ``people``);
- what: "dialogue", "utterances", "turns", "messages", "conversation", "chat", "history" and the
  like, as lines or a list of texts, of pairs, of {"speaker" or "role": …, "text" or "content": …},
  or of {"history": […], "candidates": […]}, whose last candidate is the reply that was given;
- "speaker": a list beside the dialogue, who says each turn;
- "candidates", "reference" or "response", columns of their own: the reply after the dialogue;
- one row a turn: "utterance" or "text", with "conv_id" or the like (see ``turn_rows``).

A row whose turns are the beginning of the next one's is a growing history, which the last row of
it holds whole. A row with personas and without a dialogue serves where personas are wanted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from crowdglot.dialogues.readers import synthetic_persona_chat
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.dialogues.readers.people import (
    Facts,
    facts_by_label,
    is_known,
    lonely_personas,
    plain_row,
)  # fmt: skip
from crowdglot.dialogues.readers.records import LeftOut, Record, Rows, each
from crowdglot.dialogues.readers.turn_rows import CONVERSATION_ID, with_turns_joined
from crowdglot.dialogues.readers.turns import Spoken, Turns, read_turns, split_label, text_of
from crowdglot.errors import MaterialError
from crowdglot.personas.lines import read_persona, row_traits
from crowdglot.personas.normalise import looks_english
from crowdglot.personas.persona import persona_of
from crowdglot.personas.traits import Trait
from crowdglot.printable import names_shown
from crowdglot.user_tables import parse_cell

Row = Mapping[str, Any]

DIALOGUE = (
    "dialogue", "dialog", "utterances", "turns", "messages", "conversation", "conversations",
    "best_generated_conversation", "history", "chat", "dialogues", "dialogs", "transcript",
    "chat_history", "dialogue_history", "conversation_history", "sessions", "context",
)  # fmt: skip
ONE_COLUMN = (*DIALOGUE, "persona", "personas", "personality", "facts")
_REPLY = ("candidates", "reference")
# These are the reply to texts that end with a question, and something else beside a whole chat.
_RESPONSE = ("response", "reply")
_TEXTS = ("dialogue", "dialog", "utterances", "turns")
# These are the reply where the dialogue is called a history, else some label.
_REPLY_TO_HISTORY = (
    "answer",
    "target",
    "label",
    "labels",
    "gold",
    "output",
    "utterance",
    "next_utterance",
)
# What is asked after a history and before its reply.
_QUESTION = ("instruction", "query", "question", "prompt", "input")
_FEWEST_WORDS = 6  # of a turn that nobody says twice
_SPEAKERS = (
    "speaker", "speakers", "roles", "role", "speaker_ids", "speaker_id", "names", "senders", "who",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Heard:
    """A row's dialogue before it is put together. ``group``: the ids that rows of one share."""

    where: str
    spoken: Spoken
    facts: Facts
    group: tuple[str, ...]
    traits: dict[str, list[Trait]]
    lost: Sequence[str]

    def begins(self, other: "_Heard") -> bool:
        """Whether the other row holds all of this one, and goes on."""
        mine, longer = _bare(self.spoken), _bare(other.spoken)
        same = self.group == other.group and self.facts == other.facts
        return same and len(mine) < len(longer) and longer[: len(mine)] == mine


def read_rows(rows: Rows, path: Path) -> Iterator[Record]:
    """Every dialogue of the rows of a file, and what is left out of them.

    ``rows``: ("FILE, record N" for errors, values by the columns' names), or in place of the
    values what is wrong with them.
    """

    def hear(row: Row, where: str) -> _Heard | Record:
        return _hear(row, where, path.name)

    waiting: _Heard | None = None
    for heard in each(with_turns_joined(_plain_rows(rows), DIALOGUE), hear):
        if waiting and isinstance(heard, _Heard) and heard.group and heard.begins(waiting):
            continue  # a history that was told in another order
        if waiting and not (isinstance(heard, _Heard) and waiting.begins(heard)):
            yield from _assembled(waiting, path.name)
        waiting = heard if isinstance(heard, _Heard) else None
        if not isinstance(heard, _Heard):
            yield heard
    if waiting:
        yield from _assembled(waiting, path.name)


def _plain_rows(rows: Rows) -> Rows:
    for where, row in rows:
        try:
            yield where, plain_row(row, where) if isinstance(row, dict) else row
        except MaterialError as error:
            yield where, error


def _assembled(heard: _Heard, source: str) -> Iterator[Record]:
    try:
        yield assemble(
            heard.spoken, heard.facts, where=heard.where, source=source, traits=heard.traits,
            lost=heard.lost,
        )  # fmt: skip
    except MaterialError as error:
        yield LeftOut(str(error))


def _hear(row: Row, where: str, source: str) -> _Heard | Record:
    if row.keys() >= synthetic_persona_chat.COLUMNS:
        return synthetic_persona_chat.from_row(row, where, source)
    if "crowdglot_version" in row and "personas" not in (row.get("told") or ("personas",)):
        row = {name: own for name, own in row.items() if name not in ("personas", "traits")}
    column = _dialogue_column(row)
    if column is None:
        return _without_dialogue(row, where)
    place = f"{where}: column '{column}'"
    names = next((row[name] for name in _SPEAKERS if row.get(name) is not None), None)
    turns = _histories(row[column], place)
    if turns is None:
        turns = read_turns(row[column], place, names) if row[column] != [] else Turns([])
    spoken = [*turns.spoken, *_reply(row, column, turns.spoken, where)]
    labels = list(dict.fromkeys(label for label, _ in spoken))
    facts, lost = facts_by_label(row, labels, turns.personas, where)
    lost += turns.unused
    group = tuple(f"{name}={row[name]}" for name in CONVERSATION_ID if row.get(name) is not None)
    if not (isinstance(row[column], list) and any(isinstance(own, list) for own in row[column])):
        _check_repetition(spoken, place)  # pairs tell by themselves who speaks
    return _Heard(where, spoken, facts, group, row_traits(row.get("traits"), where), lost)


def _check_repetition(spoken: Spoken, where: str) -> None:
    """Raise MaterialError where a long turn stands twice and nothing names the speakers.

    People do repeat a greeting; but a turn that was doubled gives all that follow to the other one.
    """
    if {label for label, _ in spoken} != {"A", "B"}:
        return
    for number, ((_, one), (_, other)) in enumerate(pairwise(spoken), start=2):
        if one == other and len(re.findall(r"\w+", one)) >= _FEWEST_WORDS:
            raise MaterialError(
                f"{where}, turn {number} repeats the one before, and nothing names the speakers; "
                "delete one, or name them."
            )


def _dialogue_column(row: Row) -> str | None:
    """The column that holds the dialogue: the first that is more than a word or a number."""
    held = [name for name in DIALOGUE if row.get(name) is not None]
    if held == ["context"] and not isinstance(row["context"], list):
        return None  # some text about something
    rich = [name for name in held if _is_rich(row[name])]
    return next(iter(rich or held), None)


def _is_rich(value: Any) -> bool:
    if isinstance(value, str):
        return "\n" in value.strip() or value.lstrip()[:1] in ("[", "{")
    return isinstance(value, list | dict)


def _without_dialogue(row: Row, where: str) -> LeftOut:
    personas = []
    if "facts" in row and ("traits" in row or "origins" in row):
        return LeftOut(f"{where}: a persona and no dialogue.", (read_persona(row, where),))
    lonely, lost = lonely_personas(row, where)
    for column, own in lonely:
        english = isinstance(own, list) and looks_english(filter(_is_text, own))
        personas.append(persona_of(own, where, column, english=english))
    what = "a dialogue" if personas else "a dialogue or a persona"
    said = (
        f"{where}: no column holds {what} (found: {names_shown(list(row))}); name it 'dialogue' or "
        f"one of {', '.join(DIALOGUE[1:])}."
    )
    return LeftOut(said, tuple(personas), lost=tuple(lost))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _histories(value: Any, where: str) -> Turns | None:
    """The turns of [{"history": […], "candidates": […]}, …]; None where ``value`` is none."""
    entries = value if isinstance(value, list) else []
    if not entries or not all(isinstance(one, dict) and "history" in one for one in entries):
        return None
    told = [_with_reply(entry, "history", where) for entry in entries]
    longest = max(told, key=len)
    whole = _bare(longest)
    for number, one in enumerate(told, start=1):
        if whole[: len(one)] != _bare(one):
            raise MaterialError(f"{where}, entry {number} tells another history; mend it.")
    return Turns(longest)


def _with_reply(row: Row, column: str, where: str) -> Spoken:
    spoken = read_turns(row[column], where).spoken if row[column] != [] else []
    return [*spoken, *_reply(row, column, spoken, where)]


def _reply(row: Row, column: str, spoken: Spoken, where: str) -> Spoken:
    """The turn that a column of its own adds to the dialogue; none where there is none."""
    history = "history" in column or column == "context"
    names = [*_REPLY, *(_RESPONSE if history or column in _TEXTS else ())]
    names += _REPLY_TO_HISTORY if history else ()
    name = next((name for name in names if row.get(name)), None)
    if name is None:
        if history and (empty := [name for name in names if name in row]):
            raise MaterialError(f"{where}: column '{empty[0]}' has no reply; give it or delete it.")
        return []
    asked = [row[key] for key in _QUESTION if row.get(key)]
    if history and name not in _REPLY and asked and all(map(_is_text, asked)):
        turn = _next(spoken, "\n".join(asked), f"{where}: column '{column}'")
        alone = {name: row[name], column: row[column]}
        return [turn, *_reply(alone, column, [*spoken, turn], where)]
    place, reply = f"{where}: column '{name}'", row[name]
    if isinstance(reply, str) and reply.lstrip()[:1] == "[":
        reply = parse_cell(reply, where)
    if isinstance(reply, list) and reply and (name == "candidates" or len(reply) == 1):
        reply = reply[-1]
    if isinstance(reply, dict):
        return read_turns([reply], place).spoken
    return [_next(spoken, text_of(reply, place, 1), place)]


def _next(spoken: Spoken, reply: str, where: str) -> tuple[str, str]:
    """The reply, by whom its label names, or by the one of two who did not speak last."""
    labels = list(dict.fromkeys(label for label, _ in spoken))
    label, rest = split_label(reply)
    if label in labels or is_known(label):
        reply = rest
    if label in labels or (len(labels) == 1 and is_known(label)):
        return label, reply
    if len(labels) > 2:
        raise MaterialError(f"{where} does not say who of {len(labels)} speakers replies; tell it.")
    if not labels:
        return "A", reply
    other = labels[1] if len(labels) > 1 else "B" if labels[0] != "B" else "A"
    return (other if spoken[-1][0] == labels[0] else labels[0]), reply


def _bare(spoken: Spoken) -> list[tuple[str, str]]:
    """The turns without blanks and capitals, as histories repeat them."""
    return [(label, "".join(text.split()).casefold()) for label, text in spoken]
