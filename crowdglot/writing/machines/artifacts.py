"""What a run leaves in Prefect (the funnel, a link to the report), and what it hears from it."""

import re
from pathlib import Path
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report import REPORT
from crowdglot.datasets.report.markdown import report_markdown
from crowdglot.writing.recipe import Recipe


async def is_cancelled() -> bool:
    """Whether the stop was asked for in Prefect, which then takes no other end than "Cancelled"."""
    try:
        async with get_client() as client:
            run = await client.read_flow_run(UUID(str(flow_run.id)))
    except Exception:  # the server may be gone: then it does not matter
        return False
    return bool(run.state and run.state.is_cancelling())


async def create_artifacts(recipe: Recipe, funnel: Funnel) -> None:
    """Write the artifacts of a finished run; a server that does not take them is no error."""
    page = recipe.folder / REPORT
    link = page.resolve().as_uri() if isinstance(page, Path) else str(page)
    key = re.sub(r"[^a-z0-9]+", "-", recipe.name.lower()).strip("-")
    try:
        await acreate_markdown_artifact(
            markdown=report_markdown(recipe.name, funnel), key=f"{key}-funnel"
        )
        await acreate_link_artifact(link=link, link_text=REPORT, key=f"{key}-report")
    except Exception as error:  # the dataset is written: nothing that Prefect says can undo that
        get_run_logger().warning("Prefect did not take the artifacts: %s", error)
