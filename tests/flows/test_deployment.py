"""Deployments without a server: prefect.yaml, the docker template, refusals, and how much grows."""

import asyncio
import json
from importlib import import_module
from pathlib import Path

import httpx
import jsonschema
import prefect.server
import pytest
import yaml
from crowdglot.flows.grow import grow
from crowdglot.flows.publish import publish
from crowdglot.flows.report import report
from prefect.deployments.runner import DeploymentApplyError

from crowdglot.command.deploying import Wanted
from crowdglot.command.deploying import deploy as deploy_wanted
from crowdglot.errors import ConfigurationError, CrowdglotError, StorageError
from crowdglot.writing.machines.growth import grown
from crowdglot.writing.recipe import Recipe
from tests.ground.test_hub import closed_port
from tests.writing.builders import Canned, fill, good, make_opened
from tests.writing.test_growth import fill as fill_some

ROOT = Path(__file__).parents[2]
TOLD = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
EVERY = TOLD["deployments"]
RECIPE = Recipe(name="r", languages=("fr",), dialogues_per_language=5)


@pytest.mark.parametrize("deployment", EVERY, ids=lambda one: one["name"])
def test_every_deployment_fits_its_flow(deployment):
    path, name = deployment["entrypoint"].split(":")
    flow = getattr(import_module(f"crowdglot.{path.removesuffix('.py').replace('/', '.')}"), name)
    assert (ROOT / path).exists()
    flow.validate_parameters(deployment["parameters"])
    assert deployment["concurrency_limit"] == 1
    assert all(one["active"] for one in deployment.get("schedules", ()))
    if then := deployment["parameters"].get("then"):
        told = {f"{Path(d['entrypoint']).name.partition('.')[0]}/{d['name']}" for d in EVERY}
        assert then in told, "it runs what is deployed"


def docker_jobs():
    wanted = Wanted(RECIPE, 1, "* * * * *", "* * * * *", "UTC", "p", image="crowdglot")
    return [wanted.job(), TOLD["definitions"]["pools"]["docker"]["job_variables"]]


def test_the_job_of_a_container_fits_prefects_template():
    views = Path(prefect.server.__file__).parent / "api/collections_data/views"
    known = json.loads((views / "aggregate-worker-metadata.json").read_text("utf-8"))
    template = known["prefect-docker"]["docker"]["default_base_job_configuration"]
    for job in docker_jobs():
        assert set(job) <= set(template["variables"]["properties"])
        jsonschema.validate(job, template["variables"])


def test_prefects_docker_worker_takes_the_job():
    worker = pytest.importorskip("prefect_docker.worker", reason="prefect-docker is not installed")
    template = worker.DockerWorker.get_default_base_job_template()
    make = worker.DockerWorkerJobConfiguration.from_template_and_values
    for job in docker_jobs():
        made = asyncio.run(make(template, job, client=object()))  # or it starts a server
        assert (made.image, made.env["PYTHONSAFEPATH"]) == ("crowdglot", "1")
        (volume,) = made.volumes
        here, there = volume.split(":")
        assert here == there, "so that a path means the same on both sides"


def test_the_image_holds_what_the_flows_need():
    lines = (ROOT / ".dockerignore").read_text("utf-8").split()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = (ROOT / "Dockerfile").read_text("utf-8")
    assert "requirements/run.txt" in copied and "--require-hashes" in copied
    assert {"crowdglot", "flows", "languages", "speech_events", "pyproject.toml"} <= kept
    assert all((ROOT / name).exists() for name in kept)


def test_a_night_adds_what_is_wanted_or_finishes_what_was(tmp_path):
    def night(by, *changes):
        return grown(make_opened(tmp_path / "d", *changes).recipe, by).dialogues_per_language

    first = make_opened(tmp_path / "d")  # 12 of each language
    assert night(5) == 12, "nothing is there: as many as the recipe says"
    fill(first, Canned(good))
    assert night(5) == 17
    small = "dialogues_per_language=3"
    assert night(5, small) == 17, "it never shrinks"
    assert night(5, "dialogues_per_language=90") == 90
    fill_some(make_opened(tmp_path / "d", "dialogues_per_language=17"), good, most=1)
    assert night(5) == night(5, small) == 17, "what was begun is finished first"
    fill(make_opened(tmp_path / "d", "dialogues_per_language=17"), Canned(good))
    assert night(5) == 22


def refused(flow, **parameters) -> str:
    """The sentence with which a flow refuses; run as a plain function."""
    state = asyncio.run(flow.fn(**parameters))
    assert (state.type, state.name) == ("FAILED", "Refused")
    assert state.message.endswith(".") and "\n" not in state.message
    return state.message


def test_flows_refuse_with_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for flow, told in ((grow, {"recipe": RECIPE}), (report, {"recipe": RECIPE}),
                       (publish, {"dataset": "d", "repo": "org/d"})):  # fmt: skip
        said = refused(flow, **told, directory="/nowhere/at/all")
        assert said.startswith("/nowhere/at/all: the worker does not see this folder")
    assert Path.cwd() == tmp_path
    lost = RECIPE.model_copy(update={"demonstrations": RECIPE.demonstrations.model_copy(
        update={"source": "only/here.json"})})  # fmt: skip
    assert "only/here.json" in refused(grow, recipe=lost)
    assert "no dataset of crowdglot" in refused(report, recipe=RECIPE)
    assert "no dataset of crowdglot" in refused(publish, dataset="d", repo="org/d")


def test_what_stops_publishing_stops_the_flow(tmp_path, monkeypatch):
    def fails(*_args, **_named):
        raise StorageError("d: its audit found harm in 3% of it; withdraw it, then publish.")

    monkeypatch.setattr("crowdglot.flows.publish.publish_dataset", fails)
    assert "audit" in refused(publish, dataset=str(tmp_path), repo="org/d")


def wanted(**changes):
    told = {"nightly": "15 2 * * *", "weekly": "0 7 * * 1", "timezone": "UTC", "pool": "p"}
    return Wanted(RECIPE, 5, **told | changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"nightly": "every night"}, "'every night' in 'UTC': no schedule"),
        ({"weekly": "0 25 * * 1"}, "no schedule"),
        ({"timezone": "Europe/Nowhere"}, "'15 2 * * *' in 'Europe/Nowhere': no schedule"),
    ],
)
def test_a_schedule_that_is_none(changes, word):
    with pytest.raises(ConfigurationError, match=r"write five fields") as told:
        asyncio.run(deploy_wanted(wanted(**changes)))
    assert word in str(told.value)


def test_no_server_in_reach():
    from prefect.settings import PREFECT_API_URL, temporary_settings

    unset = temporary_settings(restore_defaults={PREFECT_API_URL})
    with unset, pytest.raises(ConfigurationError, match="no Prefect server to deploy to"):
        asyncio.run(deploy_wanted(wanted()))
    away = temporary_settings({PREFECT_API_URL: f"{closed_port()}/api"})
    with away, pytest.raises(CrowdglotError, match="Prefect's server cannot be reached"):
        asyncio.run(deploy_wanted(wanted()))


def caused(error, cause):
    error.__cause__ = cause
    return error


def answer(status):
    asked = httpx.Request("POST", "http://h/api")
    told = httpx.Response(status, text="no such pool", request=asked)
    return httpx.HTTPStatusError("no", request=asked, response=told)


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (DeploymentApplyError("no such pool"), CrowdglotError, "refuses (no such pool); mend this"),
        (answer(409), CrowdglotError, "refuses (HTTP 409: no such pool); mend this"),
        (
            caused(DeploymentApplyError("x"), answer(403)),
            ConfigurationError,
            "the credentials; set",
        ),
        (
            caused(DeploymentApplyError("x"), httpx.ReadTimeout("")),
            CrowdglotError,
            "cannot be reac",
        ),
        (httpx.InvalidURL("Invalid port"), ConfigurationError, "(Invalid port); correct PREFECT_"),
        (httpx.UnsupportedProtocol("no http"), ConfigurationError, "(no http); correct PREFECT_"),
        (
            RuntimeError("Found incompatible versions: 3, 2"),
            CrowdglotError,
            "server refuses (Found",
        ),
        (RuntimeError("a fault of ours"), RuntimeError, "a fault of ours"),
    ],
)
def test_what_prefect_raises_is_told_for_what_it_is(monkeypatch, error, kind, sentence):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    def fails():
        raise error

    monkeypatch.setattr("crowdglot.command.deploying.get_client", fails)
    with temporary_settings({PREFECT_API_URL: "http://h/api"}), pytest.raises(kind) as told:
        asyncio.run(deploy_wanted(wanted()))
    assert type(told.value) is kind and sentence in str(told.value)
