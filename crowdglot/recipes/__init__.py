"""Recipes that come with crowdglot, and the reading of any recipe. A recipe is one TOML file."""

from crowdglot.recipes.reading import (
    build_recipe,
    changed,
    read_embedding,
    read_recipe,
    read_reference,
    read_rejudged,
    trust_dataset,
)

__all__ = [
    "build_recipe",
    "changed",
    "read_embedding",
    "read_recipe",
    "read_reference",
    "read_rejudged",
    "trust_dataset",
]
