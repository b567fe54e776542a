"""From what a format says to a Demonstration: speakers named A, B, … in the order they speak."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration, Turn
from crowdglot.dialogues.readers.people import unused
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english, normalise
from crowdglot.personas.persona import persona_of
from crowdglot.personas.traits import Trait
from crowdglot.printable import name_shown
from crowdglot.user_files import unprintable

SPEAKERS = "ABCD"
_SILENCE = re.compile(r"_+ ?SILENCE ?_+", re.IGNORECASE)
_MOST_CHARACTERS, _MOST_TURNS = 100_000, 10_000


def assemble(
    spoken: Sequence[tuple[str, str]],
    facts: Mapping[str, tuple[str, Any]],
    *,
    where: str,
    source: str,
    english: bool | None = None,
    event: str | None = None,
    premise: str = "",
    traits: Mapping[str, Sequence[Trait]] | None = None,
    lost: Sequence[str] = (),
) -> Demonstration:
    """The demonstration of (speaker, text) pairs under the format's own speaker labels.

    ``facts``: by label the sentences of a persona, and before them the field's name for errors.
    ``where``: the record, for errors. ``english``: None where the texts shall tell. ``traits``: by
    label those of a persona. ``lost``: see ``Demonstration``; to it come the personas of who says
    nothing, and the traits of who has no persona.
    Silence is dropped, consecutive turns of one speaker become one, texts are normalised.
    MaterialError where a turn has no text, fewer than two turns remain, or there are more turns
    or speakers than a dialogue has.
    """
    if len(spoken) > _MOST_TURNS:
        raise MaterialError(f"{where}: more than {_MOST_TURNS:,} turns; divide it.")
    if english is None:
        english = looks_english(text for _, text in spoken)
    personas = {
        label: persona_of(own, where, field, english=english)
        for label, (field, own) in facts.items()
    }
    lost = list(lost)
    for label, own in (traits or {}).items():
        if label in personas:
            personas[label] = replace(personas[label], traits=tuple(own))
        else:
            lost.append(unused(where, "traits", f"'{name_shown(label)}' has no persona"))
    letters: dict[str, str] = {}
    turns: list[Turn] = []
    for number, (label, said) in enumerate(spoken, start=1):
        if _SILENCE.fullmatch(said.strip()):
            continue
        _check(said, f"{where}, turn {number}")
        text = normalise(said, english=english)
        if label not in letters and len(letters) == len(SPEAKERS):
            raise MaterialError(f"{where}: more than {len(SPEAKERS)} speakers; leave some out.")
        letter = letters.setdefault(label, SPEAKERS[len(letters) % len(SPEAKERS)])
        if turns and turns[-1].speaker == letter:
            turns[-1] = Turn(letter, f"{turns[-1].text} {text}")
        else:
            turns.append(Turn(letter, text))
    if len(turns) < 2:
        raise MaterialError(f"{where}: no dialogue of at least two turns; add turns or delete it.")
    for label, (field, _) in facts.items():
        if label not in letters:
            lost.append(unused(where, field, f"'{name_shown(label)}' says nothing"))
    return Demonstration(
        turns=tuple(turns),
        personas=tuple(personas.get(label) for label in letters),
        event=event,
        premise=normalise(premise, english=english),
        source=source,
        lost=tuple(lost),
    )


def _check(text: str, where: str) -> None:
    if not text.strip():
        raise MaterialError(f"{where} has no text; write it or delete the record.")
    if len(text) > _MOST_CHARACTERS:
        raise MaterialError(f"{where} has more than {_MOST_CHARACTERS:,} characters; cut it.")
    if unprintable(text):
        raise MaterialError(f"{where} holds control characters or half a character; delete them.")
