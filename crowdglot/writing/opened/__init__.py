"""A recipe with all it names opened, and how it is opened."""

from crowdglot.writing.opened.opening import open_recipe, read_personas
from crowdglot.writing.opened.recipe import ENGINE, OpenedRecipe

__all__ = ["ENGINE", "OpenedRecipe", "open_recipe", "read_personas"]
