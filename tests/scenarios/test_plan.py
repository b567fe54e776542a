"""The plan: pure, balanced, plausible, and with a replacement for whatever fails."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.personas.casting.pool import PersonaPool
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.plan import Plan


def make_plan(tags=("fr", "es", "de", "zh"), events=None, turns=(6, 8), seed=3) -> Plan:
    return Plan(
        seed=seed,
        languages=[resolve_language(tag) for tag in tags],
        events=[read_event(name) for name in events or event_names()],
        turns=turns,
        personas=PersonaPool(bundled_personas()),
    )


def test_scenario_is_a_pure_function_of_recipe_and_index():
    forwards, backwards = make_plan(), make_plan()
    indices = [0, 1, 5, 77, 10**10]
    first = [forwards.scenario(index) for index in indices]
    second = [backwards.scenario(index) for index in reversed(indices)]
    assert first == second[::-1]
    assert make_plan(seed=4).scenario(5) != first[2]


@pytest.mark.parametrize("length", [1, 4, 13, 29, 116, 117, 500, 1000])
def test_every_prefix_is_balanced(length):
    plan = make_plan()
    scenarios = [plan.scenario(index) for index in range(length)]
    cells = Counter((one.language.tag, one.event.name) for one in scenarios)
    languages = Counter(one.language.tag for one in scenarios)
    for counts, most in ((cells, 4 * len(plan.events)), (languages, 4)):
        least = min(counts.values()) if len(counts) == most else 0
        assert max(counts.values()) - least <= 1


def test_a_small_plan_spreads_over_events():
    names = [make_plan().event(index).name for index in range(28)]
    assert len(set(names)) == 28


@settings(max_examples=200, deadline=None)
@given(
    wanted=st.integers(1, 90),
    languages=st.integers(1, 4),
    events=st.integers(1, 29),
    seed=st.integers(0, 2**32),
)
def test_replacements_stay_in_the_cell_and_never_meet(wanted, languages, events, seed):
    plan = make_plan(("fr", "es", "de", "zh")[:languages], event_names()[:events], seed=seed)
    seen = set()
    for index in range(wanted * languages):
        for times in range(4):
            other = plan.replacement(index, times)
            assert other not in seen
            seen.add(other)
            assert plan.event(other) == plan.event(index)
            assert other % languages == index % languages


def test_each_cell_goes_through_all_common_grounds():
    plan = make_plan(("fr",), ("complaining",))
    count = len(plan.events[0].common_grounds)
    assert len({plan.scenario(index).common_ground.time for index in range(count)}) == count


def test_scenarios_are_plausible():
    plan = make_plan()
    turns = Counter()
    for index in range(2000):
        scenario = plan.scenario(index)
        ground, people = scenario.common_ground, scenario.personas
        turns[len(scenario.order)] += 1
        assert 6 <= len(scenario.order) <= 8
        assert set(scenario.order) == set(scenario.speakers)
        assert all(a != b for a, b in zip(scenario.order, scenario.order[1:], strict=False))
        assert len(set(scenario.names)) == len(people) == len(set(people))
        if scenario.event.adults_only or ground.relation in ("couple", "colleagues"):
            assert not any(person.minor for person in people)
        if scenario.event.unattached:
            assert not any(person.partnered for person in people)
        if ground.relation == "couple":
            assert not any(person.single for person in people)
        if ground.relation == "parent_and_child":
            assert not people[0].minor
        if ground.relation not in ("parent_and_child", "friends", "siblings", "classmates"):
            assert not any(person.minor for person in people)
        if ground.relation == "strangers":
            assert (ground.knows, ground.personal) == ("none", "")
        elif ground.relation == "friends":
            assert ground.knows in ("some", "most")
    assert set(turns) == {6, 7, 8}


def test_a_situation_is_told_in_plain_words_where_the_event_has_them():
    usual = make_plan(events=("making_plans", "gossip"))
    plain = replace(usual, events=[event.in_plain_words for event in usual.events])
    for index in range(40):
        told, short = usual.scenario(index), plain.scenario(index)
        same = replace(told.common_ground, premise=short.common_ground.premise)
        assert replace(told, common_ground=same, event=short.event) == short
        changed = told.common_ground.premise != short.common_ground.premise
        assert changed == (told.event.name == "making_plans")
    assert len({plain.scenario(at).common_ground.premise for at in range(72)}) > 20


def test_all_personas_appear():
    plan = make_plan()
    seen = {person.id for index in range(1500) for person in plan.scenario(index).personas}
    assert seen == {person.id for person in bundled_personas()}


def test_language_without_a_pack_can_be_planned():
    plan = make_plan(("wo",))
    scenario = plan.scenario(0)
    assert scenario.language.pack is None
    assert scenario.names[:2] == ("speaker A", "speaker B")
    for index in range(200):
        ground = plan.scenario(index).common_ground
        told = f"{ground.communal} {ground.personal} {ground.premise}"
        assert not re.search(r"(^|[.!?] )speaker", told)
    assert "{" not in scenario.common_ground.communal


def test_too_few_personas():
    with pytest.raises(ConfigurationError, match="1 persona"):
        PersonaPool([Persona(("I knit.",))])
    attached = [Persona((f"My wife likes {what}.",)) for what in ("tea", "rain", "cats")]
    plan = make_plan(events=("asking_out",))
    plan.personas = PersonaPool(attached)
    with pytest.raises(ConfigurationError, match=r"too few personas .* \(0 of 3 do\)"):
        plan.check()
