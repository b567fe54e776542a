"""The flow of a week: a new report of what the dataset has become."""

import asyncio
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from crowdglot.datasets.funnel import measure_funnel
from crowdglot.writing.ending.report import rewrite_report
from crowdglot.writing.machines.artifacts import create_artifacts
from crowdglot.writing.machines.flow_run import Directory, unless_refused
from crowdglot.writing.recipe import Recipe


@flow(name="report", flow_run_name="{recipe.name}", persist_result=False)
async def report(recipe: Recipe, directory: Directory = "") -> State[Any]:
    """Write report.html and metrics.json of the dataset of ``recipe``, and Prefect's artifacts.

    Ends as Completed, or failed as "Refused" with one sentence.
    """

    async def write() -> State[Any]:
        human = Path(recipe.reference) if recipe.reference else None
        await asyncio.to_thread(rewrite_report, recipe.folder, recipe.embedding, human)
        await create_artifacts(recipe, await asyncio.to_thread(measure_funnel, recipe.folder))
        return Completed()

    return await unless_refused(write, directory)
