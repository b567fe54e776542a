"""The deployment in prefect.yaml names a flow that exists, with a recipe that it takes."""

from importlib import import_module
from pathlib import Path

import yaml

from crowdglot.writing.recipe import Recipe

ROOT = Path(__file__).parents[2]


def test_deployment_fits_the_flow():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert deployments
    for deployment in deployments:
        path, name = deployment["entrypoint"].split(":")
        assert (ROOT / path).exists()
        flow = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
        assert set(flow.parameters.properties) == set(deployment["parameters"])
        recipe = Recipe.model_validate(deployment["parameters"]["recipe"])
        assert recipe.languages
        assert any(schedule["active"] for schedule in deployment["schedules"])
