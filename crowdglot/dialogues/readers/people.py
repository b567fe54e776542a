"""Whose persona is whose: from the names of columns and speakers, not from their order alone.

"user 1 personas" is the persona of "User 1"; "bot_profile" is the bot's; the first of two personas
is that of the speaker who is called the first ("Speaker 1", "A"), or else of who speaks first. One
persona alone is "self"'s, or the second speaker's, as in all of PersonaChat. What is
nobody's by these rules is told as unused.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from crowdglot.errors import MaterialError
from crowdglot.printable import name_shown, names_shown
from crowdglot.user_tables import parse_cell

Facts = dict[str, tuple[str, Any]]  # by label the column and the sentences of a persona

PERSONA = ("persona", "personality", "personas", "personalities")
_WORDS = frozenset({*PERSONA, "profile", "profiles"})
_FILLERS = frozenset({"info", "list", "facts", "sentences", "text", "description", "of", "s"})
_TOKENS = re.compile(r"[^\W\d_]+|\d+")
_NUMBERED = frozenset({
    "speaker", "user", "person", "persona", "agent", "participant", "model", "usr", "spk", "p", "s",
    "the", "bot", "interlocutor", "worker", "party", "character", "human", "t",
})  # fmt: skip
_ORDINALS = {
    "a": 1, "b": 2, "c": 3, "d": 4, "one": 1, "two": 2, "three": 3, "four": 4, "first": 1,
    "second": 2, "third": 3, "fourth": 4,
}  # fmt: skip
_ROLES = {
    "user": "user", "human": "user", "customer": "user", "prompter": "user",
    "assistant": "assistant", "bot": "assistant", "gpt": "assistant", "chatbot": "assistant",
    "model": "assistant", "ai": "assistant", "chatgpt": "assistant",
    "self": "self", "your": "self", "you": "self",
    "partner": "partner", "partners": "partner", "their": "partner",
}  # fmt: skip
_USUAL = {"user": 1, "assistant": 2, "partner": 1, "self": 2}


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A column's or key's name in lower case, words joined by "_": "User 1 Personas", "convId"."""
    divided = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name).strip())
    return re.sub(r"[\s_-]+", "_", divided).lower()


def plain_row(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The row under plain names; MaterialError where two columns with values have one name."""
    named: dict[str, Any] = {}
    for column, value in row.items():
        name = plain(column)
        if isinstance(value, float) and value != value:  # NaN, as pandas writes what is not there
            value = None
        if named.get(name) is not None and value is not None and named[name] != value:
            raise MaterialError(
                f"{where}: two columns are called '{name_shown(name)}'; rename one."
            )
        named[name] = value if named.get(name) is None else named[name]
    return named


def is_persona(column: str) -> bool:
    """Whether a column, by its plain name, holds somebody's persona."""
    return _owner(column) is not None


def is_known(label: str) -> bool:
    """Whether a label is one that files use for speakers of no name: "User 1", "B", "bot"."""
    return _ordinal(label) is not None or role_of(label) is not None


def unused(where: str, column: str, why: str) -> str:
    """The sentence on a persona, or a part of one, that a record holds and its reader does not."""
    return f"{where}: left out of it '{name_shown(column)}', for {why}"


def others_unused(row: Mapping[str, Any], used: Collection[str], where: str) -> list[str]:
    """A sentence on each column with a persona that is none of those ``used``."""
    left = [name for name in row if is_persona(name) and name not in used and _is_told(row[name])]
    return [unused(where, name, "it is not known whose it is") for name in left]


def facts_by_label(
    row: Mapping[str, Any], labels: Sequence[str], told: Mapping[str, Any], where: str
) -> tuple[Facts, list[str]]:
    """The personas of a row by the label of their speaker, and a sentence on each that is unused.

    ``labels``: the speakers in the order they speak. ``told``: personas that turns say of their
    speakers; where all say the same of everybody, it is the dialogue's one persona.
    """
    owned, shared = _owned(row, where, len(labels)), list(told.values())
    facts, taken, lost = Facts(), dict[str, Any](), list[str]()
    if alike := len(shared) > 1 and all(own == shared[0] for own in shared):
        owned.append((None, "persona", shared[0]))
    else:
        taken |= told
        facts |= {label: ("persona", _sentences(own, where)) for label, own in told.items()}
    numbered = [owner for owner, _, _ in owned if isinstance(owner, int)]
    for owner, column, own in owned:
        if isinstance(owner, int):
            owner += 0 in numbered
        label = _label_of(owner, labels)
        if label is None and isinstance(owner, str) and not _owner(column) and (alike or not told):
            raise MaterialError(
                f"{where}: column '{name_shown(column)}' has a persona of '{name_shown(owner)}', "
                f"and nobody of that name speaks (found: {names_shown(labels)}); rename one."
            )
        if label is not None and label not in facts and (owner is not None or column in PERSONA):
            taken[label], facts[label] = own, (name_shown(column), _sentences(own, where))
        elif _is_told(own) and taken.get(label or "") != own:
            lost.append(unused(where, column, _why(owner, taken.get(label or ""), len(labels))))
    return facts, lost


def _why(owner: str | int | None, other: Any, speakers: int) -> str:
    if other is not None:
        return "its speaker has another persona"
    if isinstance(owner, int):
        return f"only {speakers} speak"
    return f"'{name_shown(owner)}' does not speak" if owner else "it does not say whose it is"


def _is_told(own: Any) -> bool:
    """Whether a value tells of somebody: no name, no number, and not empty."""
    if isinstance(own, str):
        return len(own.split()) > 1
    return isinstance(own, list | dict) and bool(own)


def lonely_personas(row: Mapping[str, Any], where: str) -> tuple[list[tuple[str, Any]], list[str]]:
    """Column and sentences of every persona of a row without a dialogue, and a sentence on each
    column that is unused."""
    every = _owned(row, where)
    alone = [column for who, column, _ in every if who is None and column in PERSONA][:1]
    owned = [
        (column, own)
        for who, column, own in every
        if (is_known(owner) if (owner := _owner(column)) else who is not None or column in alone)
    ]
    if not owned:  # such as "input persona", or our own "facts"
        owned = [
            (name, own)
            for name, own in row.items()
            if own is not None
            and (name == "facts" or _WORDS & set(_TOKENS.findall(name)))
            and isinstance(own, str | list)
        ][:1]
    personas = [(name_shown(column), _sentences(own, where)) for column, own in owned]
    return personas, others_unused(row, {column for column, _ in owned}, where)


def _owned(
    row: Mapping[str, Any], where: str, speakers: int = 0
) -> list[tuple[str | int | None, str, Any]]:
    """Owner, column and value of every persona of a row; who owns one alone is None.

    An owner is a name, or a number where the file only counts.
    """
    owned: list[tuple[str | int | None, str, Any]] = []
    alone: list[tuple[str | int | None, str, Any]] = []
    for column, value in row.items():
        if value is None or (owner := _owner(column)) is None:
            continue
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            value = parse_cell(value, where)
        several = _several(value)
        if column in ("personas", "personalities") and not several and isinstance(value, list):
            # As many texts as speakers: each is somebody's persona.
            several = [*enumerate(value, start=1)] if 1 < len(value) == speakers else []
        if owner and value in ("", []):
            continue  # nothing is said of this speaker
        if owner:
            ordinal = _ordinal(owner)
            owned.append((owner if ordinal is None else ordinal, column, value))
        elif several:
            owned += [(who, column, own) for who, own in several if own not in (None, "", [])]
        else:
            alone.append((None, column, value))
    return owned + sorted(alone, key=lambda one: one[1] not in PERSONA)


def _owner(column: str) -> str | None:
    """Whose persona a column holds: "user 1"; "" where it does not say; None if no persona."""
    tokens = _TOKENS.findall(column)
    if not _WORDS & set(tokens):
        return None
    return " ".join(token for token in tokens if token not in _WORDS | _FILLERS)


def _several(value: Any) -> list[tuple[str | int, Any]]:
    """Owner and value of each persona of a list of personas, or of an object by name."""
    if isinstance(value, dict):
        return [(" ".join(str(who).split()).casefold(), own) for who, own in value.items()]
    if not isinstance(value, list) or not value or any(isinstance(own, str) for own in value):
        return []
    found: list[tuple[str | int, Any]] = []
    for number, own in enumerate(value, start=1):
        who: str | int = number
        if isinstance(own, dict):
            named = {plain(key): own[key] for key in own}
            name = next((named[k] for k in ("speaker", "name", "id", "role") if named.get(k)), None)
            who = " ".join(name.split()).casefold() if isinstance(name, str) else number
            own = next((named[k] for k in (*PERSONA, "facts", "profile") if k in named), own)
        found.append((who, own))
    return found


def _label_of(owner: str | int | None, labels: Sequence[str]) -> str | None:
    """Which speaker an owner is; None where that speaker does not speak."""
    if owner is None:
        own = [label for label in labels if role_of(label) == "self"] or labels[1:2]
        return own[0] if own else None
    if isinstance(owner, str):
        if owner in labels:
            return owner
        if (role := role_of(owner)) is None:
            return None
        if named := [label for label in labels if role_of(label) == role]:
            return named[0]
        owner = _USUAL[role]
    return _numbered(labels).get(owner)


def _numbered(labels: Sequence[str]) -> dict[int, str]:
    """The speakers by number: by that in their names where all have one, else as they speak."""
    ordinals = [_ordinal(label) for label in labels]
    if None not in ordinals and len(set(ordinals)) == len(labels):
        first = 0 in ordinals
        return {(n or 0) + first: label for n, label in zip(ordinals, labels, strict=True)}
    return dict(enumerate(labels, start=1))


@lru_cache(maxsize=4096)
def _ordinal(label: str) -> int | None:
    """The number in names such as "Speaker 1", "user_2", "P1", "model1", "B" and "the second"."""
    *rest, last = [*_TOKENS.findall(label.casefold())] or [""]
    if not set(rest) <= _NUMBERED:
        return None
    return int(last) if last.isdecimal() and len(last) == 1 else _ORDINALS.get(last)


@lru_cache(maxsize=4096)
def role_of(label: str) -> str | None:
    """The role that a name stands for: user, assistant, self or partner."""
    return _ROLES.get(label.casefold().removesuffix("'s"))


def _sentences(own: Any, where: str) -> Any:
    """A persona's sentences, one a line of text."""
    if isinstance(own, str) and own.lstrip()[:1] == "[":
        own = parse_cell(own, where)
    if isinstance(own, str):
        return [line for line in own.replace("\\n", "\n").splitlines() if line.strip()]
    return own
