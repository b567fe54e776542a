"""Opening a recipe: reading what it names, and making its plan."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from crowdglot.critics import Critic, load_critics
from crowdglot.critics.judges.belief import believed_judges, believed_match
from crowdglot.dialogues.demonstrations import FEWEST_TURNS, DemonstrationPool
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.prompt import template_hash
from crowdglot.dialogues.readers import read_lines, read_material
from crowdglot.dialogues.scene import TEXTS
from crowdglot.dialogues.ways import WaySettings, build_way
from crowdglot.engines.embedding.bundled import missing
from crowdglot.engines.engine import Sampling
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import Language, resolve_language
from crowdglot.scenarios.event import SpeechEvent, read_event
from crowdglot.scenarios.plan import VERSION as PLAN_VERSION
from crowdglot.scenarios.plan import Plan
from crowdglot.writing.opened.cast import emotions_of, open_cast, read_personas_of
from crowdglot.writing.opened.recipe import OpenedRecipe
from crowdglot.writing.recipe import POOL, Recipe


def open_recipe(recipe: Recipe) -> OpenedRecipe:
    """Read the recipe's sources and load its critics, once in each process.

    MaterialError or ConfigurationError where one of them is wrong. No engine is touched. A pool
    that is not sealed yet counts as empty.
    """
    return _open(recipe.model_dump_json(), _pool(recipe))


def _pool(recipe: Recipe) -> bytes:
    if not recipe.pool.iterations:
        return b""
    path = recipe.pool_file(recipe.pool.iterations)
    if path.exists():
        return path.read_bytes()
    if recipe.pool.of:
        raise ConfigurationError(
            f"{path}: there is no such pool; write that dataset first, or change pool.of or "
            "pool.iterations."
        )
    return b""


@lru_cache(maxsize=4)
def _open(written: str, pool: bytes) -> OpenedRecipe:
    recipe = Recipe.model_validate_json(written)
    languages = [resolve_language(tag) for tag in recipe.languages]
    debate, plain = recipe.way == "debate", recipe.prompt == "short"
    events = [read_event(name) for name in recipe.event_names]
    # Before casting, so that who fits is judged by the situation that the prompt tells.
    events = [event.in_plain_words if plain else event for event in events]
    material = read_material(recipe.demonstrations.source, plain=plain)
    personas, also_left_out = read_personas_of(recipe, material)
    cast, events, uncast, meant = open_cast(recipe, personas, events)
    demonstrations = (*material.demonstrations, *read_lines(pool, POOL))
    if not recipe.personas.told:
        nobody = [replace(one, personas=(None,) * len(one.personas)) for one in demonstrations]
        demonstrations = tuple(nobody)
    emotions = emotions_of(recipe)
    plan = Plan(
        seed=recipe.seed, languages=languages, events=events, turns=recipe.turns, personas=cast,
        debate=debate, emotions=emotions, told=recipe.personas.told,
    )  # fmt: skip
    plan.check()
    way = build_way(recipe.way, WaySettings(recipe.prompt, recipe.sessions))
    shown = DemonstrationPool(
        demonstrations, seed=recipe.seed, count=recipe.demonstrations.count,
        most_turns=recipe.turns[1],
    )  # fmt: skip
    told = (material.left_out, also_left_out, uncast, _too_short(recipe, demonstrations, shown))
    words = emotions or any(persona.words for persona in personas)
    told_by = (recipe.languages, recipe.believed, recipe.judging_engine.model)
    return OpenedRecipe(
        recipe=recipe,
        plan=plan,
        demonstrations=shown,
        way=way,
        critics=_critics(recipe),
        judges=believed_judges(recipe.judges, *told_by),
        match=believed_match(*told_by) if recipe.choice.by == "tournament" else ({}, {}),
        sampling=Sampling(**recipe.sampling.model_dump() | {"max_tokens": recipe.max_tokens}),
        fingerprint=_hash(
            f"{template_hash(recipe.prompt)} {PLAN_VERSION}",
            *way.texts,
            *(TEXTS if words else ()),
            *map(repr, (*sorted(meant.items()), *emotions)),
            *(text for language in languages for text in _told_of_language(language)),
            *(repr(_told_of_event(event, debate=debate)) for event in events),
            *(persona.id for persona in personas),
            *(f"{one.id}{one.event}{one.premise}" for one in demonstrations),
        ),
        left_out=tuple(filter(None, told)),
    )


def _too_short(
    recipe: Recipe, demonstrations: Sequence[Demonstration], pool: DemonstrationPool
) -> str:
    """What is to be told of dialogues that no prompt shows, or ""."""
    short = len(demonstrations) - len(pool.all)
    source = recipe.demonstrations.source
    said = f"{short:,} of {len(demonstrations):,} dialogues are never shown, for they have fewer"
    return f"{source}: {said} than {FEWEST_TURNS} turns." if short else ""


def _critics(recipe: Recipe) -> tuple[Critic, ...]:
    if recipe.meaning and (fault := missing()):
        raise ConfigurationError(
            f"meaning = \"{recipe.meaning}\": {fault}; pip install 'crowdglot[meaning]', or leave "
            "the key out."
        )
    return load_critics(recipe.critics, meaning=bool(recipe.meaning))


def _told_of_event(event: SpeechEvent, *, debate: bool) -> dict[str, Any]:
    """What the scenarios of an event depend on."""
    unused: dict[str, Any] = {"common_grounds": {"__all__": {"plain"}}}
    return event.model_dump(exclude=unused if debate else {**unused, "propositions": True})


def _told_of_language(language: Language) -> Iterator[str]:
    """The same of a language: what only critics use is left out, so that it may improve between
    two runs."""
    yield repr((language.tag, language.name, language.autonym))
    if language.pack:
        used = {"instruction", "address", "communities"}
        yield repr(language.pack.model_dump(include=used))


def _hash(*texts: str) -> str:
    digest = blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()
