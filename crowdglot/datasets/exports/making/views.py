"""A dialogue as one of its speakers lives it: the others speak, the speaker answers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from crowdglot.datasets.exports.making.dialogues import Told
from crowdglot.datasets.exports.making.export import Record, Wanted, chat_tokens
from crowdglot.languages.language import resolve_language

_THOUGHT_ENDS = "</think>\n"


@dataclass(frozen=True, slots=True)
class View:
    """A dialogue of which the turns of one speaker are to be learnt.

    ``turns`` alternate strictly and end with one of the speaker's own, which is also the first
    where ``begins``. ``pair``: ids of all personas. ``premise``: why they talk.
    """

    id: str
    split: str
    language: str
    event: str
    name: str
    others: str
    persona: tuple[str, ...]
    pair: tuple[str, ...]
    premise: str
    turns: tuple[str, ...]
    begins: bool

    @property
    def about(self) -> dict[str, str]:
        """What a record says of it in any format."""
        return {"id": self.id, "language": self.language, "speech_event": self.event}

    @property
    def system(self) -> str:
        """Who the speaker is, in English, with the speaker's opening words where there are any.

        Chat templates want the first turn to be the user's, so the opening cannot stand there.
        """
        language = resolve_language(self.language).name
        lines = [f"You are {self.name}, talking with {self.others} in {language}.", *self.persona]
        lines += [self.premise] if self.premise else []
        opening = self.turns[0].rpartition(_THOUGHT_ENDS)[2]
        lines += [f"You began the conversation: “{opening}”"] if self.begins else []
        return "\n".join(lines)

    def messages(self, *, folded: bool) -> list[dict[str, str]]:
        """Chat messages: system, then user and assistant in turn.

        ``folded``: the system text stands at the head of the first user turn instead.
        """
        said = self.turns[1:] if self.begins else self.turns
        chat = [_message("assistant" if at % 2 else "user", text) for at, text in enumerate(said)]
        if folded:
            chat[0] = _message("user", f"{self.system}\n\n{chat[0]['content']}")
            return chat
        return [_message("system", self.system), *chat]

    def answers(self) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """Each of the speaker's turns: its number, all turns before it, and what it says."""
        for at in range(0 if self.begins else 1, len(self.turns), 2):
            yield at, self.turns[:at], self.turns[at]


def views(
    dialogues: Iterable[Told], noted: Counter[str], *, opening: bool = False
) -> Iterator[View]:
    """Every dialogue once a speaker, in the order A, B, …

    ``opening``: whether a speaker's opening words are learnt too; else a view has an answer to
    somebody. ``noted`` counts views without one, and last turns that nobody answers.
    """
    for told in dialogues:
        for persona in told.row["personas"]:
            if view := _view(told, persona["speaker"], noted, opening=opening):
                yield view


def _view(told: Told, speaker: str, noted: Counter[str], *, opening: bool) -> View | None:
    row = told.row
    people = {one["speaker"]: one for one in row["personas"]}
    sides = groupby(row["turns"], lambda turn: turn["speaker"] == speaker)
    # Of a group, whoever reads what the others say must know which of them does.
    group = len(people) > 2
    merged = [
        (own, "\n".join(_said(turn, people, own=own, named=group) for turn in turns))
        for own, turns in sides
    ]
    unanswered = bool(merged) and not merged[-1][0]
    merged = merged[:-1] if unanswered else merged
    begins = bool(merged) and merged[0][0]
    if len(merged) < (1 if opening else 3 if begins else 2):
        noted["views in which the speaker answers nobody"] += 1
        return None
    noted["last turns that the speaker does not answer"] += unanswered
    return View(
        id=f"{row['id']}-{speaker}",
        split=told.split,
        language=row["language"],
        event=row["speech_event"],
        name=people[speaker]["name"],
        others=" and ".join(one["name"] for who, one in people.items() if who != speaker),
        persona=tuple(people[speaker]["facts"]),
        # Without personas each dialogue is between people of its own.
        pair=tuple(sorted(one["id"] for one in people.values() if one["facts"])) or (row["id"],),
        premise=row["common_ground"]["premise"],
        turns=tuple(text for _, text in merged),
        begins=begins,
    )


def _said(
    turn: dict[str, str], people: dict[str, dict[str, str]], *, own: bool, named: bool
) -> str:
    if own and (thought := turn.get("thought")):
        return f"<think>{thought}{_THOUGHT_ENDS}{turn['text']}"
    name = f"{people[turn['speaker']]['name']}: " if named and not own else ""
    return f"{name}{turn['text']}"


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def chat_records(
    shape: Callable[[View, list[dict[str, str]], bool], Mapping[str, Any]],
) -> Callable[[Iterable[Told], Wanted], Iterator[Record]]:
    """``records`` of an export: for every view what it is about, and what ``shape`` makes of the
    view, its chat messages, and whether they are folded."""

    def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
        for view in views(dialogues, wanted.noted):
            messages = view.messages(folded=wanted.folded)
            fields = {**view.about, **shape(view, messages, wanted.folded)}
            yield Record(view.split, fields, chat_tokens(messages))

    return records
