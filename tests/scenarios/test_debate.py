"""Debates: the plan's own scenarios with a proposition, in all cells of the trial."""

from collections import Counter

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.casting.pool import PersonaPool
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.scenarios.event import read_event
from crowdglot.scenarios.plan import Plan

EVENT = "persuading_conversation"


def plan_of(*, debate, events=(EVENT,), tags=("fr", "es"), seed=3):
    return Plan(
        seed=seed,
        languages=[resolve_language(tag) for tag in tags],
        events=[read_event(name) for name in events],
        turns=(6, 8),
        personas=PersonaPool(bundled_personas()),
        debate=debate,
    )


def test_a_debate_is_the_same_scenario_about_a_proposition():
    plan, debates = plan_of(debate=False), plan_of(debate=True)
    debates.check()
    for index in (0, 1, 17, 10**10):
        usual, scenario = plan.scenario(index), debates.scenario(index)
        assert scenario == debates.scenario(index)
        assert scenario.debate.proposition in scenario.event.propositions
        ground = scenario.common_ground
        assert scenario.debate.proposition in ground.premise
        assert (ground.communal, ground.personal) == (
            usual.common_ground.communal, usual.common_ground.personal,
        )  # fmt: skip
        assert (scenario.personas, scenario.names, scenario.order) == (
            usual.personas, usual.names, usual.order,
        )  # fmt: skip
        name = scenario.names["AB".index(scenario.debate.in_favour)]
        assert ground.premise.find(f"{name} is for it") > 0
        assert usual.debate is None


def test_every_prefix_is_balanced_over_cells_and_propositions():
    plan = plan_of(debate=True, tags=("fr",))
    count = len(plan.events[0].propositions)
    assert count >= 30
    debates = [plan.scenario(index).debate for index in range(count)]
    assert len({debate.proposition for debate in debates}) == count
    for end in range(4, count):
        cells = Counter((debate.in_favour, debate.known) for debate in debates[:end])
        assert len(cells) == 4
        assert max(cells.values()) - min(cells.values()) <= 1


def test_an_event_without_propositions_cannot_be_debated():
    with pytest.raises(ConfigurationError, match=r"events: 'gossip' has no propositions"):
        plan_of(debate=True, events=(EVENT, "gossip")).check()
