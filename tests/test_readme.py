"""The README names every command, recipe key, critic and engine there is."""

from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel

from crowdglot.command.app import app
from crowdglot.critics import CRITICS, MEANING
from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.exports import EXPORTS
from crowdglot.datasets.record import SCHEMA
from crowdglot.writing.recipe import Recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


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
