"""From what a format says to a Demonstration: speakers named A, B, … in the order they speak."""

import re
from collections.abc import Iterable, Mapping

from crowdglot.dialogues.dialogue import Demonstration, Turn
from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import normalise
from crowdglot.personas.persona import Persona

SPEAKERS = "ABCD"
_SILENCE = re.compile(r"_+ ?SILENCE ?_+", re.IGNORECASE)


def assemble(
    spoken: Iterable[tuple[str, str]],
    personas: Mapping[str, Persona | None],
    *,
    where: str,
    source: str,
    english: bool = True,
    event: str | None = None,
    premise: str = "",
) -> Demonstration:
    """The demonstration of (speaker, text) pairs under the format's own speaker labels.

    Silence and blank texts are dropped, consecutive turns of one speaker become one, texts are
    normalised. MaterialError where fewer than two turns remain or more than four people speak.
    """
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
