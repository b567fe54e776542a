"""README and docs name every command, recipe key, critic, judge, metric, way and export that is."""

import inspect
import json
import re
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel

from crowdglot.command.verbs import GROUPS, VERBS
from crowdglot.critics import CRITICS, MEANING
from crowdglot.critics.judges import JUDGES
from crowdglot.datasets.exports import EXPORTS
from crowdglot.datasets.metrics import METRICS
from crowdglot.datasets.record import SCHEMA
from crowdglot.dialogues.ways import WAYS
from crowdglot.strict_toml import is_marked
from crowdglot.writing.recipe import Recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def page(name):
    """A page of the docs."""
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def first_cells(text):
    """The names in the first cells of a page's tables, in their order."""
    return re.findall(r"^\| `([^`]+)`(?!.*\n\|-)", text, re.MULTILINE)


def keys(model, prefix=""):
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def test_every_recipe_key_is_explained_with_its_default():
    table, _, _ = page("recipe").partition("## What may change later")
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    told = {key.strip("` "): row[3].strip() for row in rows for key in row[1].split(",")}
    assert {"sampling.*", "critics.<critic>.<threshold>", "models.judge.*"} <= set(told)
    for key, field in keys(Recipe):
        if key.startswith("sampling."):
            assert f"`{key.removeprefix('sampling.')}`" in table
        elif key not in ("critics", "models"):
            given = re.fullmatch(r"`(.*)`", told[key])
            if given and field.default not in ("", ()) and "`, `" not in told[key]:
                assert given[1] == as_told(field.default), key
    wanted = {key for key, _ in keys(Recipe)}
    assert {key for key in told if "*" not in key and "<" not in key} <= wanted


def as_told(value):
    """A default as a TOML would have it, a text without its quotes."""
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) and value != 1 else json.dumps(value)


def test_what_may_change_later_is_told():
    _, _, told = page("recipe").partition("## What may change later")
    named = set(re.findall(r"`([a-z_.]+)`", told))
    for key, field in keys(Recipe):
        whole = {key, key.split(".")[0]}
        assert is_marked(field, "free") == bool(whole & named), key


def test_every_command_has_its_line_and_its_page():
    told = [(verb.__name__, inspect.cleandoc(verb.__doc__)) for verb in VERBS]
    told += [(name, group.info.help) for name, group in GROUPS.items()]
    lines = [(name, " ".join(text.split("\n\n")[0].split())) for name, text in told]
    found = re.findall(r"^\| \[`(\w+)`\]\(docs/\S+\) \| (.*) \|$", README, re.MULTILINE)
    assert found == lines


def test_every_critic_judge_metric_and_way_is_named():
    assert first_cells(page("critics")) == [*CRITICS, *MEANING]
    assert sorted(first_cells(page("judges"))) == sorted(JUDGES)
    assert first_cells(page("report")) == list(METRICS)
    ours = [way for way, place in WAYS.items() if place.startswith("crowdglot")]
    assert first_cells(page("ways")) == ours  # other tests add ways of their own
    scores = page("columns").partition("## `verdicts`")[2]
    assert first_cells(scores) == [*CRITICS, *MEANING]


def test_reasons_are_those_of_the_critics():
    code = "".join(path.read_text("utf-8") for path in (ROOT / "crowdglot").rglob("*.py"))
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", page("critics"), re.MULTILINE)
    for critic, cell in rows:
        for reason in re.findall(r"`(\w+)`", cell):
            assert re.search(rf"\"{reason}[\":]", code), (critic, reason)


def test_every_export_is_explained():
    assert first_cells(page("train")) == list(EXPORTS)


def test_every_column_is_explained():
    columns = page("columns")

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
    assert demo < test < README.index("crowdglot browse")
