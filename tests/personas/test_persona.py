"""Age and attachment, read from the sentences; a minor taken for an adult is the worst mistake."""

from pathlib import Path

import pytest

from crowdglot.dialogues.readers import personas_of, read_demonstrations
from crowdglot.personas.persona import NOBODY, Persona
from crowdglot.personas.traits import Trait

MINORS = (
    "I am 10 years old.", "I'm 17.", "I’m a sixth grader.", "I am a 15 year old girl.",
    "I am a fourteen year old living with my mom.", "I am an 11-year-old boy.", "I am four.",
    "I am currently in high school.", "I'm in my high school band.", "I am a little girl.",
    "I go to a catholic high school in new england.", "I am in the third grade.", "I am a boy.",
    "I start my senior year of high school next week.", "I turned sixteen in May.",
    "I will graduate from high school in two years.", "I ride the bus to school.",
    "When I grow up I want to be a vet.", "I am sixteen and go to a boarding school.",
)  # fmt: skip
ADULTS = (
    "I am 5 3 and am the shortest person in my family.", "I'm 5 7 tall.", "I am 6 feet tall.",
    "I am sixty and too young to do nothing.", "I am 40 years old.", "I am a child psychologist.",
    "I'm 16 weeks pregnant.", "I am a high school teacher.", "I am a kid at heart.",
    "I have a 4 year old son.", "I have played since I was 4 years old.",
    "I graduated high school.",
    "I won the spelling bee in third grade.", "My son is in junior high school.",
    "When I turned 16, my family moved.", "I start work at a high school on Monday.",
)  # fmt: skip
PARTNERED = (
    "My husband is a pastor.", "I am married.", "I have a boyfriend.", "I've been married 6 years.",
    "I got married last year.", "I am getting married in May.", "I am in an open relationship.",
    "I currently am engaged to my high school boyfriend.", "I married my high school sweetheart.",
    "I just started dating someone new.", "I have a wife and two kids back in the states.",
)  # fmt: skip
SINGLE = (
    "I am single.", "I'm a widow.", "I am currently single.", "I am not married.",
    "My husband died last year.", "My wife just left me.", "My girlfriend just broke up with me.",
    "I have been divorced for 2 years.", "I have never been on a date.", "I live alone.",
    "I am a 46 year old single dad.", "I'm hoping to find someone to marry me.",
)  # fmt: skip
NEITHER = (
    "I have a business partner.", "I collect single malt scotch.", "I am single-minded.",
    "I was raised in a single parent household.", "My parents are divorced.",
    "I'm a wedding planner.", "I just got my bachelor's degree.", "I am engaged in politics.",
)  # fmt: skip


@pytest.mark.parametrize("fact", MINORS)
def test_minors_are_seen(fact: str) -> None:
    assert Persona((fact,)).minor


@pytest.mark.parametrize("fact", ADULTS)
def test_adults_are_not_taken_for_minors(fact: str) -> None:
    assert not Persona((fact,)).minor


@pytest.mark.parametrize("fact", PARTNERED + SINGLE + NEITHER)
def test_attachment(fact: str) -> None:
    persona = Persona((fact,))
    assert persona.partnered == (fact in PARTNERED)
    assert persona.single == (fact in SINGLE)


def test_personachat_is_consistent(data_folder: Path) -> None:
    source = data_folder / "xpersona" / "En_persona_valid.json"
    personas = personas_of(read_demonstrations(str(source)))
    minors = [persona for persona in personas if persona.minor]
    assert 25 <= len(minors) <= 40
    assert not any(persona.partnered for persona in minors)
    assert sum(p.partnered and p.single for p in personas) <= 3


def test_empty_personas_cannot_be() -> None:
    for facts, traits in (((), (Trait("age", "34"),)), (("I bake.", " "), ())):
        with pytest.raises(ValueError, match="at least one sentence"):
            Persona(facts, traits)
    assert not NOBODY.facts and not NOBODY.minor
