"""``personality``: what the speakers of a dataset are like, by an inventory that a model fills in
about what each of them says."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from crowdglot import __version__
from crowdglot.datasets.storage.files import write_json
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.errors import StorageError
from crowdglot.evidence.audit.groups import NOBODY, groups_of, people_of
from crowdglot.evidence.personality.inventory import (
    ORDERS,
    TRAITS,
    Ratings,
    inventory,
    items,
    signs_of,
)
from crowdglot.evidence.personality.scores import (
    MOST_APART,
    Trait,
    fairness,
    likeness,
    scores_of,
    traits_in,
)
from crowdglot.evidence.sources import Dataset
from crowdglot.languages.language import resolve_language
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.recipe import Recipe

__all__ = ["PERSONALITY", "Personality", "assess", "assess_dataset"]

PERSONALITY = "personality.json"
COLUMNS = ("id", "language", "personas", "traits", "told", "turns")
_FEWEST_TURNS = 2  # of a speaker
_LEAST_SPREAD = 0.5  # of all ratings, 1 to 5: who always says "half true" is consistent too

# ``Asker.interviews`` without its role.
Ask = Callable[[Sequence[Any]], Awaitable[list[Ratings | None]]]


@dataclass(frozen=True, slots=True)
class Personality:
    """``speakers``: how many were rated by ``model``. ``traits``, ``consistency``, ``robustness``
    and ``fairness``: see ``scores``. ``scores``: id of the dialogue, speaker, score by trait (None:
    unscored). ``doubts``: what could not be told, in sentences."""

    model: str
    speakers: int
    traits: Mapping[str, Trait] = field(default_factory=dict)
    consistency: float | None = None
    robustness: float | None = None
    fairness: Mapping[str, float] = field(default_factory=dict)
    scores: Sequence[tuple[str, str, Mapping[str, float | None]]] = ()
    doubts: Sequence[str] = ()


async def assess_dataset(folder: Location, recipe: Recipe, most: int) -> Personality:
    """Ask the recipe's judging model about each speaker of ``most`` accepted dialogues of each
    language; write ``personality.json`` into the dataset's folder.

    Answers are kept in ``personality.calls``, so who was stopped goes on. StorageError where there
    is no dialogue; raises what the engine raises.
    """
    rows = [*Dataset("", folder).even(most, COLUMNS).values()]
    if not rows:
        raise StorageError(
            f"{folder}: no dialogue was accepted, so there is nobody to be asked about; run "
            "`crowdglot synthesize` on it first."
        )
    engine = recipe.judging_engine
    async with asking(engine, local_folder(folder) / "personality.calls") as asker:
        told = await assess(rows, partial(asker.interviews, "personality"), engine.model)
    content = {"crowdglot": __version__, "items": len(items()), "orders": ORDERS, **asdict(told)}
    write_json(folder / PERSONALITY, content)
    return told


async def assess(rows: Sequence[Mapping[str, Any]], ask: Ask, model: str) -> Personality:
    """The figures of the speakers of rows (columns ``COLUMNS``), rated by ``ask``."""
    people = [one for row in rows for one in _speakers(row)]
    steps = [partial(inventory, language, texts) for _, _, language, texts in people]
    rated = await ask(steps)
    known = [
        (person, ratings)
        for person, ratings in zip(people, rated, strict=True)
        if ratings is not None and np.isfinite(ratings).any()
    ]
    doubts = []
    if refused := len(people) - len(known):
        doubts.append(f"{refused} of {len(people)} speakers are unscored: no answer could be read.")
    if nobody := sum(not any(one["facts"] for one in people_of(row)) for row in rows):
        doubts.append(
            f"In {nobody} of {len(rows)} dialogues the model was told no persona: no sign and no "
            "group of their speakers is compared."
        )
    if not known:
        return Personality(model, 0, doubts=doubts)
    ratings = [one for _, one in known]
    personas = [person for (_, person, _, _), _ in known]
    traits = traits_in(ratings, [signs_of(one.get("traits") or ()) for one in personas])
    scores = scores_of(ratings)
    fair, few = fairness(scores, [groups_of(one) - {NOBODY} for one in personas])
    doubts += [*_not_believed(traits), *few]
    if (spread := float(np.nanstd(np.array(ratings)))) < _LEAST_SPREAD:
        doubts.insert(
            0,
            f"the ratings are nearly all alike (standard deviation {spread:.2f} on 1 to 5): this "
            "model tells little of anybody.",
        )
    return Personality(
        model=model,
        speakers=len(known),
        traits=traits,
        consistency=likeness(scores_of(ratings, 1), scores_of(ratings, -1)),
        robustness=likeness(scores_of(ratings, order=0), scores_of(ratings, order=1)),
        fairness=fair,
        scores=[
            (row, persona["speaker"], {
                trait: None if np.isnan(one) else round(float(one), 2)
                for trait, one in zip(TRAITS, own, strict=True)
            })
            for ((row, persona, *_), _), own in zip(known, scores, strict=True)
        ],
        doubts=doubts,
    )  # fmt: skip


def _speakers(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], str, list[str]]]:
    """Of each speaker of a row who says enough: the row's id, persona, language and turns."""
    language = resolve_language(row["language"]).name
    found: list[tuple[str, Mapping[str, Any], str, list[str]]] = []
    for persona in people_of(row):
        own = [turn["text"] for turn in row["turns"] if turn["speaker"] == persona["speaker"]]
        if len(texts := [text for text in own if text]) >= _FEWEST_TURNS:
            found.append((row["id"], persona, language, texts))
    return found


def _not_believed(traits: Mapping[str, Trait]) -> list[str]:
    return [
        f"{name}: the items that say it and those that deny it are {trait.keys_apart:.0f} points "
        f"apart, more than {MOST_APART:.0f}: its scores are not believed, and no figure is given."
        for name, trait in traits.items()
        if trait.keys_apart is not None and trait.keys_apart > MOST_APART
    ]
