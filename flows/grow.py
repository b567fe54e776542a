"""The flow of a night: the dataset grows, or what an earlier night did not finish is finished."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from crowdglot.writing.machines.flow_run import (
    Directory,
    begin,
    unless_refused,
    write_in_flow,
)
from crowdglot.writing.machines.growth import grown
from crowdglot.writing.recipe import Recipe

Dialogues = Annotated[int, Field(ge=1, description="Dialogues more of each language.")]
Then = Annotated[str, Field(description="A deployment to run after success, as publish/NAME.")]


@flow(name="grow", flow_run_name="{recipe.name}", persist_result=False)
async def grow(
    recipe: Recipe, by: Dialogues = 100, directory: Directory = "", then: Then = ""
) -> State[Any]:
    """Let the dataset of ``recipe`` grow by so many dialogues of each language.

    The first run writes as many as the recipe says. A run that finds an earlier one unfinished
    finishes it, and adds nothing of its own. Ends as the flow "synthesize" does.
    """
    state = await unless_refused(lambda: write_in_flow(grown(recipe, by)), directory)
    if then and state.name in ("Completed", "CompletedShort"):
        await begin(then)
    return state
