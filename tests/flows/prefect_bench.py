"""A real `prefect server start` on loopback, with a worker, for tests: asked through its API.

Credentials and folders are of the run. Whoever starts a server or a worker ends it, with all that
it has started.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx

from tests.survival.processes import descendants, end

_PATIENCE_SECONDS = 900.0
_FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Bench:
    """``folder``: where recipes and datasets of the tests lie. ``workers``: those that run."""

    folder: Path
    environment: dict[str, str]
    url: str = ""
    client: httpx.Client = field(default_factory=httpx.Client)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def ask(self, method: str, path: str, told: Any = None, refused: bool = False) -> Any:
        """The answer of the API as JSON; ``refused``: demand that it does not do it."""
        for _ in range(20):  # SQLite may be at work for somebody else; Prefect's client waits too
            answer = self.client.request(method, f"{self.url}{path}", json=told)
            if answer.status_code != 503:
                break
            time.sleep(0.5)
        if refused:
            assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
            return answer.text
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def crowdglot(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "crowdglot.command.app", *words],
            env=self.environment | environment, cwd=self.folder, capture_output=True, text=True,
            timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip

    def deployment(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/deployments/name/{name}")

    def start(self, name: str, refused: bool = False, **told: Any) -> str:
        """The number of a new run of a deployment, or why it is refused."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        answer = self.ask("POST", path, told | {"state": {"type": "SCHEDULED"}}, refused)
        return str(answer if refused else answer["id"])

    def runs(self, name: str) -> list[dict[str, Any]]:
        """All runs of a deployment that have begun, the first first."""
        told = {
            "deployments": {"id": {"any_": [self.deployment(name)["id"]]}},
            "flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}},
        }
        return self.ask("POST", "/flow_runs/filter", told | {"sort": "START_TIME_ASC"})

    def state(self, run: str) -> dict[str, Any]:
        return self.ask("GET", f"/flow_runs/{run}")["state"]

    def ended(self, run: str) -> dict[str, Any]:
        """The final state of a run, once it is there."""
        wait_for(lambda: self.state(run)["type"] in _FINAL)
        return self.state(run)

    def set_state(self, run: str, kind: str, name: str, **details: Any) -> None:
        """What Prefect's pages and commands ask of a run."""
        state = {"type": kind, "name": name, "state_details": details}
        self.ask("POST", f"/flow_runs/{run}/set_state", {"state": state})

    def log(self, run: str) -> str:
        """What Prefect's log has of a run."""
        told = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.ask("POST", "/logs/filter", told))

    def process(self, run: str) -> int | None:
        """The number of the process in which a run goes on, if there is one."""
        for worker in self.workers:
            for number, _ in descendants(worker.pid):
                with suppress(OSError):  # it has just ended
                    told = Path(f"/proc/{number}/environ").read_bytes()
                    words = Path(f"/proc/{number}/cmdline").read_bytes()
                    if run.encode() in told and b"prefect.engine" in words:
                        return number
        return None

    @contextmanager
    def working(self, **environment: str) -> Iterator[Path]:
        """A worker of the pool "dialogues"; what it says goes to the file it yields."""
        said = self.folder / f"worker-{token_hex(4)}.log"
        command = "worker start --pool dialogues --type process --limit 1".split()
        with self._running(command, said, environment) as process:
            self.workers.append(process)
            wait_for(lambda: b"started!" in said.read_bytes(), process)
            try:
                yield said
            finally:
                self.workers.remove(process)

    @contextmanager
    def _running(
        self, words: list[str], said: Path, environment: dict[str, str]
    ) -> Iterator["subprocess.Popen[bytes]"]:
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *words], cwd=self.folder, stdout=log, stderr=log,
                env=self.environment | {"PREFECT_WORKER_QUERY_SECONDS": "1"} | environment,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                below = descendants(process.pid)
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                end(below)

    @contextmanager
    def serving(self) -> Iterator["Bench"]:
        """The server, until it is no longer needed."""
        for _ in range(3):  # somebody else may take the port in between
            port = free_port()
            self.url = self.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
            words = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
            with self._running(words, self.folder / "server.log", {}) as process:
                wait_for(lambda: process.poll() is not None or self._answers(), process)
                if process.poll() is None:
                    yield self
                    return
        raise AssertionError((self.folder / "server.log").read_text("utf-8")[-2000:])

    def _answers(self) -> bool:
        try:
            return self.client.get(f"{self.url}/health").is_success
        except httpx.HTTPError:
            return False


def wait_for(condition: Callable[[], Any], process: Any = None) -> None:
    """Wait until ``condition`` holds; an error where that takes minutes, or ``process`` ended."""
    latest = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < latest, "it did not come to that within minutes"
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def make_bench(folder: Path, **environment: str) -> Bench:
    """A bench of its own below ``folder``; nothing runs yet."""
    secret = f"tester:{token_hex(16)}"
    ours = {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_AUTH_STRING": secret,
        "PREFECT_SERVER_API_AUTH_STRING": secret,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # One run at a time is put into the queue, so that none of a fast schedule waits there.
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "20",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "1",
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HF_HOME": str(folder / "hub"),
        "NO_COLOR": "1",
        "COLUMNS": "300",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "HF_"))}
    user, _, password = secret.partition(":")
    client = httpx.Client(auth=(user, password), timeout=_PATIENCE_SECONDS, trust_env=False)
    return Bench(folder, kept | ours | environment, client=client)
