"""The flow that publishes a dataset, such as after every night that succeeded."""

import asyncio
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from crowdglot.datasets.publishing.publish import publish_dataset
from crowdglot.datasets.storage.location import locate
from crowdglot.hub_repository import NAME
from crowdglot.writing.machines.artifacts import link_to
from crowdglot.writing.machines.flow_run import Directory, unless_refused

Repository = Annotated[str, Field(pattern=NAME, description="org/name on the hub.")]


@flow(name="publish", flow_run_name="{repo}", persist_result=False)
async def publish(
    dataset: str,
    repo: Repository,
    private: bool = False,
    gated: bool = False,
    directory: Directory = "",
) -> State[Any]:
    """Upload what the hub's repository ``repo`` does not hold yet of the folder ``dataset``.

    The token is the worker's HF_TOKEN. Ends as Completed, or failed as "Refused" with one sentence:
    a dataset that is unfinished or did not pass its audit is not published.
    """

    async def upload() -> State[Any]:
        done = await asyncio.to_thread(
            publish_dataset, locate(dataset), repo, private=private, gated=gated
        )
        await link_to(done.url, repo, key=f"{repo}-published")
        return Completed(message=f"{len(done.uploaded)} files uploaded, tag {done.tag}")

    return await unless_refused(upload, directory)
