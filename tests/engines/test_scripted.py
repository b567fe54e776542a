"""The scripted engine."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from crowdglot.engines.scripted import Scripted
from crowdglot.engines.settings import EngineSettings
from tests.engines.questions import question


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("integer", 4), ("number", 4.0), ("boolean", True), ("null", None),
        ("string", "Turn x of draft 4."),
    ],
)  # fmt: skip
def test_the_schema_is_filled(kind: str, expected: Any) -> None:
    schema = {"properties": {"x": {"type": kind}}, "required": ["x"]}

    async def run() -> str:
        async with Scripted(EngineSettings(kind="scripted")) as engine:
            return (await engine.complete(replace(question(seed=4), schema=schema))).text

    assert json.loads(asyncio.run(run())) == {"x": expected}
