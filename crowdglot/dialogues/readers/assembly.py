"""From what a format says to a Demonstration: speakers named A, B, … in the order they speak."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration, Turn
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import looks_english, normalise
from crowdglot.personas.persona import persona_of

SPEAKERS = "ABCD"
_SILENCE = re.compile(r"_+ ?SILENCE ?_+", re.IGNORECASE)


def assemble(
    spoken: Sequence[tuple[str, str]],
    facts: Mapping[str, tuple[str, Any]],
    *,
    where: str,
    source: str,
    english: bool | None = None,
    event: str | None = None,
    premise: str = "",
) -> Demonstration:
    """The demonstration of (speaker, text) pairs under the format's own speaker labels.

    ``facts``: by label the sentences of a persona, and before them the field's name for errors.
    ``where``: the record, for errors. ``english``: None where the texts shall tell.
    Silence and blank texts are dropped, consecutive turns of one speaker become one, texts are
    normalised. MaterialError where fewer than two turns remain or more than four people speak.
    """
    if english is None:
        english = looks_english(text for _, text in spoken)
    personas = {
        label: persona_of(own, where, field, english=english)
        for label, (field, own) in facts.items()
    }
    letters: dict[str, str] = {}
    turns: list[Turn] = []
    for label, said in spoken:
        text = "" if _SILENCE.fullmatch(said.strip()) else normalise(said, english=english)
        if not text:
            continue
        if label not in letters and len(letters) == len(SPEAKERS):
            raise MaterialError(f"{where}: more than {len(SPEAKERS)} speakers; leave some out.")
        letter = letters.setdefault(label, SPEAKERS[len(letters)])
        if turns and turns[-1].speaker == letter:
            turns[-1] = Turn(letter, f"{turns[-1].text} {text}")
        else:
            turns.append(Turn(letter, text))
    if len(turns) < 2:
        raise MaterialError(f"{where}: no dialogue of at least two turns; add turns or delete it.")
    return Demonstration(
        turns=tuple(turns),
        personas=tuple(personas.get(label) for label in letters),
        event=event,
        premise=normalise(premise, english=english),
        source=source,
    )
