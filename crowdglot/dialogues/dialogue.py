"""Dialogues and demonstrations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from crowdglot.dialogues.memories import Memory
from crowdglot.dialogues.scene import Thought
from crowdglot.personas.persona import NOBODY, Persona
from crowdglot.scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker ("A", "B", …) says in one go."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A source-language dialogue shown to the model.

    ``personas``: one per speaker in the order A, B, …; None where the source has none for that
    speaker. ``event``: the speech event's name if the source tells it. ``source``: where it came
    from, such as "bundled" or "En_persona_valid.json". ``lost``: what its record holds and this
    does not, a sentence each.
    """

    turns: tuple[Turn, ...]
    personas: tuple[Persona | None, ...]
    event: str | None = None
    premise: str = ""
    source: str = ""
    lost: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def id(self) -> str:
        """A name that depends on the turns alone."""
        text = "\n".join(f"{turn.speaker}:{turn.text}" for turn in self.turns)
        return blake2b(text.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a dialogue: so many ``turns``, spoken on this ``day``, the first being 0.

    ``name``: "session", or a stage of a debate.
    """

    name: str
    turns: int
    day: int = 0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the model wrote for a scenario.

    ``turns`` is empty and ``fault`` says why where the draft could not be read as a dialogue.
    ``around``: what the draft held besides its JSON object (see ``wrapping.Read``).
    ``ended``: what ended it before the planned number of turns, "" where nothing did. ``parts``:
    its parts in their order, where it has several. ``memories``: what the speakers remember of it.
    ``thoughts``: what a character thinks and does not say. ``told``: what of the scenario the model
    was told (see ``prompt.names_told``), None where nobody says.
    """

    scenario: Scenario
    turns: tuple[Turn, ...]
    demonstrations: Sequence[Demonstration] = field(default=(), repr=False)
    fault: str = ""
    around: tuple[str, ...] = ()
    ended: str = ""
    parts: tuple[Part, ...] = ()
    memories: tuple[Memory, ...] = ()
    thoughts: tuple[Thought, ...] = ()
    told: tuple[str, ...] | None = None

    @property
    def personas(self) -> tuple[Persona, ...]:
        """Those of the speakers that can be looked for: without facts where none were told."""
        planned = self.scenario.personas
        told = self.told is None or "personas" in self.told
        return planned if told else (NOBODY,) * len(planned)
