"""What a run leaves in Prefect: the funnel as Markdown, and a link to the report."""

import re
from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report import REPORT
from crowdglot.datasets.report.markdown import report_markdown
from crowdglot.writing.recipe import Recipe


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
