"""The agreements of CONTRIBUTING.md, held by tests: rooms, sizes, contracts, no stray addresses."""

import ast
import re
import subprocess
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from critics import CRITICS, THRESHOLDS
from crowdglot.strict_toml import read_toml
from dialogues.readers import READERS
from engines import ENGINES

ROOT = Path(__file__).parents[1]
ROOMS = (
    "crowdglot", "languages", "personas", "speech_events", "dialogues", "engines", "critics",
    "outputs", "flows",
)  # fmt: skip
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MOST_LINES = 400


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_its_room(path):
    own = ROOMS.index(path.relative_to(ROOT).parts[0])
    for name in imports_of(path):
        top = name.split(".")[0]
        if top in ROOMS:
            assert ROOMS.index(top) <= own, f"{path} imports {name}, a room below it"
        assert top != "prefect" or ROOMS[own] == "flows", f"{path} imports Prefect"
        assert top not in ("pickle", "cloudpickle"), path
    source = path.read_text("utf-8")
    assert source.count("\n") <= MOST_LINES
    assert "trust_remote_code=True" not in source
    assert ast.get_docstring(ast.parse(source)) or not source.strip(), f"{path}: no docstring"


def test_every_critic_keeps_its_contract():
    files = {path.stem for path in (ROOT / "critics").glob("*.py")} - {"__init__", "verdict"}
    helpers = {name for name in files if name not in CRITICS}
    assert helpers <= {"grams"}
    thresholds = read_toml(THRESHOLDS)
    assert list(CRITICS) and set(thresholds) == set(CRITICS)
    for name, cls in CRITICS.items():
        critic = getattr(import_module(f"critics.{name}"), cls)
        assert is_dataclass(critic)
        assert set(critic.__dataclass_fields__) == set(thresholds[name])
        assert re.search(r"Reasons?:", critic.__doc__), f"{name} does not name its reasons"


def test_every_reader_and_engine_is_named():
    readers = {path.stem for path in (ROOT / "dialogues/readers").glob("*.py")}
    for name, module in READERS.items():
        assert callable(import_module(module).read), name
        assert name in readers
    for target in ENGINES.values():
        module, cls = target.split(":")
        engine = getattr(import_module(module), cls)
        assert engine.kind == module.rsplit(".", 1)[1]


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
