"""Scenarios 0-99 of a fixed plan are those that their VERSION has always given."""

import json

import pytest

from crowdglot.scenarios.plan import VERSION
from tests.golden import SCENARIOS, complaint, hash_of_scenarios


def test_scenarios_change_only_with_the_version_of_the_plan():
    stored = json.loads(SCENARIOS.read_text("utf-8"))
    assert not (told := complaint(stored, VERSION, hash_of_scenarios())), told


@pytest.mark.parametrize(
    ("version", "found", "told"),
    [
        (2, "a", ""),
        (2, "b", "Scenarios 0-99 changed, but VERSION in crowdglot/scenarios/plan.py is still 2"),
        (3, "b", "VERSION is 3: run `python -m tests.golden`"),
        (3, "a", "VERSION is 3, but scenarios 0-99 are those of VERSION 2"),
    ],
)
def test_the_pin_says_what_to_do(version, found, told):
    said = complaint({"version": 2, "sha256": "a"}, version, found)
    assert said.startswith(told)
    assert bool(said) == bool(told)
