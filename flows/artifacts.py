"""What a run leaves in Prefect beside its state: the funnel as a table, and where the page is."""

from prefect.artifacts import acreate_link_artifact, acreate_table_artifact  # noqa: F401

from flows.job import Job


async def publish(job: Job) -> None:
    """Write the artifacts."""
