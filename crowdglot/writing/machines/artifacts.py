"""What a run leaves in Prefect beside its state: the funnel as tables, and where the page is."""

import re
from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report import REPORT
from crowdglot.datasets.report.markdown import report_markdown
from crowdglot.writing.recipe import Recipe


async def create_artifacts(recipe: Recipe, funnel: Funnel) -> None:
    """Write the artifacts of a finished run; a server that does not take them is no error."""
    key = re.sub(r"[^a-z0-9]+", "-", recipe.name.lower()).strip("-")
    try:
        await acreate_table_artifact(
            table=_rows(funnel), key=f"{key}-acceptance", description="Drafts by language."
        )
        await acreate_markdown_artifact(
            markdown=report_markdown(recipe.name, funnel), key=f"{key}-funnel"
        )
        await acreate_link_artifact(link=_address(recipe), link_text=REPORT, key=f"{key}-report")
    except Exception as error:  # the dataset is written: nothing that Prefect says can undo that
        get_run_logger().warning("Prefect did not take the artifacts: %s", error)


def _address(recipe: Recipe) -> str:
    """Where the page is, as a browser takes it."""
    if isinstance(recipe.folder, Path):
        return (recipe.folder / REPORT).resolve().as_uri()
    return f"{recipe.folder}/{REPORT}"


def _rows(funnel: Funnel) -> list[dict[str, str | int | float]]:
    tags = sorted({*funnel.accepted_by_language, *funnel.rejected_by_language})
    rows: list[dict[str, str | int | float]] = []
    for tag in tags:
        accepted = funnel.accepted_by_language.get(tag, 0)
        drafts = accepted + funnel.rejected_by_language.get(tag, 0)
        rows.append(
            {
                "language": tag,
                "accepted": accepted,
                "drafts": drafts,
                "acceptance rate": round(accepted / drafts, 4),
            }
        )
    return rows
