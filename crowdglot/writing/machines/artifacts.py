"""What a run leaves in Prefect: the funnel, and links to what it made."""

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
    try:
        await acreate_markdown_artifact(
            markdown=report_markdown(recipe.name, funnel), key=_key(f"{recipe.name}-funnel")
        )
    except Exception as error:  # the dataset is written: nothing that Prefect says can undo that
        _not_taken(error)
    await link_to(link, REPORT, key=f"{recipe.name}-report")


async def link_to(link: str, text: str, key: str) -> None:
    """Leave a link; a server that does not take it is no error."""
    try:
        await acreate_link_artifact(link=link, link_text=text, key=_key(key))
    except Exception as error:
        _not_taken(error)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _not_taken(error: Exception) -> None:
    get_run_logger().warning("Prefect did not take the artifacts: %s", error)
