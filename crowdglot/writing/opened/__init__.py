"""A recipe with all it names opened, and how it is opened."""

from crowdglot.writing.opened.cast import read_personas_of
from crowdglot.writing.opened.opening import open_recipe
from crowdglot.writing.opened.recipe import ENGINE, OpenedRecipe

__all__ = ["ENGINE", "OpenedRecipe", "open_recipe", "read_personas_of"]
