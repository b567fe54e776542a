"""The command as users meet it: a run with Prefect, interruptions, and mistakes."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from crowdglot.command.app import main
from crowdglot.datasets.storage.files import write_text
from crowdglot.recipes import read_recipe
from crowdglot.writing.binding import bind_dataset
from crowdglot.writing.opened import open_recipe
from tests.stub_server import chat, fixed, serving

ROOT = Path(__file__).parents[2]


def run(arguments, capsys, monkeypatch):
    """Run the command in this process; its exit code and what it wrote to stdout and stderr."""
    monkeypatch.setattr(sys, "argv", ["crowdglot", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


def recipe(folder, stub_url="http://127.0.0.1:9/v1", **more):
    lines = [
        'name = "test"',
        'languages = ["fr", "es"]',
        "dialogues_per_language = 20",
        "turns = [4, 6]",
        "shard_size = 8",
        f'output = "{folder / "dataset"}"',
        *(f"{key} = {value}" for key, value in more.items()),
        "[engine]",
        'kind = "openai"',
        'model = "stub"',
        f'base_url = "{stub_url}"',
        "concurrency = 4",
        "[duplicates]",
        "rounds = 0",  # the stub's dialogues are made of few sentences
    ]
    path = folder / "recipe.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def rows_of(folder):
    return pl.concat([pl.read_parquet(file) for file in sorted((folder / "data").glob("*/*"))])


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.ci),
        pytest.param(signal.SIGHUP, marks=pytest.mark.ci),
    ],
)
def test_a_run_is_stopped_and_goes_on_to_the_end(tmp_path, number):
    canary = "sk-canary-5f2a"
    environment = os.environ | {
        "OPENAI_API_KEY": canary,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "COLUMNS": "200",
    }
    environment.pop("PREFECT_API_URL", None)
    with serving(latency=0.2) as stub:
        command = [sys.executable, "-m", "crowdglot.command.app", "synthesize",
                   str(recipe(tmp_path, stub.base_url))]  # fmt: skip
        first = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while len(stub.asked) < 14 and time.monotonic() < deadline and first.poll() is None:
            time.sleep(0.02)
        # As from a terminal or a service manager: every process gets it, Prefect's server too.
        os.killpg(first.pid, number)
        told, _ = first.communicate(timeout=60)
        assert first.returncode == 130, told.decode()
        assert "run the same command again to go on" in told.decode()
        assert "Traceback" not in told.decode()
        assert "Traceback" not in (tmp_path / "prefect" / "server.log").read_text("utf-8")
        asked = len(stub.asked)
        assert 14 <= asked < 40

        second = subprocess.run(
            [*command, "--show", "2"], cwd=ROOT, env=environment, capture_output=True, timeout=120
        )
        told_again = (second.stdout + second.stderr).decode()
        assert second.returncode == 0, told_again
        assert "Acceptance: 40 of 40 drafts (100.0%)" in told_again
        assert "Traceback" not in told_again
        # Nothing that was answered before the stop was asked again.
        assert len(stub.asked) == len(set(stub.asked)) == 40
    dataset = tmp_path / "dataset"
    assert rows_of(dataset)["id"].n_unique() == 40
    assert '"acceptance_rate": 1.0' in (dataset / "metrics.json").read_text()
    assert "config_name: fr" in (dataset / "README.md").read_text()
    for path in dataset.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert canary.encode() not in told + told_again.encode()
    assert "<title>" in (dataset / "report.html").read_text("utf-8")
    with sqlite3.connect(tmp_path / "prefect/prefect.db") as database:
        artifacts = dict(database.execute("SELECT key, type FROM artifact"))
    assert artifacts == {
        "test-funnel": "markdown", "test-report": "markdown",
    }  # fmt: skip


def test_preview_calls_nobody(tmp_path, capsys, monkeypatch):
    path = recipe(tmp_path)
    code, out, _ = run(["preview", path, "--count", "2"], capsys, monkeypatch)
    assert code == 0
    assert out.count("Language: French") == 1
    assert out.count("Language: Spanish") == 1
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize(
    ("command", "said"), [("languages", "العربية"), ("events", "catching_up"), ("--version", "0.")]
)
def test_lists(command, said, capsys, monkeypatch):
    code, out, _ = run([command], capsys, monkeypatch)
    assert code == 0
    assert said in out


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["languages=zz"], r"recipe.toml: languages: 'zz' is not a language tag; give a BCP-47"),
        (["events=chitchat"], r"recipe.toml: events: there is no speech event 'chitchat'; known"),
        (["dialogs=3"], r"recipe.toml: 'dialogs' is not a known key \(known here"),
        (["engine.kind=gpt"], r"engine.kind 'gpt' is unknown; choose one of embedded, openai"),
        (["demonstrations.source=cut.json"], r"cut.json, column \d+: the file seems cut"),
        (["demonstrations.source=latin.txt"], r"latin.txt: byte \d+ is not UTF-8"),
        (["demonstrations.source=empty.json"], r"empty.json, record 1: .*'persona' is empty"),
        (["personas.source=none.json"], r"none.json: no such file"),
        (["engine.base_url="], r"base_url"),
        (
            ["critics.length.most=1"],
            r"critics.length: there is no threshold 'most'",
        ),
        (["embedding.kind=openai"], r"embedding.base_url is missing"),
        (["duplicates.against=['nowhere']"], r"duplicates.against: nowhere is no dataset"),
        (["reference=nowhere"], r"nowhere: no such"),
        (["engine.kind=embedded", "engine.model=wrong.gguf"], r"wrong.gguf"),
        (["engine.kind=embedded", "engine.model=nowhere.gguf"], r"nowhere.gguf"),
    ],
)
def test_mistake_is_one_sentence(changes, sentence, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cut.json").write_text('[{"persona": ["i ski."], "dialogue": [["hi the')
    Path("latin.txt").write_bytes(b"1 your persona: caf\xe9.\n")
    Path("empty.json").write_text('[{"persona": [""], "dialogue": [["a", "b"], ["c", "d"]]}]')
    Path("wrong.gguf").write_bytes(b"not a model" * 100)
    arguments = ["synthesize", recipe(tmp_path)]
    for change in changes:
        arguments += ["--set", change]
    code, _, err = run(arguments, capsys, monkeypatch)
    assert code == 2
    assert re.search(sentence, err), err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_refused_connection_is_told_at_once(tmp_path, capsys, monkeypatch):
    url = f"http://127.0.0.1:{closed_port()}/v1"
    code, _, err = run(["synthesize", recipe(tmp_path, url)], capsys, monkeypatch)
    assert code == 2
    assert url in err
    assert err.count("\n") == 1


@pytest.mark.ci
@pytest.mark.server
def test_a_server_that_will_never_do_ends_the_run(tmp_path):
    too_small = fixed(400, error={"message": "maximum context length is 1024 tokens"})
    environment = os.environ | {"PREFECT_HOME": str(tmp_path / "prefect")}
    environment.pop("PREFECT_API_URL", None)
    for reply, words, most in (
        (too_small, r"context is too small \(400: maximum context length is 1024 tokens\)", 4),
        (chat("<think>D'abord"), r"\(format\.only_thinking 2\d\).*<think>D'abord", 40),
    ):
        with serving() as stub:
            stub.replies = (reply,)
            command = [sys.executable, "-m", "crowdglot.command.app", "synthesize"]
            ended = subprocess.run(
                [*command, str(recipe(tmp_path, stub.base_url))], cwd=ROOT, env=environment,
                capture_output=True, timeout=300, check=False,
            )  # fmt: skip
            told = ended.stderr.decode()
            assert ended.returncode == 2, told
            assert re.search(words, told), told
            assert "Traceback" not in told
            assert len(stub.bodies) <= most


def test_folder_of_another_recipe_is_left_alone(tmp_path, capsys, monkeypatch):
    path = recipe(tmp_path)
    bind_dataset(open_recipe(read_recipe(str(path))))
    before = (tmp_path / "dataset" / "recipe.toml").read_bytes()
    write_text(tmp_path / "dataset" / "journal" / "fr" / "train-00000.jsonl", "paid for")
    code, _, err = run(["synthesize", path, "--set", "seed=5"], capsys, monkeypatch)
    assert code == 2
    assert "made by another recipe: 'seed' was 0 and is now 5" in err
    assert (tmp_path / "dataset" / "recipe.toml").read_bytes() == before


@pytest.mark.parametrize("command", ["show", "rejudge", "report"])
def test_no_dataset(command, tmp_path, capsys, monkeypatch):
    code, _, err = run([command, tmp_path], capsys, monkeypatch)
    assert code == 2
    assert "no dataset of crowdglot" in err
