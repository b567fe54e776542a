"""Files that something happened to: no traceback, and no text lost or in another's mouth untold."""

import random
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import Material, read_material
from crowdglot.errors import MaterialError
from tests.dialogues.mutations import (
    DIALOGUES,
    FORMATS,
    MUTATIONS,
    TAG,
    TURNS,
    plain_text,
    texts,
    with_columns_swapped,
)  # fmt: skip

Mutation = Callable[[bytes, random.Random], bytes]


def faults(material: Material, path: Path, name: str) -> Iterator[str]:
    """What is wrong with what was read."""
    found: set[str] = set()
    for demonstration in material.demonstrations:
        yield from _in_wrong_mouths(demonstration)
        personas = [fact for who in demonstration.personas if who for fact in who.facts]
        read = " ".join([*personas, *(turn.text for turn in demonstration.turns)])
        found |= {tag.lower() for tag in TAG.findall(read)}
    # Of packed columns nobody can say what they still hold.
    there = set() if name == "parquet" else {t.lower() for t in TAG.findall(plain_text(path))}
    if there - found and not material.left_out:
        yield f"lost: {there - found}"


def _in_wrong_mouths(demonstration: Demonstration) -> Iterator[str]:
    """The turns whose words are not those of their speaker: "a" or "b" in every turn's own word."""
    speaks: dict[str, str] = {}
    for turn in demonstration.turns:
        owners = {tag.lower().lstrip("d0123456789")[0] for tag in TAG.findall(turn.text)}
        if len(owners) > 1 or any(speaks.setdefault(turn.speaker, o) != o for o in owners):
            yield f"in another's mouth: {turn}"
    if len(set(speaks.values())) < len(speaks):
        yield f"one speaker as two: {demonstration.turns}"


def check(path: Path, name: str, mutation: Mutation, number: int) -> str:
    """Mutate the format once, and read it; how that ended."""
    path.write_bytes(mutation(FORMATS[name], random.Random(f"{name} {mutation.__name__} {number}")))
    try:
        material = read_material(str(path))
    except MaterialError as error:
        assert str(error).startswith(str(path)) and str(error).endswith(".")
        assert "\n" not in str(error)
        return "refused"
    assert list(faults(material, path, name)) == []
    return "told" if material.left_out else "read"


@pytest.mark.parametrize("name", FORMATS)
def test_whole_files_are_read_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(FORMATS[name])
    material = read_material(str(path))
    assert material.left_out == ""
    assert len(material.demonstrations) == DIALOGUES
    for number, demonstration in enumerate(material.demonstrations):
        assert [turn.text for turn in demonstration.turns] == texts(number)
        assert "".join(turn.speaker for turn in demonstration.turns) == "AB" * (TURNS // 2)
    assert list(faults(material, path, name)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_mutated_files(tmp_path: Path, name: str) -> None:
    for mutation, number in product(MUTATIONS, range(8)):
        check(tmp_path / "file", name, mutation, number)


@pytest.mark.ci
@pytest.mark.parametrize("name", FORMATS)
def test_two_hundred_mutated_files(tmp_path: Path, name: str) -> None:
    ends = [check(tmp_path / "file", name, *each) for each in product(MUTATIONS, range(8, 48))]
    assert len(ends) == 200
    assert "refused" in ends and "read" in ends


@pytest.mark.parametrize(
    "name", ["synthetic persona chat", "csv", "tsv", "semicolons", "python lists", "a row a turn"]
)
def test_columns_in_another_order_change_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(FORMATS[name])
    whole = read_material(str(path))
    for number in range(6):
        path.write_bytes(with_columns_swapped(FORMATS[name], random.Random(number)))
        assert read_material(str(path)) == whole
