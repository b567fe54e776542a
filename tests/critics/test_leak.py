"""What a side of a debate was told of the other, it must not let slip."""

from dataclasses import replace

import pytest

from crowdglot.critics import load_critics
from crowdglot.engines.embedding.bundled import missing
from crowdglot.personas.persona import Persona
from crowdglot.scenarios.debate import Debate
from tests.builders import NURSE, dialogue

CLERK = Persona(("I work nights at the front desk of a hotel.", "I learn the accordion."))
PROPOSITION = "Tea is better company than coffee."
with_model = pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")


def debated(texts, tag="en", known=True):
    told = dialogue(texts, tag)
    ground = replace(told.scenario.common_ground, premise=f"They argue: {PROPOSITION}")
    scenario = replace(
        told.scenario, personas=(NURSE, CLERK), common_ground=ground,
        debate=Debate(PROPOSITION, "A", known),
    )  # fmt: skip
    return replace(told, scenario=scenario)


def overheard():
    """A debate in which a turn says many words of one long fact, of different weights."""
    fact = "I grow purple orchids, tomatoes, juicy melons, gigantic pumpkins near a lighthouse."
    told = debated(("Tea.", "You grow purple orchids, tomatoes, juicy melons in a lighthouse."))
    return replace(told, scenario=replace(told.scenario, personas=(Persona((fact,)), CLERK)))


def critic(name):
    found = {type(one).__name__: one for one in load_critics(meaning=True)}
    return found[name]


@pytest.mark.parametrize(
    ("texts", "leaks"),
    [
        (("Tea keeps you company.", "You are a nurse, you need coffee."), True),
        (("Tea keeps you company.", "With your dogs you have no time for it."), True),
        (("You who play the accordion need tea.", "I need coffee."), True),
        (("As a nurse I drink tea.", "A nurse should drink coffee."), False),  # said before
        (("Tea is for the company, not for the thirst.", "Coffee is company too."), False),
        (("My two dogs hate coffee.", "Then they have no taste."), False),  # the own trait
    ],
)
def test_a_trait_of_the_other_is_a_leak_until_the_other_tells_it(texts, leaks):
    verdict = critic("Leak").judge(debated(texts))
    assert verdict.reason == ("leaked_trait" if leaks else None), verdict
    assert bool(verdict.evidence) == leaks
    untold = critic("Leak").judge(debated(texts, known=False))
    assert (untold.reason, untold.score) == (None, verdict.score)


def test_what_is_no_debate_is_not_judged():
    for name in ("Leak", "TranslatedLeak"):
        verdict = critic(name).judge(dialogue())
        assert (verdict.reason, verdict.score) == (None, None)


@with_model
@pytest.mark.parametrize(
    ("tag", "texts", "clean"),
    [
        (
            "fr", ("Le thé tient compagnie.", "Avec tes deux chiens, tu as besoin de café."),
            ("Le thé se boit en une heure.", "Le café se boit au comptoir."),
        ),
        (
            "zh", ("茶更能陪伴人。", "你养了两只狗，早上没有时间泡茶。"),
            ("喝茶要慢慢来。", "咖啡一口就提神。"),
        ),
        (
            "es", ("El té hace compañía.", "Tienes dos perros, necesitas un café."),
            ("El té se bebe despacio.", "El café despierta a cualquiera."),
        ),
        (
            "de", ("Tee leistet Gesellschaft.", "Du hast zwei Hunde, du brauchst Kaffee."),
            ("Tee trinkt man in Ruhe.", "Kaffee weckt jeden auf."),
        ),
    ],
)  # fmt: skip
def test_a_leak_is_found_across_languages(tag, texts, clean):
    assert critic("TranslatedLeak").judge(debated(texts, tag)).reason == "leaked_trait"
    assert critic("TranslatedLeak").judge(debated(texts, tag, known=False)).reason is None
    assert critic("TranslatedLeak").judge(debated(clean, tag)).reason is None
