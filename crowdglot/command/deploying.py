"""``crowdglot deploy``: deployments on the user's Prefect server, by which a dataset grows.

Three at most, all named after the recipe: "grow" by a schedule, "report" by another, and "publish"
after each night that succeeded. Deployed again, they are what the latest command says.
"""

from collections import ChainMap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from httpx import HTTPError, HTTPStatusError, InvalidURL, UnsupportedProtocol
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import VersionInfo
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import DeploymentApplyError, RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

from crowdglot import __version__
from crowdglot.errors import ConfigurationError, CrowdglotError
from crowdglot.writing.recipe import Recipe

_PROCESS, _DOCKER = "process", "docker"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed. ``nightly``, ``weekly``: cron lines; ``image``: of containers, ""
    for processes; ``repo``: where it is published, "" for nowhere."""

    recipe: Recipe
    by: int
    nightly: str
    weekly: str
    timezone: str
    pool: str
    image: str = ""
    repo: str = ""
    private: bool = False
    gated: bool = False

    @property
    def kind(self) -> str:
        return _DOCKER if self.image else _PROCESS

    def job(self) -> dict[str, Any]:
        """Of every run: no module is looked for where it runs; a container sees this folder."""
        job: dict[str, Any] = {"env": {"PYTHONSAFEPATH": "1"}}
        if self.image:
            job |= {"image": self.image, "image_pull_policy": "IfNotPresent"}
            job["volumes"] = [f"{Path.cwd()}:{Path.cwd()}"]
        return job


async def deploy(wanted: Wanted) -> dict[str, str]:
    """Make or change the deployments; by full name, when each runs. Raises CrowdglotError."""
    night, week = (_cron(line, wanted.timezone) for line in (wanted.nightly, wanted.weekly))
    recipe = wanted.recipe.model_dump(mode="json", exclude_unset=True)
    here = {"directory": str(Path.cwd())}
    async with _server() as client:
        await _prepare_pool(client, wanted)
        told, publishing = {}, f"publish/{wanted.recipe.name}"
        growing = {"recipe": recipe, "by": wanted.by, "then": publishing if wanted.repo else ""}
        name = await _apply(wanted, "grow", growing | here, schedule=night)
        told[name] = f"{wanted.nightly} ({wanted.timezone}), {wanted.by} dialogues more a language"
        name = await _apply(wanted, "report", {"recipe": recipe, **here}, schedule=week)
        told[name] = f"{wanted.weekly} ({wanted.timezone})"
        if wanted.repo:
            what = {"dataset": str(wanted.recipe.folder), "repo": wanted.repo, **here}
            rights = {"private": wanted.private, "gated": wanted.gated}
            await _apply(wanted, "publish", what | rights)
            told[publishing] = f"to {wanted.repo}, after each night that succeeded"
        else:
            with suppress(ObjectNotFound):  # an earlier command deployed it, and this one does not
                earlier = await client.read_deployment_by_name(publishing)
                await client.delete_deployment(earlier.id)
    return told


async def _apply(wanted: Wanted, flow: str, parameters: dict[str, Any], **when: Any) -> str:
    """Make or change one deployment, of which one run goes on at a time; its name."""
    deployment: RunnerDeployment = await getattr(
        import_module(f"crowdglot.flows.{flow}"), flow
    ).ato_deployment(
        wanted.recipe.name,
        parameters=parameters,
        concurrency_limit=1,
        job_variables=wanted.job(),
        entrypoint_type=EntrypointType.MODULE_PATH,
        version=__version__,
        tags=["crowdglot"],
        **when,
    )
    version = VersionInfo(type="prefect:simple", version=__version__)
    await deployment.aapply(work_pool_name=wanted.pool, version_info=version)
    return deployment.full_name


async def _prepare_pool(client: PrefectClient, wanted: Wanted) -> None:
    """Make the work pool where it is not there; ConfigurationError if it is of another type."""
    try:
        pool = await client.read_work_pool(wanted.pool)
    except ObjectNotFound:
        kinds = ChainMap(*(await client.read_worker_metadata()).values())
        template = kinds[wanted.kind]["default_base_job_configuration"]
        new = WorkPoolCreate(name=wanted.pool, type=wanted.kind, base_job_template=template)
        await client.create_work_pool(new)
        return
    if pool.type != wanted.kind:
        remedy = "leave --image out" if wanted.image else "give --image"
        remedy = remedy if pool.type in (_PROCESS, _DOCKER) else "make one of another name"
        raise ConfigurationError(
            f"--pool {wanted.pool}: is a work pool of type '{pool.type}', and '{wanted.kind}' is "
            f"wanted; choose another --pool, or {remedy}."
        )


def _cron(line: str, timezone: str) -> CronSchedule:
    try:
        return CronSchedule(cron=line, timezone=timezone)
    except ValueError:
        raise ConfigurationError(
            f"'{line}' in '{timezone}': no schedule; write five fields of cron such as "
            "'15 2 * * *', and a time zone such as Europe/Paris."
        ) from None


@asynccontextmanager
async def _server() -> AsyncIterator[PrefectClient]:
    """The client of the user's server; what goes wrong there is one sentence."""
    url = PREFECT_API_URL.value()
    if not url:
        raise ConfigurationError(
            "there is no Prefect server to deploy to; start one with `prefect server start`, and "
            "set PREFECT_API_URL to its address, such as http://127.0.0.1:4200/api."
        )
    try:
        async with get_client() as client:
            yield client
    except (HTTPError, InvalidURL, RuntimeError, OSError) as error:
        if not (refusal := _refusal(error, url)):
            raise
        raise refusal from None


def _refusal(error: BaseException, url: str) -> CrowdglotError | None:
    """What is wrong with the server at ``url``, and what to do: a ConfigurationError where the user
    told something wrong; None where the error is of something else."""
    # Prefect raises its own RuntimeError from what the server or the network said.
    cause = error.__cause__ if isinstance(error, RuntimeError) else None
    of = cause if isinstance(cause, HTTPError | InvalidURL | OSError) else error
    said = " ".join(str(of).split())[:160] or type(of).__name__
    if isinstance(of, HTTPStatusError):
        if of.response.status_code in (401, 403):
            return ConfigurationError(
                f"{url}: Prefect's server does not accept the credentials; set "
                "PREFECT_API_AUTH_STRING, or PREFECT_API_KEY, to its own."
            )
        said = " ".join(of.response.text.split())[:300]
        said = f"HTTP {of.response.status_code}: {said}"
    elif isinstance(of, InvalidURL | UnsupportedProtocol):
        return ConfigurationError(
            f"{url}: this is no address ({said}); correct PREFECT_API_URL, such as "
            "http://127.0.0.1:4200/api."
        )
    elif isinstance(of, HTTPError | OSError) or "Failed to reach" in said:
        return CrowdglotError(
            f"{url}: Prefect's server cannot be reached ({said}); start it, or set PREFECT_API_URL."
        )
    elif not isinstance(of, DeploymentApplyError) and "incompatible versions" not in said:
        return None
    return CrowdglotError(
        f"{url}: Prefect's server refuses ({said}); mend this, then run the same command again."
    )
