"""The agreements of ARCHITECTURE.md, held by tests: rooms, sizes, contracts, no stray addresses."""

import ast
import re
import subprocess
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from crowdglot.critics import CRITICS, MEANING, OF_MEANING, THRESHOLDS
from crowdglot.critics.calibration.damage import DAMAGES, PLANTED
from crowdglot.critics.judges import JUDGES, build_judge
from crowdglot.dialogues.readers import READERS
from crowdglot.engines import ENGINES
from crowdglot.strict_toml import read_toml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "crowdglot"
# From the ground up; a room imports only from those before it.
GROUND = (
    "errors", "draws", "statistics", "printable", "bounded_files", "strict_toml", "user_files",
    "user_tables", "memory", "hub", "hub_repository",
)  # fmt: skip
ROOMS = (
    "languages", "personas", "scenarios", "dialogues", "engines", "critics", "datasets", "writing",
    "recipes", "evidence", "command",
)  # fmt: skip
ORDER = (*GROUND, *ROOMS, "api")
MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "flows").glob("*.py")])
FOLDERS = sorted({path.parent for path in MODULES})
MOST_LINES, MOST_FILES, MOST_FLOW_LINES = 300, 14, 100
# Some 26,000 are the house that writes and validates dialogues. The rest says what they are worth
# (evidence), lets people browse and rate them, makes and casts personas, and deploys.
MOST_PRODUCT_LINES = 37_000
WITH_PREFECT = ("writing/machines/", "command/", "writing/api_key.py")


def named(path):
    return str(path.relative_to(ROOT))


def imports_of(path):
    """The modules that a file names in its imports, ``from package import module`` as a module."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_module_keeps_to_its_room(path):
    inside = path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else None
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        assert top not in ("pickle", "cloudpickle"), path
        if top == "prefect":
            assert inside is None or str(inside).startswith(WITH_PREFECT), f"{path} imports Prefect"
        if top != "crowdglot" or not rest:
            continue
        room = rest.split(".")[0]
        if inside is None:
            assert room != "flows", f"{path}: a flow imports another one"
        elif (room in ORDER and inside.name != "__init__.py") or len(inside.parts) > 1:
            own = inside.parts[0].removesuffix(".py")
            if room in ORDER:
                assert ORDER.index(room) <= ORDER.index(own), f"{path} imports {name} above it"
            else:
                assert room in ("__version__",), f"{path} imports {name}, which is in no room"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_module_is_of_a_size_to_be_read(path):
    source = path.read_text("utf-8")
    limit = MOST_LINES if path.is_relative_to(PACKAGE) else MOST_FLOW_LINES
    assert source.count("\n") <= limit
    assert "trust_remote_code=True" not in source
    assert ast.get_docstring(ast.parse(source)), f"{path}: no docstring"


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_folder_is_of_a_size_to_be_seen(folder):
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


def test_the_product_does_not_grow_unnoticed():
    assert sum(path.read_text("utf-8").count("\n") for path in MODULES) <= MOST_PRODUCT_LINES


def test_every_package_is_in_the_wheel():
    told = read_toml(ROOT / "pyproject.toml")["tool"]["setuptools"]["packages"]
    here = {str(path.parent.relative_to(ROOT)) for path in PACKAGE.rglob("__init__.py")}
    mapped = {"crowdglot.events", "crowdglot.flows", "crowdglot.packs"}
    assert set(told) == {name.replace("/", ".") for name in here} | mapped


def test_data_folders_hold_data_only():
    for name in ("languages", "speech_events"):
        assert {path.suffix for path in (ROOT / name).glob("*") if path.is_file()} <= {
            ".py", ".toml",
        }  # fmt: skip
        code = list((ROOT / name).glob("*.py"))
        assert [path.name for path in code] == ["__init__.py"]
        assert len(ast.parse(code[0].read_text("utf-8")).body) == 1


def test_every_critic_keeps_its_contract():
    files = {path.stem for path in (PACKAGE / "critics").glob("*.py")}
    helpers = files - {"__init__", "verdict", *CRITICS}
    assert helpers <= {"calibration"}
    thresholds = read_toml(THRESHOLDS)
    assert list(CRITICS) and set(thresholds) == set(CRITICS)
    of_meaning = read_toml(OF_MEANING)
    assert set(of_meaning) == set(MEANING)
    files = {path.stem for path in (PACKAGE / "critics/meaning").glob("*.py")}
    assert files - {"__init__", *MEANING} == {"space", "next_turn"}
    every = [(f"crowdglot.critics.{name}", name, cls) for name, cls in CRITICS.items()]
    every += [(f"crowdglot.critics.meaning.{name}", name, cls) for name, cls in MEANING.items()]
    thresholds |= of_meaning
    for module, name, cls in every:
        critic = getattr(import_module(module), cls)
        assert is_dataclass(critic)
        assert set(critic.__dataclass_fields__) == set(thresholds[name])
        assert re.search(r"Reasons?:", critic.__doc__), f"{name} does not name its reasons"


def test_every_judge_keeps_its_contract():
    folder = PACKAGE / "critics/judges"
    modules = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "asking",
        "belief",
        "match",
    }
    assert modules == set(JUDGES)
    assert {path.stem for path in folder.glob("*.jinja")} == {*JUDGES, "dialogue", "match"}
    assert not {*JUDGES} & {*CRITICS, *MEANING}
    for name in JUDGES:
        judge = build_judge(name)
        assert {*judge.damages} <= {*DAMAGES, *PLANTED}, name
        assert "Score:" in type(judge).__doc__, name


def test_every_reader_and_engine_is_named():
    readers = {path.stem for path in (PACKAGE / "dialogues/readers").glob("*.py")}
    for name, module in READERS.items():
        assert callable(import_module(module).read), name
        assert name in readers
    for kind, target in ENGINES.items():
        module, cls = target.split(":")
        assert getattr(import_module(module), cls).kind == kind


def test_no_address_of_a_registry_and_no_path_of_a_machine():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not files:
        pytest.skip("not a git checkout")
    stray = re.compile(
        r"py[p]i\.org|python[h]osted|registry\.npm[j]s|deb\.debia[n]|/wor[k]/|/hom[e]/"
    )
    for name in files:
        text = (ROOT / name).read_text("utf-8", errors="replace")
        assert not stray.search(text), name


def test_pins_have_hashes_and_no_addresses():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        pins = re.findall(r"^[A-Za-z0-9][^\s;]*==\S+", text, re.MULTILINE)
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
