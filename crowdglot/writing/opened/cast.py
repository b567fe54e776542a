"""Opening a recipe's personas: where they come from, and who may be cast for what."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from crowdglot.critics.meaning.space import placed_english
from crowdglot.dialogues.readers import Material, personas_of, read_material
from crowdglot.draws import Draws
from crowdglot.errors import ConfigurationError
from crowdglot.personas.casting.life import casting
from crowdglot.personas.casting.pool import PersonaPool, Situation
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources import SOURCES, SourceSettings, made_personas
from crowdglot.personas.sources.characters import Emotion, read_characters
from crowdglot.scenarios.event import CommonGroundTemplate, SpeechEvent
from crowdglot.writing.recipe import Recipe

# From this cosine on a sentence means what another says. Below 0.65 who was raised by one parent
# has children, by multilingual-e5-small.
_SAME = 0.7
_NEGATED = frozenset({"not", "never", "no", "without", "used", "don't", "isn't", "won't"})


def read_personas_of(
    recipe: Recipe, material: Material | None = None
) -> tuple[tuple[Persona, ...], str]:
    """The personas, and what is to be told of their source if it is another one.

    ``material``: that of the recipe's demonstrations, where it is read already.
    """
    settings = recipe.personas
    if settings.source in SOURCES:
        data = Path(settings.data) if settings.data else None
        wanted = SourceSettings(recipe.seed, settings.count, data)
        return made_personas(settings.source, wanted), ""
    if settings.source in ("demonstrations", recipe.demonstrations.source):
        material = material or read_material(recipe.demonstrations.source)
        return personas_of(material.demonstrations), ""
    other = read_material(settings.source, personas=True)
    return other.every_persona, other.left_out


def emotions_of(recipe: Recipe) -> tuple[Emotion, ...]:
    """Those of a scene, where characters speak; else ()."""
    if recipe.personas.source != "characters":
        return ()
    return read_characters(Path(recipe.personas.data) if recipe.personas.data else None).emotions


def open_cast(
    recipe: Recipe, personas: Sequence[Persona], events: Sequence[SpeechEvent]
) -> tuple[PersonaPool, list[SpeechEvent], str, Mapping[str, Sequence[str]]]:
    """Who draws speakers, the events that can be cast, a sentence on common grounds that cannot,
    and what was found by meaning.

    ConfigurationError where an event is left without any common ground.
    """
    settings = recipe.personas
    source = f"personas.source '{settings.source}'"
    if not settings.casting:
        return PersonaPool(personas, source), [*events], "", {}
    meant = by_meaning(personas) if recipe.meaning else {}
    pool = PersonaPool(personas, source, settings.casting, meant)
    # Words bind their owners to a language; without any, what fits one language fits all.
    words = any(persona.words for persona in personas)
    kept = [_castable(event, pool, recipe.languages if words else ("",)) for event in events]
    if empty := next((one.name for one in kept if not one.common_grounds), ""):
        raise ConfigurationError(
            f"{source}: no personas fit any situation of the event '{empty}'; add personas, leave "
            "the event out of 'events', or set personas.casting to \"\"."
        )
    every, left = (sum(len(one.common_grounds) for one in some) for some in (events, kept))
    lost = f"{every - left} of {every} common grounds are not used, for no personas fit them."
    return pool, kept, f"{source}: {lost}" if left < every else "", meant


def _castable(event: SpeechEvent, pool: PersonaPool, languages: Sequence[str]) -> SpeechEvent:
    """The event without relations and common grounds for which nobody can be cast."""
    fitting: list[CommonGroundTemplate] = []
    for ground in event.common_grounds:
        fit = [one for one in ground.relations if _fits(event, one, ground.told, pool, languages)]
        if fit:
            fitting.append(ground.model_copy(update={"relations": tuple(fit)}))
    return event.model_copy(update={"common_grounds": tuple(fitting)})


def _fits(
    event: SpeechEvent, relation: str, ground: str, pool: PersonaPool, languages: Sequence[str]
) -> bool:
    try:
        for language in languages:
            who = (relation, event.speakers[1], event.adults_only, event.unattached)
            pool.pick(Draws("check"), Situation(*who, ground, language))
    except ConfigurationError:
        return False
    return True


def by_meaning(personas: Sequence[Persona]) -> dict[str, list[str]]:
    """By a persona's id the signs of ``casting.toml`` that a sentence of it means.

    Sentences that deny something are left to the patterns: a denial lies near what it denies.
    """
    likes = [(name, like) for name, sign in casting().signs.items() for like in sign.like]
    facts = [
        (one.id, fact)
        for one in personas
        for fact in one.facts
        if _NEGATED.isdisjoint(fact.lower().split())
    ]
    wanted = placed_english([like for _, like in likes])
    found = placed_english([fact for _, fact in facts])
    meant: dict[str, list[str]] = {}
    if wanted is not None and found is not None:
        for at, like in np.argwhere(found @ wanted.T >= _SAME):
            meant.setdefault(facts[at][0], []).append(likes[like][0])
    return {name: sorted(set(some)) for name, some in meant.items()}
