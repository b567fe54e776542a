"""The built wheel: one name in site-packages, at home in a folder of somebody else's code."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.stub_server import ABOUT_NOTHING, serving

ROOT = Path(__file__).parents[1]
HOSTILE = ("flows/__init__.py", "outputs/__init__.py", "languages.py", "critics.py", "engines.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture
def installed(wheel, tmp_path):
    """A folder with the wheel's content, as site-packages has it."""
    target = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run(installed, folder, *arguments):
    """The command, as the script of the wheel starts it, in ``folder``."""
    code = "import sys; from crowdglot.command.app import main; sys.argv[0] = 'crowdglot'; main()"
    environment = os.environ | {
        "PYTHONPATH": str(installed), "PREFECT_HOME": str(folder / "prefect"), "COLUMNS": "200",
    }  # fmt: skip
    environment.pop("PREFECT_API_URL", None)
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.ci
def test_one_name_and_all_its_data(wheel):
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "crowdglot", next(n.split("/")[0] for n in names if ".dist-info/" in n),
    }  # fmt: skip
    for folder, package in (("languages", "packs"), ("speech_events", "events")):
        tomls = {path.name for path in (ROOT / folder).glob("*.toml")}
        prefix = f"crowdglot/{package}/"
        assert tomls <= {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    for path in (ROOT / "crowdglot").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert str(path.relative_to(ROOT)) in names
    assert "crowdglot/flows/synthesize.py" in names


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.server
def test_it_works_in_a_folder_of_other_code(installed, tmp_path):
    folder = tmp_path / "mine"
    for name in HOSTILE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("raise RuntimeError('the code of somebody else')\n")
    with serving() as stub:
        made = run(
            installed, folder, "synthesize", "demo", "--engine", "openai", "--model", "stub",
            "--base-url", stub.base_url, "--set", "languages=fr", "--set", "engine.concurrency=16",
            "--set", "dialogues_per_language=2", "--set", "duplicates.rounds=0",
            *(word for told in ABOUT_NOTHING for word in ("--set", told)),
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        assert "Acceptance: 2 of" in made.stdout
        assert stub.asked
    assert (folder / "outputs/datasets/demo/report.html").exists()


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize(
    ("file", "command"),
    [("packs/xx.toml", "languages"), ("events/gossip.toml", "events")],
)
def test_a_mistake_in_a_toml_stops_with_file_and_key(installed, tmp_path, file, command):
    path = installed / "crowdglot" / file
    path.write_text('tag = "xx"\nname = "gossip"\nstrange = 1\n', "utf-8")
    told = run(installed, tmp_path, command)
    assert told.returncode == 2
    assert told.stderr.count("\n") == 1
    assert str(path) in told.stderr
    assert "'strange' is not a known key" in told.stderr
