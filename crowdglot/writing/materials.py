"""Opening what a recipe names: personas, demonstrations, languages, speech events."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.prompt import template_hash
from crowdglot.dialogues.readers import personas_of, read_demonstrations
from crowdglot.languages.language import Language, resolve_language
from crowdglot.personas.pairing import PersonaPool
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.scenarios.event import SpeechEvent, read_event
from crowdglot.scenarios.plan import VERSION as PLAN_VERSION
from crowdglot.scenarios.plan import Plan
from crowdglot.writing.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Materials:
    """What scenarios and prompts are made of. ``fingerprint``: a hash of all their contents."""

    plan: Plan
    demonstrations: DemonstrationPool
    fingerprint: str


def open_materials(recipe: Recipe) -> Materials:
    """Read all sources; raises MaterialError or ConfigurationError. Engines are not touched."""
    languages = [resolve_language(tag) for tag in recipe.languages]
    events = [read_event(name) for name in recipe.event_names]
    demonstrations = read_demonstrations(recipe.demonstrations.source)
    personas = _personas(recipe, demonstrations)
    plan = Plan(
        seed=recipe.seed,
        languages=languages,
        events=events,
        turns=recipe.turns,
        personas=PersonaPool(personas, f"personas.source '{recipe.personas.source}'"),
    )
    plan.check()
    pool = DemonstrationPool(
        demonstrations,
        seed=recipe.seed,
        count=recipe.demonstrations.count,
        most_turns=recipe.turns[1],
    )
    return Materials(plan, pool, _fingerprint(languages, events, personas, demonstrations))


def _personas(recipe: Recipe, demonstrations: Sequence[Demonstration]) -> tuple[Persona, ...]:
    source = recipe.personas.source
    if source == "bundled":
        return bundled_personas()
    if source in ("demonstrations", recipe.demonstrations.source):
        return personas_of(demonstrations)
    return personas_of(read_demonstrations(source))


def _fingerprint(
    languages: Sequence[Language],
    events: Sequence[SpeechEvent],
    personas: Sequence[Persona],
    demonstrations: Sequence[Demonstration],
) -> str:
    """A hash of everything that scenario(i) and its prompt depend on beside the recipe.

    Of the packs, what only critics use is left out, so that it may improve between two runs.
    """
    digest = blake2b(f"{template_hash()} {PLAN_VERSION}".encode(), digest_size=8)
    for language in languages:
        digest.update(repr((language.tag, language.name, language.autonym)).encode())
        if language.pack:
            used = language.pack.model_dump(include={"instruction", "address", "communities"})
            digest.update(repr(used).encode())
    for event in events:
        digest.update(repr(event.model_dump()).encode())
    for persona in personas:
        digest.update(persona.id.encode())
    for demonstration in demonstrations:
        digest.update(f"{demonstration.id}{demonstration.event}{demonstration.premise}".encode())
    return digest.hexdigest()
