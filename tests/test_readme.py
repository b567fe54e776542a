"""The README names every command, recipe key, critic and engine; what the docs show is valid."""

import re
import shlex
import tomllib
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from pydantic import BaseModel

from crowdglot.command.app import app
from crowdglot.critics import CRITICS, MEANING
from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.exports import EXPORTS
from crowdglot.datasets.record import SCHEMA
from crowdglot.writing.recipe import Recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def keys(model, prefix=""):
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_recipe_key_is_explained():
    for key in keys(Recipe):
        if key.startswith("sampling."):
            assert "`sampling.*`" in README
            assert f"`{key.removeprefix('sampling.')}`" in README
        elif key == "critics":
            assert "`critics.<critic>.<threshold>`" in README
        elif key == "models":
            assert "`models.judge.*`" in README
        else:
            assert f"`{key}`" in README, key


def test_every_command_and_critic_is_named():
    for command in app.registered_commands:
        assert f"crowdglot {command.callback.__name__} " in README
    for critic in (*CRITICS, *MEANING):
        assert f"`{critic}`" in README
    judges = (ROOT / "docs" / "judges.md").read_text("utf-8")
    for judge in JUDGES:
        assert f"| `{judge}` |" in judges


def test_every_export_is_explained():
    page = (ROOT / "docs" / "train.md").read_text("utf-8")
    for name, told in EXPORTS.items():
        assert f"\n| `{name}` | " in page and told, name


def test_every_column_is_explained():
    columns = (ROOT / "docs" / "columns.md").read_text("utf-8")

    def names(kind):
        if pa.types.is_list(kind):
            yield from names(kind.value_type)
        elif pa.types.is_struct(kind):
            for field in kind:
                yield field.name
                yield from names(field.type)

    for field in SCHEMA:
        assert f"\n| `{field.name}` |" in columns
        for name in names(field.type):
            assert f"`{name}`" in columns, (field.name, name)


def test_the_two_commands_stand_first():
    demo, test = README.index("make demo"), README.index("make test")
    assert demo < test < README.index("crowdglot synthesize")


def blocks(page, kind):
    """The fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_valid(page):
    command = typer.main.get_command(app)
    for block in blocks(page, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["crowdglot"]:
                verb = command.commands[words[1]]
                verb.make_context(words[1], words[2:])  # raises where an option is none


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_code_is_valid(page):
    known = set(Recipe.model_fields)
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")
    for block in blocks(page, "toml"):
        table = tomllib.loads(block)
        if set(table) <= known:
            least = {"name": "n", "languages": ["fr"], "dialogues_per_language": 1}
            Recipe.model_validate(least | table)
