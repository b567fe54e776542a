"""What a dataset's card says of where the dataset comes from, gathered from recipe and rows."""

import dataclasses
from collections.abc import Iterator, Sequence

from crowdglot.datasets.card import About, Origin
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.publishing.recipe import public_recipe, recipe_hash
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.tables import opened_file
from crowdglot.engines.calls import WRITE
from crowdglot.engines.weights.resolving import named_weights
from crowdglot.personas.sources import SOURCES
from crowdglot.writing.opened import OpenedRecipe

_OWN = Origin("", "bundled with crowdglot", licence="Apache-2.0")
_COLUMNS = [f"calls.list.element.{name}" for name in ("role", "model", "revision")]


def gather_about(opened: OpenedRecipe, figures: Sequence[Figure], untold: Sequence[str]) -> About:
    """All of it; reads three columns of all rows."""
    recipe, messages = opened.recipe, opened.prompt(0)
    # The demonstrations between the ends are not ours to show.
    ends = messages if len(messages) < 3 else (messages[0], messages[-1])
    critics = {
        type(critic).__module__.rpartition(".")[2]: dataclasses.asdict(critic)  # type: ignore[call-overload]
        for critic in opened.critics
    }
    return About(
        license=recipe.license,
        origins=tuple(_origins(opened)),
        prompt=[(message.role, message.content) for message in ends],
        critics=critics,
        figures=figures,
        recipe=recipe_hash(public_recipe({"identity": opened.identity()})["identity"]),
        untold=untold,
    )


def _origins(opened: OpenedRecipe) -> Iterator[Origin]:
    licences = {
        f"sha256:{weights.sha256[:16]}": weights.licence for weights in named_weights().values()
    }
    for role, model, revision in _models(opened.folder):
        what = "model" if role == WRITE else f"model ({role})"
        yield Origin(what, model, revision, licences.get(revision, ""))
    recipe = opened.recipe
    sources = {"demonstrations": recipe.demonstrations.source, "personas": recipe.personas.source}
    if sources["personas"] == "demonstrations":
        sources["personas"] = sources["demonstrations"]
    for what, source in sources.items():
        if what != "demonstrations" or recipe.demonstrations.count:
            shown = str(public_recipe({"source": source})["source"])
            own = dataclasses.replace(_OWN, what=what)
            ours = source == "bundled" or (source in SOURCES and not recipe.personas.data)
            yield own if ours else Origin(what, shown)


def _models(folder: Location) -> list[tuple[str, str, str]]:
    """Every model and revision that was asked, each with what for: "write", "judge" …"""
    found: set[tuple[str, str, str]] = set()
    for part in ("data", "rejected"):
        for path in files_of(folder, part):
            with opened_file(path) as file:
                for calls in file.read(columns=_COLUMNS)["calls"].to_pylist():
                    found |= {
                        (one["role"].partition(".")[0], one["model"], one["revision"] or "")
                        for one in calls or ()
                    }
    return sorted(found, key=lambda one: (one[0] != WRITE, one))
