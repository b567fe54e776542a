"""Dataset repositories, read from a stand-in for the hub on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import polars as pl
import pytest

import crowdglot.hub
from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import read_repository
from crowdglot.errors import MaterialError
from tests.dialogues.test_readers_formats import OURS, SYNTHETIC, XPERSONA, facts, said
from tests.ground.test_hub import closed_port, point_to

pytestmark = pytest.mark.server
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIALOGUE = {"personality": ["i row ."], "dialogue": ["hi .", "hello !", "who is it ?"]}


class StandIn(ThreadingHTTPServer):
    """The few routes of the hub that reading a dataset uses; ``asked`` lists "METHOD path"."""

    daemon_threads = True

    def __init__(self, repositories: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), Route)
        self.repositories = repositories
        self.asked: list[str] = []
        self.failing = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Route(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        parts = self.path.split("?")[0].removeprefix("/api").split("/")[2:]
        files = self.server.repositories.get("/".join(parts[:2]))
        if self.server.failing:
            self._answer(503, b"{}")
        elif files is None:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif len(parts) > 3 and parts[3] not in ("main", COMMIT, "v2"):
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif parts[2] == "resolve":
            content = files["/".join(parts[4:])]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self._answer(200, content, {"ETag": etag, "X-Repo-Commit": COMMIT})
        else:
            self._answer(200, json.dumps(self._about(parts, files)).encode())

    do_HEAD = do_GET

    def _about(self, parts: list[str], files: dict[str, bytes]) -> Any:
        if parts[2] == "tree":
            return [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in files.items()
            ]
        siblings = [{"rfilename": name} for name in files]
        return {"id": "/".join(parts[:2]), "sha": COMMIT, "siblings": siblings}

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal."""


def parquet(tmp_path: Path, rows: list[dict[str, Any]]) -> bytes:
    path = tmp_path / "made.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path.read_bytes()


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setattr(crowdglot.hub, "getproxies", dict)
    server = StandIn(
        {
            "org/tables": {
                "README.md": b"# tables",
                "load.py": b"raise SystemExit('never run')",
                "dataset_infos.json": b"{}",
                "rejected/fr/train.parquet": b"no",
                "data/train.parquet": parquet(tmp_path, [DIALOGUE]),
                "data/mine.jsonl": json.dumps(OURS).encode() + b"\n",
            },
            "org/known": {
                "Synthetic_valid.csv": SYNTHETIC.encode(),
                "En.json": json.dumps(XPERSONA).encode(),
            },
            "org/cut": {"data/En.json": json.dumps(XPERSONA).encode()[:-30]},
            "org/scripts": {"load.py": b"", "README.md": b""},
        }
    )
    point_to(server.url, monkeypatch)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def read(source: str) -> tuple[Demonstration, ...]:
    return tuple(one for one in read_repository(source) if isinstance(one, Demonstration))


def complaint(source: str) -> str:
    with pytest.raises(MaterialError) as caught:
        read(source)
    message = str(caught.value)
    assert message.startswith(source.split("@")[0].split(":data")[0])
    assert "\n" not in message
    return message


def test_data_files_are_read_and_scripts_never_fetched(
    standin: StandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    ours, table = read("hf:org/tables")
    assert ours.event == "small_talk"
    assert said(table) == ["A: Hi.", "B: Hello!", "A: Who is it?"]
    assert facts(table) == [None, ("I row.",)]
    assert table.source == f"hf:org/tables/data/train.parquet@{COMMIT[:12]}"
    fetched = {path.rsplit("/", 1)[1] for path in standin.asked if "/resolve/" in path}
    assert fetched == {"train.parquet", "mine.jsonl"}
    assert not any("rejected" in path for path in standin.asked)
    assert capfd.readouterr() == ("", "")


def test_files_of_the_known_formats(standin: StandIn) -> None:
    assert len(read("hf:org/known")) == 4
    assert len(read("hf:org/known@v2:*.csv")) == 2
    assert len(read(f"hf:org/known@{COMMIT}:En.json")) == 2


def test_the_public_function_heeds_hf_endpoint(standin: StandIn, tmp_path: Path) -> None:
    # The hub client reads its environment once, when it is imported: hence a process of its own.
    read_it = (
        "from crowdglot.dialogues.readers import read_demonstrations as read;"
        "print(len(read('hf:org/known:*.csv')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", read_it],
        env={
            **os.environ,
            "HF_ENDPOINT": standin.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_OFFLINE": "0",
            "TRANSFORMERS_OFFLINE": "0",
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("2\n", "", 0)


def test_the_cache_serves_when_the_hub_is_gone(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read("hf:org/tables")
    standin.failing = True
    assert read("hf:org/tables") == first
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert read("hf:org/tables") == first
    assert "HF_HUB_OFFLINE is set and the local cache does not hold" in complaint("hf:org/known")


def test_a_partly_cached_dataset_is_not_taken_for_the_whole(standin: StandIn) -> None:
    assert len(read("hf:org/known:*.csv")) == 2
    standin.failing = True
    assert len(read("hf:org/known:*.csv")) == 2
    assert "cannot be had" in complaint("hf:org/known")


WRONG = {
    "hf:org/none": "no such repository for you",
    "hf:org/known@nowhere": "no such revision",
    "hf:org/scripts": "no such Parquet, CSV, JSON or JSON lines file",
    "hf:org/tables:*.py": "no such Parquet, CSV, JSON or JSON lines file",
    "hf:org/tables:*.txt": "no such Parquet, CSV, JSON or JSON lines file",
    "hf:": "not of the form hf:org/name",
    "hf:a b": "not of the form hf:org/name",
    "hf:org/-x-": "no such repository for you",
}


@pytest.mark.parametrize(("source", "message"), WRONG.items())
def test_says_what_is_wrong(standin: StandIn, source: str, message: str) -> None:
    assert message in complaint(source)


def test_damaged_files_are_named_by_their_place_in_the_repository(standin: StandIn) -> None:
    message = complaint("hf:org/cut")
    assert message.startswith("hf:org/cut/data/En.json, column")
    assert "cut in the middle" in message
    assert "cache" not in message


def test_a_hub_out_of_reach_is_one_sentence_at_once(
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    start = time.perf_counter()
    standin.failing = True
    assert "cannot be had (HTTPStatusError: Server error '503" in complaint("hf:org/tables")
    point_to(closed_port(), monkeypatch)
    refused = r"127\.0\.0\.1 cannot be reached \(Connection refused\).*or give a local file\."
    with pytest.raises(MaterialError, match=refused):
        read("hf:org/tables")
    assert time.perf_counter() - start < 5
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
