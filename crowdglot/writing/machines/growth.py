"""How a dataset grows from night to night: to how many dialogues the next run brings it."""

from crowdglot.writing.binding import planned
from crowdglot.writing.ending.finish import finished
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.recipe import Recipe


def grown(recipe: Recipe, by: int) -> Recipe:
    """``recipe`` with the dialogues of each language that the next run is to bring its dataset to.

    The recipe's own number where nothing is there; what an earlier run was to write and did not
    finish; else ``by`` more than there are. Never fewer than before, whatever the recipe says.
    """
    before = planned(open_recipe(recipe))
    if before:
        as_before = recipe.model_copy(update={"dialogues_per_language": before})
        before += by if finished(open_recipe(as_before)) else 0
    wanted = max(before, recipe.dialogues_per_language)
    return recipe.model_copy(update={"dialogues_per_language": wanted})
