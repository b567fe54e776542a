"""Tables of dialogues as the hub has them: from their rows to demonstrations.

These columns are known, whatever the case of their names, with spaces or underscores:
- who: "personas" (one list a speaker), "persona", "personality" or "persona_b" (the second
  speaker's, as in all of PersonaChat), or a pair such as "user 1 personas" and "user 2 personas";
- what: "dialogue", "utterances", "turns", "messages", "conversation", "history" and the like, as
  lines or a list of texts, of pairs, of {"speaker" or "role": …, "text" or "content": …}, or of
  {"history": […], "candidates": […]}, whose last candidate is the reply that was given;
- "candidates" or "reference", columns of their own: the reply that follows the dialogue;
- "conv_id": rows of one dialogue follow one another, and the last holds all of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import synthetic_persona_chat
from crowdglot.dialogues.readers.assembly import assemble
from crowdglot.errors import MaterialError
from crowdglot.user_files import parse_json

Row = Mapping[str, Any]

_ONE_PERSONA = ("persona", "personality", "persona_b", "personas")
_TWO_PERSONAS = (
    ("user_1_personas", "user_2_personas"),
    ("user_1_persona", "user_2_persona"),
    ("persona_a", "persona_b"),
    ("persona1", "persona2"),
    ("user_profile", "bot_profile"),
)
_DIALOGUES = (
    "dialogue", "dialog", "utterances", "turns", "messages", "conversation", "conversations",
    "best_generated_conversation", "history",
)  # fmt: skip
_GROUPS = ("conv_id", "conversation_id", "dialogue_id", "dialog_id")
_SPEAKER = ("speaker", "role", "from", "sender")
_TEXT = ("text", "content", "value", "utterance", "message")
_LABELLED = re.compile(r"\**((?:user|persona|speaker|person|agent)[ _]?\w{1,2}):\** *(.*)", re.I)


def read_rows(rows: Iterable[tuple[str, Row]], path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the rows of a file; MaterialError names the row and column that is wrong.

    ``rows``: ("FILE, record N" for errors, values by the columns' names).
    """
    for where, row in _last_of_each(rows):
        if synthetic_persona_chat.CONVERSATION in row:
            if demonstration := synthetic_persona_chat.from_row(row, where, path.name):
                yield demonstration
        else:
            plain = {re.sub(r"[\s_-]+", "_", name.strip().lower()): row[name] for name in row}
            yield _from_row(plain, where, path.name)


def _from_row(row: Row, where: str, source: str) -> Demonstration:
    column = next((name for name in _DIALOGUES if row.get(name) is not None), None)
    if column is None:
        raise MaterialError(
            f"{where}: no column holds a dialogue (found: {', '.join(row)}); "
            f"name it 'dialogue' or one of {', '.join(_DIALOGUES[1:])}."
        )
    spoken = _spoken(row[column], f"{where}: column '{column}'")
    reply = row.get("candidates") or row.get("reference")
    if reply and spoken:
        spoken.append(_next(spoken, reply if isinstance(reply, str) else reply[-1]))
    labels = list(dict.fromkeys(label for label, _ in spoken))
    return assemble(spoken, _facts(row, labels, where), where=where, source=source)


def _spoken(value: Any, where: str) -> list[tuple[str, str]]:
    """(speaker, text) pairs of whatever shape ``value`` has; unnamed speakers take turns."""
    if isinstance(value, str):
        listed = value.lstrip()[:1] == "["
        value = parse_json(value, where) if listed else list(filter(str.strip, value.splitlines()))
    if isinstance(value, list) and value:
        if all(isinstance(turn, str) for turn in value):
            labelled = [_LABELLED.fullmatch(turn.strip()) for turn in value if turn.strip()]
            if all(labelled):
                return [(match[1].lower(), match[2]) for match in labelled if match]
            return [("AB"[at % 2], turn) for at, turn in enumerate(value)]
        if all(isinstance(turn, list) and len(turn) == 2 for turn in value):
            return [("AB"[at % 2], str(said)) for pair in value for at, said in enumerate(pair)]
        if all(isinstance(turn, dict) for turn in value):
            return _from_mappings(value, where)
    raise MaterialError(f"{where} is no list of turns; give texts, pairs or speaker and text.")


def _from_mappings(turns: list[dict[str, Any]], where: str) -> list[tuple[str, str]]:
    if "history" in turns[-1]:
        spoken = _spoken(turns[-1]["history"], where)
        candidates = turns[-1].get("candidates") or [turns[-1].get("utterance") or ""]
        return [*spoken, _next(spoken, candidates[-1])]
    spoken = []
    for number, turn in enumerate(turns, start=1):
        speaker = next((turn[name] for name in _SPEAKER if turn.get(name) is not None), None)
        text = next((turn[name] for name in _TEXT if isinstance(turn.get(name), str)), None)
        if speaker is None or text is None:
            raise MaterialError(
                f"{where}, turn {number} has no speaker or no text; "
                'write {"speaker": …, "text": …}.'
            )
        if speaker != "system":
            spoken.append((str(speaker), text))
    return spoken


def _next(spoken: list[tuple[str, str]], reply: str) -> tuple[str, str]:
    """The reply, spoken by that one of the first two speakers who did not speak last."""
    labels = list(dict.fromkeys(label for label, _ in spoken)) or ["A"]
    other = labels[1] if len(labels) > 1 else "B"
    match = _LABELLED.fullmatch(reply.strip())
    return (other if spoken[-1][0] == labels[0] else labels[0]), match[2] if match else reply


def _facts(row: Row, labels: list[str], where: str) -> dict[str, tuple[str, Any]]:
    """By speaker label the column and the sentences of a persona; one alone is the second's."""
    ordered = sorted(labels) if all(label[-1:] in "12ab" for label in labels) else labels
    alone = ((name, row[name]) for name in _ONE_PERSONA if row.get(name) is not None)
    name, facts = next(alone, ("", None))
    if isinstance(facts, str) and facts.lstrip()[:1] == "[":
        facts = parse_json(facts, where)
    if pair := next((pair for pair in _TWO_PERSONAS if all(map(row.get, pair))), None):
        found = list(zip(ordered, pair, map(row.get, pair), strict=False))
    elif isinstance(facts, list) and facts and not isinstance(facts[0], str):
        found = [(label, name, own) for label, own in zip(ordered, facts, strict=False)]
    else:
        found = [(label, name, facts) for label in labels[1:2]]
    return {
        label: (column, own.splitlines() if isinstance(own, str) else own)
        for label, column, own in found
        if own is not None
    }


def _last_of_each(table: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """All rows, or of those that share a dialogue's id only the last."""
    last: tuple[str, Row] | None = None
    for where, row in table:
        group = next((name for name in _GROUPS if name in row), None)
        if last and (group is None or last[1].get(group) != row[group]):
            yield last
        last = (where, row)
    if last:
        yield last
