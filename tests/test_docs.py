"""What README and docs show works as written: commands, blocks, names, links, counts."""

import json
import re
import shlex
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
import typer

import crowdglot
from crowdglot.command.app import app
from crowdglot.dialogues.readers import read_material
from crowdglot.evidence.experiment import ExperimentFile
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.personas.sources import SourceSettings, made_personas
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.personas.sources.profiles import Profiles
from crowdglot.recipes import build_recipe
from crowdglot.scenarios.event import event_names
from crowdglot.strict_toml import read_toml
from crowdglot.writing.recipe import Recipe
from tests.datasets.report.dataset import row, write_dataset

ROOT = Path(__file__).parents[1]
DOCS = tuple(sorted((ROOT / "docs").glob("*.md")))
PAGES = (ROOT / "README.md", *DOCS)
ALL = (*PAGES, *(ROOT / f"{name}.md" for name in ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING")),
       ROOT / "outputs" / "README.md")  # fmt: skip
COMMAND = typer.main.get_command(app)
LEAST = {"name": "n", "languages": ["fr"], "dialogues_per_language": 1}
# What a page has the reader put there.
MADE_UP = {
    'events=["bargaining"]': "events=gossip",
    "embedding.base_url=URL": "embedding.base_url=http://h/v1",
}

each_page = pytest.mark.parametrize("page", ALL, ids=lambda page: str(page.relative_to(ROOT)))


@lru_cache
def text_of(path):
    return path.read_text("utf-8")


def blocks(page, kind):
    """The fenced blocks of one kind, also within a list."""
    found = re.findall(rf"^ *```{kind}\n(.*?)^ *```", text_of(page), re.MULTILINE | re.DOTALL)
    return [*found, *(_cells(page) if kind == "python" else ())]


def _cells(page):
    notebook = ROOT / "docs" / "notebook.ipynb"
    cells = json.loads(text_of(notebook))["cells"] if page.name == "python.md" else ()
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def command_lines(page):
    """The words of each simple command in the blocks of a shell."""
    for block in blocks(page, "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(re.sub(r"[()]", " ", line), comments=True)
            while words and (re.match(r"[A-Z_]+=", words[0]) or "&&" in words):
                words = words[words.index("&&") + 1 :] if "&&" in words else words[1:]
            if words:
                yield words


def spans(page):
    """Text between backticks outside of blocks, and of comments in blocks none."""
    prose = re.sub(r"^ *```.*?^ *```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


def verb_of(words):
    """The command that words begin with, and what is left of them."""
    verb = COMMAND.commands[words[0]]
    if hasattr(verb, "commands") and words[1:2]:
        return verb.commands[words[1]], words[2:]
    return verb, words[1:]


@each_page
def test_every_command_line_is_valid(page):
    for words in command_lines(page):
        if words[0] != "crowdglot":
            continue
        verb, rest = verb_of(words[1:])
        context = verb.make_context(words[1], list(rest))  # raises where an option is none
        if changes := context.params.get("changes"):
            build_recipe(dict(LEAST), [MADE_UP.get(one, one) for one in changes], "")


@each_page
def test_every_command_in_prose_is_there(page):
    for span in spans(page):
        words = span.split()
        if words[0] != "crowdglot" or words[1:2] in ([], ["…"]):
            continue
        words = [word.split("|")[0].rstrip(".,") for word in words]
        verb, rest = verb_of(words[1:])
        known = {name for option in verb.params for name in (*option.opts, *option.secondary_opts)}
        for word in rest:  # as in `crowdglot synthesize DATASET --verify`
            assert not word.startswith("--") or word.split("=")[0] in known, span


@each_page
def test_every_module_script_and_target_is_there(page):
    told = [" ".join(words) for words in command_lines(page)] + spans(page)
    for module in re.findall(r"python -m ((?:benchmarks|tests|crowdglot)[\w.]*)", "\n".join(told)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for line in told:
        if found := re.match(r"make ([a-z][a-z-]*)( |$)", line):
            targets = re.search(r"\.PHONY: (.*)", text_of(ROOT / "Makefile"))[1].split()
            assert found[1] in targets, line
        for extra in re.findall(r"(?:\.|crowdglot)\[([a-z,]+)\]", line):
            extras = read_toml(ROOT / "pyproject.toml")["project"]["optional-dependencies"]
            assert set(extra.split(",")) <= set(extras), line
        for option in re.findall(r"python -m (benchmarks[\w.]*[^`|&]*)", line):
            module, *words = option.split()
            path = ROOT / module.replace(".", "/")
            files = [*path.glob("*.py"), path.with_suffix(".py")]
            source = "".join(text_of(file) for file in files if file.exists())
            for word in words:
                assert not word.startswith("--") or f'"{word}"' in source, line


@each_page
def test_every_block_of_code_is_valid(page):
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")
    for block in blocks(page, "json"):
        json.loads(block)
    for block in blocks(page, "toml"):
        table = tomllib.loads(block)
        if "arms" in table:
            ExperimentFile.model_validate(table)
        elif set(table) <= set(Recipe.model_fields):
            build_recipe(LEAST | table, [], str(page))
        else:
            Profiles.model_validate(table)


@each_page
def test_every_name_of_the_package_is_there(page):
    told = "\n".join([*blocks(page, "python"), *spans(page)])
    mapped = {"flows", "packs", "events"}
    for name in re.findall(r"(?<![\w/.])crowdglot\.([A-Za-z_]+)", told):
        room = ROOT / "crowdglot" / name
        there = room.is_dir() or room.with_suffix(".py").exists()
        assert there or name in {*crowdglot.__all__, *mapped}, name


def anchors(page):
    """The names that the headings of a page get."""
    bare = re.sub(r"^ *```.*?^ *```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", bare, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@each_page
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@each_page
def test_every_file_in_prose_is_there(page):
    roots = r"(?:docs|tests|benchmarks|crowdglot|flows|requirements|languages|speech_events)"
    for span in spans(page):
        for told in re.findall(rf"(?<![\w/.]){roots}/[\w./-]+", re.sub(r"\S*[<*]\S*", "", span)):
            assert (ROOT / told).exists() or (ROOT / "crowdglot" / told).exists(), told


def test_every_page_that_the_program_names_is_there():
    for path in [*(ROOT / "crowdglot").rglob("*.py"), ROOT / "Dockerfile", ROOT / "prefect.yaml"]:
        for told in re.findall(r"docs/\w+\.(?:md|ipynb)", text_of(path)):
            assert (ROOT / told).exists(), path


def test_every_page_is_in_the_index_and_the_readme_is_short():
    index = text_of(ROOT / "docs" / "README.md")
    for page in (*DOCS, ROOT / "docs" / "notebook.ipynb"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name
    assert text_of(ROOT / "README.md").count("\n") < 250


def told(pattern):
    """The figures that the pages give."""
    found = [figure for page in ALL for figure in re.findall(pattern, text_of(page))]
    assert found, pattern
    return {int(figure.replace(",", "")) for figure in found}


def test_counts_are_those_of_the_package():
    packs = packed_tags()
    # Whoever adds a file of one of these need not mend the pages of a release.
    assert max(told(r"(\d+) language packs")) <= len(packs)
    assert max(told(r"over (\d+) scripts")) <= len({resolve_language(tag).script for tag in packs})
    assert max(told(r"(\d+) speech events")) <= len(event_names())
    assert told(r"(\d+) personas(?: and|,)") == {len(bundled_personas())}
    assert told(r"(\d+) demonstrations of") == {len(read_material("bundled").demonstrations)}
    assert told(r"([\d,]+) adults") == {len(made_personas("bank", SourceSettings()))}


def test_from_a_clone_to_a_published_dataset_takes_eight_commands():
    (steps,) = [block for block in blocks(ROOT / "README.md", "bash") if "make trl" in block]
    lines = steps.replace("\\\n", " ").splitlines()
    assert len(lines) + steps.count("&&") <= 8, "a command after && is one too"
    for step in ("make demo", "browse", "export", "trl sft", "publish"):
        assert step in steps


@pytest.mark.parametrize("name", ["read_the_dataset", "servers"])
def test_blocks_that_read_a_dataset_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [row(0), row(1, reason="format.not_json")]
    write_dataset(tmp_path / "outputs" / "datasets" / "demo", rows)
    found = blocks(ROOT / "docs" / f"{name}.md", "python")
    ran = [block for block in found if "from datasets" not in block]  # that has tests of its own
    for block in ran:
        exec(block.replace("DATASET", "outputs/datasets/demo"), {})
    assert ran


@pytest.mark.parametrize("name", ["ARCHITECTURE", "CONTRIBUTING"])
def test_every_folder_and_module_of_the_pages_for_engineers_is_there(name):
    trees = [ROOT / room for room in ("crowdglot", "tests", "benchmarks", "docs", "requirements")]
    there = [f"/{path.relative_to(ROOT)}" for tree in trees for path in tree.rglob("*")]
    for span in spans(ROOT / f"{name}.md"):
        if re.fullmatch(r"[a-z]\w*(/\w+)*(/|\.py)", span) and not span.startswith("outputs/"):
            end = "/" + span.rstrip("/")
            assert (ROOT / span).exists() or any(one.endswith(end) for one in there), span
