"""Repair of PersonaChat's writing."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdglot.personas.normalise import looks_english, normalise, normalise_fact

REPAIRED = {
    "i'm a nurse .": "I'm a nurse.",
    "hey there ! whats up ? i do not like em": "Hey there! Whats up? I do not like em",
    "i get it . . . i grew up an army brat": "I get it... I grew up an army brat",
    "i ca n't . i 'm ok , they 're late ; sorry": "I can't. I'm ok, they're late; sorry",
    "neat ! ! what ? !": "Neat!! What?!",
    "just watching t . v . at 5 p . m . now": "Just watching T.V. at 5 p.m. now",
    "i made 90 , 000 in 2007 , 300 of it twice": "I made 90,000 in 2007, 300 of it twice",
    "you and i . i m cold": "You and I. I'm cold",
    "i ' m fine": "I'm fine",
    "( yes ) i do": "(Yes) I do",
    "  two\n lines\t here ": "Two lines here",
    "dr . pepper . yes , etc . and so on": "Dr. pepper. Yes, etc. and so on",
    "cafe\u0301 .": "Caf\u00e9.",
}
UNHARMED = (
    "It cost 3.5, e.g. in the U.S. or at 5 p.m. today.",
    "Fine :) see you at 10:30, i.e. soon.",
    "The iPhone is new. iPads are not.",
    "I read the novel... and it was long.",
    "Rock 'n' roll, the '90s and the boys' house.",
    "Well-known words, half-open (really) doors.",
    "J. R. wrote to Mr. Bean vs. the rest.",
)


@pytest.mark.parametrize(("text", "repaired"), REPAIRED.items())
def test_repairs(text: str, repaired: str) -> None:
    assert normalise(text) == repaired


@pytest.mark.parametrize("text", UNHARMED)
def test_leaves_well_formed_text_alone(text: str) -> None:
    assert normalise(text) == text


@given(st.text(max_size=60) | st.text(alphabet="ai'.,!? :;()mdrU39n\n", max_size=40))
def test_is_idempotent(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(text, english=False) == normalise(
        normalise(text, english=False), english=False
    )
    fact = normalise_fact(text)
    assert normalise_fact(fact) == fact
    once.encode()


def test_keeps_the_words_of_other_languages() -> None:
    assert normalise("i cani e i gatti . ciao !", english=False) == "I cani e i gatti. Ciao!"
    assert normalise("ja i ty , razem ?", english=False) == "Ja i ty, razem?"
    assert normalise("很好 。和我的狗", english=False) == "很好。和我的狗"
    assert looks_english(["hey there ! i'm a nurse .", "do you like it ?"])
    assert not looks_english(["ciao ! come stai sta sera ?", "i miei due cani ."])


def test_ends_facts() -> None:
    assert normalise_fact("i love cats") == "I love cats."
    assert normalise_fact("i love cats ,") == "I love cats."
    assert normalise_fact("do i ?") == "Do I?"
    assert normalise_fact("i smile :)") == "I smile :)"
    assert normalise_fact("我有两只狗", english=False) == "我有两只狗。"
    assert normalise_fact("मैं गाता हूँ", english=False) == "मैं गाता हूँ।"


def test_real_turns_are_repaired_fast_and_once(data_folder: Path) -> None:
    records = json.loads((data_folder / "xpersona" / "En_persona_valid.json").read_text("utf-8"))
    texts = [text for record in records for pair in record["dialogue"] for text in pair]
    start = time.perf_counter()
    repaired = [normalise(text) for text in texts]
    # 14,632 turns take 0.4 s; the bound only catches a pattern that has become quadratic.
    assert time.perf_counter() - start < 10
    assert not any(" ." in text or " ," in text or " i " in text for text in repaired)
    assert all(normalise(text) == text for text in repaired)
