"""Who is asked when personas are made: the recipe's engine writes, its judging model judges."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from crowdglot.writing.judging.asker import Asker, asking
from crowdglot.writing.personas.made import beside, calls_of
from crowdglot.writing.recipe import Recipe


@asynccontextmanager
async def writer_and_judge(recipe: Recipe, output: Path) -> AsyncIterator[tuple[Asker, Asker]]:
    """Both, which are one where the recipe names no model to judge. Their answers are kept beside
    the file ``output``. Raises what the engines raise, and StorageError."""
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(asking(recipe.engine, calls_of(output)))
        judge = writer
        if recipe.judging_engine != recipe.engine:
            kept = beside(output, "judge.calls")
            judge = await stack.enter_async_context(asking(recipe.judging_engine, kept))
        yield writer, judge
