"""A scene with characters: how its first speaker feels. What that one thinks is asked for too."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdglot.draws import Draws
from crowdglot.personas.sources.characters import Emotion


@dataclass(frozen=True, slots=True)
class Scene:
    """``speaker``: whose scene it is, by the letter. ``emotion``: how that one feels in it."""

    speaker: str
    emotion: str


def draw_scene(
    emotions: Sequence[Emotion], seed: int, tag: str, position: int, *, lovers: bool
) -> Scene:
    """The scene at a language's ``position``: each emotion comes once before any comes again.

    One that only lovers feel is another's elsewhere.
    """
    cycle, step = divmod(position, len(emotions))
    order = Draws(seed, "emotions", tag, cycle).shuffled(emotions)
    emotion = order[step]
    if emotion.love and not lovers:
        calm = [one for one in order if not one.love]
        emotion = Draws(seed, "emotion", tag, position).choice(calm)
    return Scene("A", emotion.name)
