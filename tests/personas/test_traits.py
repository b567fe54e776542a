"""Traits of personas: our lines with them, and what such a line may get wrong."""

import json
from pathlib import Path

import pytest

from crowdglot.dialogues.readers import read_material
from crowdglot.errors import MaterialError
from crowdglot.personas.lines import as_line, read_personas
from crowdglot.personas.persona import Persona
from crowdglot.personas.traits import Trait, declared

LINE = {
    "facts": ["I sell old books by the river.", "I lose every game of chess."],
    "traits": {
        "age": 34,
        "interests": ["chess", "rowing"],
        "job": {"value": "bouquiniste", "language": "fr"},
    },
    "origins": {"facts": ["A3", ""], "traits": {"age": ["A5"]}},
}
WHO = Persona(
    tuple(LINE["facts"]),
    (
        Trait("age", "34"),
        Trait("interests", "chess"),
        Trait("interests", "rowing"),
        Trait("job", "bouquiniste", "fr"),
    ),
)


def written(folder: Path, **changed: object) -> Path:
    path = folder / "mine.jsonl"
    path.write_text(json.dumps({**LINE, **changed}) + "\n")
    return path


def test_a_line_holds_facts_traits_and_where_each_came_from(tmp_path: Path) -> None:
    (who,) = read_personas(written(tmp_path))
    assert who == WHO
    assert who.origins == ("A3", "")
    assert [one.origin for one in who.traits] == ["A5", "", "", ""]
    (tmp_path / "again.jsonl").write_text(as_line(who))
    (again,) = read_personas(tmp_path / "again.jsonl")
    assert as_line(again) == as_line(who)


def test_a_file_that_a_recipe_names_keeps_its_traits(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text() + json.dumps({**LINE, "traits": {"age": 200}}))
    material = read_material(str(path), personas=True)
    assert material.personas == (WHO,)
    assert "1 of 2 left out: line 2: trait 'age' is '200'" in material.left_out


def test_traits_are_part_of_who_somebody_is_and_origins_are_not() -> None:
    bare = Persona(WHO.facts)
    assert bare.id != WHO.id
    assert Persona(WHO.facts, WHO.traits, ("A1", "A2")) == WHO
    assert bare.id == Persona(WHO.facts, (), ("A1", "A2")).id


def test_age_and_partner_decide_where_they_are_told() -> None:
    def who(**traits: str) -> Persona:
        return Persona(("I row.",), tuple(Trait(*one) for one in traits.items()))

    assert who(age="17").minor
    assert not who(age="18").minor
    assert who(partner="married").partnered
    assert not who(partner="divorced").partnered
    assert who(partner="divorced").single


WRONG = {
    "a key that is not declared": ({"shoes": "42"}, "unknown trait 'shoes'; known: age"),
    "a value outside its list": ({"gender": "robot"}, "choose one of: female, male"),
    "no number": ({"age": "old"}, "give a whole number from 4 to 100"),
    "a number without end": ({"age": "9" * 5_000}, "give a whole number from 4 to 100"),
    "a number out of its range": ({"age": 3}, "give a whole number from 4 to 100"),
    "two values of one key": ({"age": ["30", "31"]}, "trait 'age' has 2 values; give one"),
    "an empty text": ({"job": " "}, "trait 'job' is empty"),
    "no text": ({"job": {"name": "baker"}}, "trait 'job' is no text"),
    "no language": ({"job": {"value": "baker", "language": "1"}}, "trait 'job':"),
    "a list": (["age"], "field 'traits' is not an object"),
    "an age and a family": (
        {"age": 24, "family": ["grandchildren"]},
        "contradict each other (age '24' and family 'grandchildren')",
    ),
    "two values of a family": (
        {"family": ["no children", "grandchildren"]},
        "who has no children has no grandchildren",
    ),
}


@pytest.mark.parametrize(("traits", "message"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong(tmp_path: Path, traits: object, message: str) -> None:
    with pytest.raises(MaterialError) as caught:
        read_personas(written(tmp_path, traits=traits, origins={}))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.jsonl'}, line 1: ")
    assert "\n" not in str(caught.value)


def test_origins_are_as_many_as_what_they_are_of(tmp_path: Path) -> None:
    for origins in (
        {"facts": ["A1"]},
        {"traits": {"interests": ["A1"]}},
        {"facts": "A1"},
        {"x": 1},
    ):
        with pytest.raises(MaterialError, match=r"line 1: field 'origins"):
            read_personas(written(tmp_path, origins=origins))


def test_every_contradiction_can_hold() -> None:
    keys = declared().keys
    for rule in declared().contradictions:
        told = {key: list(rule.values.get(key, ())) for key in keys}
        for key, sides in rule.apart.items():
            told[key] = [side[0] for side in sides]
        told["age"] = [str(rule.age[0] or 5)] if rule.age else []
        assert rule.holds(told), rule.because
        assert not rule.holds(dict.fromkeys(keys, ()))
        for key, values in told.items():
            assert not any(keys[key].fault(value) for value in values), rule.because
