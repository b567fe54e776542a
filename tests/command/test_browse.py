"""`crowdglot browse` as it is typed."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from crowdglot.datasets.browse.ratings import append_rating
from tests.command.test_command import run
from tests.datasets.browse.dataset import dataset
from tests.datasets.browse.test_against_people import judged

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.server
def test_it_prints_its_address_once_and_stops_cleanly(tmp_path):
    asked = [sys.executable, "-m", "crowdglot.command.app", "browse", str(dataset(tmp_path / "d"))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*asked, "--no-open"], cwd=ROOT, **pipes) as process:
        address = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", address)
        with urlopen(address) as page:
            assert b"crowdglot" in page.read()
        with pytest.raises(HTTPError, match="403"):
            urlopen(address.split("?")[0])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.splitlines()[-1] == "Stopped. All ratings are stored."
    assert "token=" not in out
    assert err == ""


def test_what_cannot_be_browsed_is_one_sentence(tmp_path, capsys, monkeypatch):
    folder = dataset(tmp_path / "d")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run(["browse", folder, "--no-open", "--port", port], capsys, monkeypatch)
    assert (code, err.count("\n")) == (2, 1)
    assert f"--port {port}: cannot be had" in err
    code, _, err = run(["browse", tmp_path / "none"], capsys, monkeypatch)
    assert (code, err.count("\n")) == (2, 1)
    assert "no dataset of crowdglot" in err


def test_trials_by_people_are_written_without_a_server(tmp_path, capsys, monkeypatch):
    _, said = judged(tmp_path / "d", lambda n: 0.2 if n % 2 else 0.9)
    for one in said:
        append_rating(tmp_path / "d" / "ratings.jsonl", one)
    path = tmp_path / "trials.json"
    code, out, _ = run(["browse", tmp_path / "d", "--trials", path], capsys, monkeypatch)
    assert code == 0
    assert out.splitlines()[0] == "sense in fr: 1.00 (1.00 to 1.00), 40 dialogues"
    assert [one["damage"] for one in json.loads(path.read_text())] == ["people"]
    code, _, err = run(
        ["browse", tmp_path / "d", "--trials", tmp_path / "d/recipe.toml"], capsys, monkeypatch
    )
    assert (code, "recipe.toml" in err) == (2, True)
