"""What a recipe tells its way of writing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WaySettings:
    """``prompt``: the form of the prompt (see ``dialogues.prompt``). ``sessions``: how many
    dialogues of the same speakers one row holds, for the way that writes several."""

    prompt: str = "full"
    sessions: int = 2
