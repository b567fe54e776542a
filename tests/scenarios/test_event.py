"""Speech events: the taxonomy is whole and every template fills for every language."""

import re

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.scenarios.common_ground import fill
from crowdglot.scenarios.event import event_names, read_event

# Goldsmith & Baxter (1996).
TAXONOMY = (
    "small_talk current_events_talk gossip joking_around catching_up recapping_the_days_events "
    "getting_to_know_someone sports_talk morning_talk bedtime_talk reminiscing making_up love_talk "
    "relationship_talk conflict serious_conversation talking_about_problems breaking_bad_news "
    "complaining group_discussion persuading_conversation decision_making_conversation "
    "giving_and_getting_instructions class_information_talk lecture interrogation making_plans "
    "asking_a_favor asking_out"
).split()


def test_all_29_events_are_there():
    assert sorted(TAXONOMY) == list(event_names())


@pytest.mark.parametrize("name", event_names())
def test_event_keeps_its_contract(name):
    event = read_event(name)
    assert len(event.common_grounds) >= 8
    premises = [ground.premise for ground in event.common_grounds]
    assert len(set(premises)) == len(premises)
    assert len({ground.setting.channel for ground in event.common_grounds}) >= 2
    for ground in event.common_grounds:
        # The speakers may be of any gender; a third person ("a great-aunt") has one of their own.
        for clause in re.split(r"[.;,]", ground.premise):
            if re.search(r"\{[a-d]\}", clause):
                assert not re.search(r"\b(he|she|him|his|hers)\b", clause), clause


def test_who_may_hold_what():
    assert read_event("love_talk").adults_only
    assert read_event("asking_out").adults_only
    assert read_event("asking_out").unattached
    assert read_event("group_discussion").speakers[0] >= 3
    assert set(read_event("class_information_talk").relations) == {"classmates"}
    assert {"strangers"} <= set(read_event("getting_to_know_someone").relations)
    for name in ("making_up", "reminiscing", "relationship_talk", "bedtime_talk", "morning_talk"):
        assert "strangers" not in read_event(name).relations


@pytest.mark.parametrize("tag", packed_tags())
def test_every_template_fills_without_a_slot_left(tag):
    from crowdglot.draws import Draws

    communities = resolve_language(tag).pack.communities
    for name in event_names():
        for number, template in enumerate(read_event(name).common_grounds):
            ground = fill(
                template,
                template.relations[0],
                communities[number % len(communities)],
                ("Ana", "Bo", "Cleo", "Dan"),
                Draws(tag, name, number),
            )
            text = " ".join((ground.place, ground.time, ground.communal, ground.premise))
            assert "{" not in text
            assert "}" not in text


def test_unknown_event():
    with pytest.raises(ConfigurationError, match="no speech event 'chitchat'; known: asking_a_f"):
        read_event("chitchat")
