"""Tables of dialogues as they lie on the hub: from their rows to demonstrations.

What is understood, whatever the case of the names and whether they hold spaces or underscores:
- who: "personas" (one list a speaker), "persona", "personality" or "persona_b" (the second
  speaker's, as in all of PersonaChat), or a pair such as "user 1 personas" and "user 2 personas";
- what: "dialogue", "utterances", "turns", "messages", "conversation", "history" and the like, as
  lines or a list of texts, of pairs, of {"speaker" or "role": …, "text" or "content": …}, or of
  {"history": […], "candidates": […]}, whose last candidate is the reply that was given;
- "candidates" or "reference" beside it: the reply that follows;
- "conv_id": rows of one dialogue follow one another, and the last holds all of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import synthetic_persona_chat
from crowdglot.dialogues.readers.assembly import SPEAKERS, assemble
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english
from crowdglot.personas.persona import Persona
from crowdglot.personas.reading import persona_of
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
DIALOGUES = (
    "dialogue", "dialog", "utterances", "turns", "messages", "conversation", "conversations",
    "best_generated_conversation", "history",
)  # fmt: skip
_GROUPS = ("conv_id", "conversation_id", "dialogue_id", "dialog_id")
_SPEAKER = ("speaker", "role", "from", "sender")
_TEXT = ("text", "content", "value", "utterance", "message")
_LABELLED = re.compile(r"\**((?:user|persona|speaker|person|agent)[ _]?\w{1,2}):\** *(.*)", re.I)


def read_rows(rows: Iterable[tuple[str, Row]], path: Path) -> Iterator[Demonstration]:
    """Every dialogue of the rows, each with the place at which errors name it.

    MaterialError names the row and column that is wrong.
    """
    found = False
    for where, row in _last_of_each(rows):
        if synthetic_persona_chat.CONVERSATION in row:
            demonstration = synthetic_persona_chat.from_row(row, where, path.name)
        else:
            demonstration = _from_row(_by_plain_name(row), where, path.name)
        if demonstration:
            found = True
            yield demonstration
    if not found:
        raise MaterialError(f"{path}: no dialogue found; give a file with at least one.")


def _from_row(row: Row, where: str, source: str) -> Demonstration:
    column = next((name for name in DIALOGUES if row.get(name) is not None), None)
    if column is None:
        raise MaterialError(
            f"{where}: no column holds a dialogue (found: {', '.join(row)}); "
            f"name it 'dialogue' or one of {', '.join(DIALOGUES[1:])}."
        )
    spoken = _spoken(row[column], f"{where}: column '{column}'")
    reply = row.get("candidates") or row.get("reference")
    if reply and spoken:
        spoken.append(_next(spoken, reply if isinstance(reply, str) else reply[-1]))
    english = looks_english(text for _, text in spoken)
    labels = list(dict.fromkeys(label for label, _ in spoken))
    return assemble(
        spoken, _personas(row, labels, where, english), where=where, source=source, english=english
    )


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
    """The reply, by the one of the first two speakers who did not speak last."""
    labels = list(dict.fromkeys(label for label, _ in spoken)) or ["A"]
    other = labels[1] if len(labels) > 1 else "B"
    match = _LABELLED.fullmatch(reply.strip())
    return (other if spoken[-1][0] == labels[0] else labels[0]), match[2] if match else reply


def _personas(row: Row, labels: list[str], where: str, english: bool) -> dict[str, Persona | None]:
    """Personas by speaker label; a single one belongs to the second speaker."""

    def persona(name: str, facts: Any) -> Persona:
        lines = facts.splitlines() if isinstance(facts, str) else facts
        return persona_of(lines, where, name, english=english)

    ordered = sorted(labels) if all(label[-1:] in "12ab" for label in labels) else labels
    for pair in _TWO_PERSONAS:
        if all(row.get(name) for name in pair):
            return dict(zip(ordered, (persona(name, row[name]) for name in pair), strict=False))
    name = next((name for name in _ONE_PERSONA if row.get(name) is not None), None)
    if name is None:
        return {}
    facts = row[name]
    if isinstance(facts, str) and facts.lstrip()[:1] == "[":
        facts = parse_json(facts, where)
    if isinstance(facts, list) and facts and not isinstance(facts[0], str):
        each = [None if own is None else persona(name, own) for own in facts[: len(SPEAKERS)]]
        return dict(zip(ordered, each, strict=False))
    return {labels[1]: persona(name, facts)} if len(labels) > 1 else {}


def _last_of_each(table: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """All rows, or of those that share a dialogue's id only the last."""
    held: tuple[str, Row] | None = None
    for where, row in table:
        group = next((name for name in _GROUPS if name in row), None)
        if held and (group is None or held[1].get(group) != row[group]):
            yield held
        held = (where, row)
    if held:
        yield held


def _by_plain_name(row: Row) -> Row:
    return {re.sub(r"[\s_-]+", "_", name.strip().lower()): value for name, value in row.items()}
