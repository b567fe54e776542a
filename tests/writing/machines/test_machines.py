"""Shards written by other processes: reports and rounds, and real clusters that lose a worker."""

import asyncio
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from crowdglot.datasets.folder import bind, locked
from crowdglot.datasets.shards import incomplete
from crowdglot.datasets.storage.files import write_text
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.recipes import build_recipe
from crowdglot.writing.budget import Budget
from crowdglot.writing.machines import cluster, worker
from crowdglot.writing.machines import crew as machines
from crowdglot.writing.machines.crew import Crew, batch_size
from crowdglot.writing.machines.shard_locks import LOCKS, ShardLocks, check_no_workers
from crowdglot.writing.machines.worker import STOP, fill_batch
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import write_dataset
from tests.command.test_command import closed_port
from tests.stub_server import serving
from tests.writing.builders import timeless

ROOT = Path(__file__).parents[3]
SHARDS, SHARD_SIZE = 8, 20


def make_opened(folder, base_url, *changes):
    table = {
        "name": "machines",
        "languages": ["fr", "es"],
        "dialogues_per_language": SHARDS * SHARD_SIZE // 2,
        "turns": [4, 6],
        "shard_size": SHARD_SIZE,
        "output": str(folder),
        "engine": {"kind": "openai", "model": "stub", "base_url": base_url, "concurrency": 2},
        "duplicates": {"rounds": 0},  # the stub's dialogues are made of few sentences
    }
    opened = open_recipe(build_recipe(table, changes, "test"))
    with locked(opened.folder):
        bind(opened.folder, opened.recipe.model_dump(mode="json"), opened.identity())
    return opened


def rows_of(folder):
    """All rows but what no two runs have in common."""
    files = [*folder.glob("data/*/*.parquet"), *folder.glob("rejected/*/*.parquet")]
    rows = pl.concat([pl.read_parquet(file) for file in sorted(files)])
    return timeless(rows)


def write_alone(opened):
    """Write the dataset in this process, as a measure for the others."""

    asyncio.run(write_dataset(opened.recipe))
    return rows_of(opened.folder)


@pytest.fixture(autouse=True)
def _leave_engine():
    yield
    worker._PROCESS.leave()


# A worker


def test_a_worker_keeps_its_engine_between_batches(tmp_path, monkeypatch):
    entered = []

    async def start(opened):
        entered.append(opened)
        return await start_for_real(opened)

    start_for_real = worker.start
    monkeypatch.setattr(worker, "start", start)
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        first = fill_batch(opened.recipe, [0, 1], None, None)
        second = fill_batch(opened.recipe, [1, 2, 3], None, None)
        assert (first.written, second.written) == (2, 2)
        assert (
            first.progress.prompt_tokens + first.progress.completion_tokens == 2 * SHARD_SIZE * 150
        )
        assert first.progress.accepted == 2 * SHARD_SIZE
        assert first.error == second.error == ""
        assert len(entered) == 1
        assert len(incomplete(opened.folder, opened.shards())) == SHARDS - 4
        worker._PROCESS.leave()
        fill_batch(opened.recipe, [4], None, None)
        assert len(entered) == 2


def test_a_worker_tells_an_error_and_takes_a_new_engine(tmp_path):
    opened = make_opened(tmp_path / "d", f"http://127.0.0.1:{closed_port()}/v1")
    report = fill_batch(opened.recipe, [0], None, None)
    assert (report.written, report.progress.accepted) == (0, 0)
    assert opened.recipe.engine.base_url in report.error
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        assert fill_batch(opened.recipe, [0], None, None).written == 1


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path):
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        shutil.rmtree(opened.folder)
        assert "does not see the run" in fill_batch(opened.recipe, [0], None, None).error
        assert not opened.folder.exists()
        make_opened(tmp_path / "d", stub.base_url, "seed=1")
        assert "made by another recipe: 'seed'" in fill_batch(opened.recipe, [0], None, None).error
        assert stub.asked == []


def test_a_worker_obeys_stop_budget_and_deadline(tmp_path):
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        (opened.folder / STOP).touch()
        assert fill_batch(opened.recipe, [0], None, None).written == 0
        (opened.folder / STOP).unlink()
        assert fill_batch(opened.recipe, [0], None, time.time() - 1).written == 0
        assert fill_batch(opened.recipe, [0], 0, None).written == 0
        assert stub.asked == []
        report = fill_batch(opened.recipe, range(SHARDS), 150, None)
        assert (report.written, report.error) == (0, "")
        assert 0 < len(stub.asked) < SHARD_SIZE
        assert report.progress.accepted == len(stub.asked)


def tell_after_ten(stub, opened, spent, monkeypatch):
    """Have the flow's wish to stop lie in the folder once ten questions were asked."""
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.01)
    answer = stub.write

    def telling(body):
        if len(stub.asked) >= 10:
            write_text(opened.folder / STOP, spent)
        return answer(body)

    stub.write = telling
    return answer


def test_a_worker_told_of_a_spent_budget_writes_what_it_has(tmp_path, monkeypatch):
    with serving(latency=0.02) as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        tell_after_ten(stub, opened, "budget.max_tokens_total is spent.", monkeypatch)
        assert fill_batch(opened.recipe, range(SHARDS), None, None).error == ""
        assert rows_of(opened.folder).height == len(stub.asked) < SHARDS * SHARD_SIZE
        assert list((opened.folder / "journal").glob("*/*")) == []


def test_a_worker_stops_at_the_next_question(tmp_path, monkeypatch):
    with serving(latency=0.02) as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        answer = tell_after_ten(stub, opened, "", monkeypatch)
        report = fill_batch(opened.recipe, range(SHARDS), None, None)
        assert report.error == ""
        assert 10 <= len(stub.asked) < SHARDS * SHARD_SIZE
        stub.write = answer
        (opened.folder / STOP).unlink()
        fill_batch(opened.recipe, range(SHARDS), None, None)
        assert len(stub.asked) == len(set(stub.asked)) == SHARDS * SHARD_SIZE


# Locks of shards

HOLD = """
import sys, pathlib
from crowdglot.writing.machines.shard_locks import ShardLocks
from crowdglot.datasets.shards import shards_of
shards = list(shards_of(("fr",), 8, 1))
with ShardLocks(pathlib.Path(sys.argv[1])) as locks:
    print([shard.rank for shard in locks.take(shards[2:4])], flush=True)
    sys.stdin.read()
"""


def test_a_shard_is_filled_by_one_process_and_freed_when_it_dies(tmp_path):
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        check_no_workers(opened.folder)
        other = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(opened.folder)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert other.stdout.readline() == b"[2, 3]\n"
            assert holders(opened.folder) == {other.pid}
            with pytest.raises(StorageError, match="workers of an earlier run"):
                check_no_workers(opened.folder)
            assert fill_batch(opened.recipe, [1, 2, 3, 4], None, None).written == 2
        finally:
            other.kill()
            other.communicate()
        check_no_workers(opened.folder)
        assert fill_batch(opened.recipe, [1, 2, 3, 4], None, None).written == 2
        with ShardLocks(opened.folder) as locks:
            assert locks.take(opened.shards()) == opened.shards()


def holders(folder):
    """The processes that hold a shard, as the kernel tells."""
    found = set()
    with (folder / LOCKS).open("rb+") as file:
        for rank in range(SHARDS):
            question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, rank, 1, 0)
            kind, _, _, _, pid = struct.unpack(
                "hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, question)
            )
            if kind != fcntl.F_UNLCK:
                found.add(pid)
    return found


# The flow's side


class Shaky:
    """A task runner without processes: each task runs when its result is asked for. ``fates``: of
    the first tasks, whether their worker dies before it begins."""

    def __init__(self, *fates):
        self.fates = list(fates)
        self.sent = []

    def submit(self, _task, parameters):
        self.sent.append(parameters["ranks"])
        return Future(parameters, dies=bool(self.fates and self.fates.pop(0)))


class Future:
    def __init__(self, parameters, dies):
        self.parameters, self.dies = parameters, dies

    def add_done_callback(self, function):
        function(self)

    def result(self, raise_on_failure):
        assert raise_on_failure is False
        if self.dies:
            raise RuntimeError("worker killed")
        return fill_batch(**self.parameters)


def send(opened, runner):
    """Have a crew write what is missing."""
    watch = Watch()
    budget = Budget.of(opened, watch)

    async def write():
        await Crew(opened, runner, watch, budget).write(incomplete(opened.folder, opened.shards()))

    asyncio.run(write())
    return watch.stop, watch.progress


def test_what_a_lost_worker_had_is_sent_again(tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "_PAUSES", (0.0, 0.0))
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        runner = Shaky(False, True, False, True)
        stop, progress = send(opened, runner)
        assert stop.cause is None
        assert incomplete(opened.folder, opened.shards()) == []
        assert len(stub.asked) == len(set(stub.asked)) == SHARDS * SHARD_SIZE == progress.accepted
        first, again = runner.sent[:SHARDS], runner.sent[SHARDS:]
        assert again == [first[1], first[3]]
        assert progress.under_way == 0


def test_when_all_workers_die_the_run_ends_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "_PAUSES", (0.0, 0.0))
    opened = make_opened(tmp_path / "d", "http://127.0.0.1:9/v1")
    runner = Shaky(*[True] * 100)
    stop, _ = send(opened, runner)
    assert f"{SHARDS} shards could not be written" in str(stop.cause)
    assert "worker killed" in str(stop.cause)
    assert len(runner.sent) == 3 * SHARDS


def test_an_error_of_a_worker_stops_the_run(tmp_path):
    opened = make_opened(tmp_path / "d", f"http://127.0.0.1:{closed_port()}/v1")
    runner = Shaky()
    stop, _ = send(opened, runner)
    assert opened.recipe.engine.base_url in str(stop.cause)
    assert len(runner.sent) < SHARDS


def thinking(_body):
    return "<think>D'abord, il faut"


def test_first_drafts_that_all_fail_for_one_reason_stop_the_run(tmp_path):
    with serving(thinking) as stub:
        # A batch alone has too few drafts to tell.
        few = ("shard_size=2", "max_attempts=1", "max_replacements=1", "engine.concurrency=1")
        opened = make_opened(tmp_path / "d", stub.base_url, "dialogues_per_language=200", *few)
        stop, progress = send(opened, Shaky())
        assert "(format.only_thinking " in str(stop.cause)
        assert 24 <= progress.rejected == len(stub.asked) < 160
        # And where one batch has more than enough, its worker stops.
        opened = make_opened(tmp_path / "e", stub.base_url)
        report = fill_batch(opened.recipe, [0, 1, 2, 3], None, None)
        assert "(format.only_thinking 2" in report.error and report.progress.rejected < 40


def test_a_worker_knows_of_a_draft_that_passed_at_another_one(tmp_path):
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url, "max_attempts=1", "max_replacements=0")
        fill_batch(opened.recipe, [0], None, None)
        shard = opened.shard(0)
        shard.accepted(opened.folder).unlink()  # at another worker, it is not written yet
        stub.write = thinking
        report = fill_batch(opened.recipe, [1, 2], None, None)
        assert (report.error, report.progress.rejected) == ("", 2 * SHARD_SIZE)
        assert report.progress.proven


def test_few_batches_share_all_the_tokens(tmp_path):
    with serving() as stub:
        enough = SHARDS * SHARD_SIZE * 150 + 10 * 150
        changes = (f"budget.max_tokens_total={enough}", "machines.workers=8")
        opened = make_opened(tmp_path / "d", stub.base_url, *changes)
        runner = Shaky()
        stop, progress = send(opened, runner)
        assert (stop.wanted, len(runner.sent)) == (False, SHARDS)
        assert progress.accepted == SHARDS * SHARD_SIZE


def test_workers_share_the_tokens_that_are_left(tmp_path):
    with serving() as stub:
        opened = make_opened(tmp_path / "d", stub.base_url, "budget.max_tokens_total=6000")
        stop, progress = send(opened, Shaky())
        assert "max_tokens_total" in stop.spent
        # Answers under way are waited for, of every batch that was sent.
        ahead = 2 * opened.recipe.machines.workers
        assert 6000 <= progress.tokens <= 6000 + ahead * opened.recipe.engine.concurrency * 150
        assert rows_of(opened.folder).height == len(stub.asked) == progress.tokens / 150
        assert progress.accepted == len(stub.asked)  # whatever is judged again in a later round


@pytest.mark.parametrize(
    ("shards", "size", "workers", "concurrency", "batch"),
    [(8, 20, 2, 2, 1), (50_000, 200, 8, 256, 126), (1_000_000, 200, 8, 1, 2000), (1, 200, 2, 1, 1)],
)
def test_batches_balance_their_own_end_against_that_of_the_run(
    shards, size, workers, concurrency, batch
):
    assert batch_size(shards, size, workers, concurrency) == batch


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    recipe = build_recipe(minimal("dask"), (), "test")
    with pytest.raises(ConfigurationError, match=r"machines\.runner: 'dask' needs .* prefect-dask"):
        cluster.runner_class(recipe.machines)


def test_an_unknown_runner_is_refused():
    with pytest.raises(ConfigurationError, match=r"'machines\.runner': .*'here', 'dask' or 'ray'"):
        build_recipe(minimal("spark"), (), "test")


def test_where_shards_are_written_is_no_part_of_a_dataset(tmp_path):
    one, two = (build_recipe(minimal(runner), (), "test") for runner in ("here", "ray"))
    assert one.identity() == two.identity()


@pytest.mark.parametrize(
    ("address", "url", "fine"),
    [
        ("", "http://127.0.0.1:8123/api", True),
        ("tcp://127.0.0.1:8786", "http://localhost:8123/api", True),
        ("tcp://10.0.0.5:8786", "http://10.0.0.5:4200/api", True),
        ("tcp://10.0.0.5:8786", "http://127.0.0.1:8123/api", False),
        ("ray://head:10001", "http://[::1]:8123/api", False),
    ],
)
def test_workers_elsewhere_want_a_server_that_they_reach(address, url, fine, monkeypatch):
    class Client:
        api_url = url

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            return None

    monkeypatch.setattr(cluster, "get_client", Client)
    settings = build_recipe(minimal("dask", address), (), "test").machines
    if fine:
        assert asyncio.run(cluster.api_url(settings)) == url
    else:
        with pytest.raises(ConfigurationError, match="PREFECT_API_URL"):
            asyncio.run(cluster.api_url(settings))


def minimal(runner, address=""):
    return {
        "name": "m", "languages": ["fr"], "dialogues_per_language": 1,
        "machines": {"runner": runner, "address": address},
    }  # fmt: skip


# Real clusters


@pytest.fixture
def command(tmp_path):
    """Starts the command on a recipe; at the end none of its processes may be left."""
    mark = f"CROWDGLOT_TEST={uuid4().hex}"
    short = tempfile.mkdtemp(prefix="ray")  # Ray's sockets want a short path
    name, _, value = mark.partition("=")
    environment = os.environ | {
        name: value,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "HOME": str(tmp_path),
        "RAY_TMPDIR": short,
        "COLUMNS": "200",
    }
    environment.pop("PREFECT_API_URL", None)
    started = []

    def start(opened, *changes):
        arguments = [part for change in changes for part in ("--set", change)]
        path = tmp_path / "recipe.json.toml"
        path.write_text(recipe_text(opened), "utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "crowdglot.command.app", "synthesize", str(path), *arguments],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    try:
        yield start
        deadline = time.monotonic() + 30
        while (left := marked(mark)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == {}
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
        for process in started:
            process.communicate()
        shutil.rmtree(short, ignore_errors=True)


def recipe_text(opened):
    import tomli_w

    return tomli_w.dumps(opened.recipe.model_dump(mode="json"))


def marked(mark):
    """Processes that inherited ``mark``, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended, or is not ours
    return found


def wait_for(condition, process):
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def needs(package):
    missing = find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed (an extra)")


RUNNERS = pytest.mark.parametrize(
    "runner",
    [
        pytest.param("dask", marks=needs("prefect_dask")),
        pytest.param("ray", marks=needs("prefect_ray")),
    ],
)
LISTENING = """
import os, sys
from pathlib import Path

from crowdglot.recipes import build_recipe
from crowdglot.writing.machines import cluster


def family(pid):
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


table = {"name": "x", "languages": ["fr"], "dialogues_per_language": 1}
machines = {"runner": sys.argv[1], "workers": 2}
settings = build_recipe(table | {"machines": machines}, (), "x").machines
with cluster.started(cluster.runner_class(settings), settings):
    files = [file for pid in family(os.getpid()) for file in Path(f"/proc/{pid}/fd").glob("*")]
    sockets = {os.readlink(file) for file in files if file.is_symlink()}
    for kind in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
            _, address, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in sockets:
                print("listens", address.split(":")[0])
"""
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this machine has no /proc")
@RUNNERS
def test_a_cluster_on_this_machine_listens_on_loopback_alone(tmp_path, runner):
    short = tempfile.mkdtemp(prefix="ray")
    try:
        done = subprocess.run(
            [sys.executable, "-c", LISTENING, runner], cwd=ROOT, capture_output=True, text=True,
            timeout=300, env=os.environ | {"RAY_TMPDIR": short, "HOME": str(tmp_path)},
        )  # fmt: skip
    finally:
        shutil.rmtree(short, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    addresses = [line.split()[1] for line in done.stdout.splitlines() if "listens" in line]
    assert addresses and set(addresses) <= LOOPBACK, done.stdout


@pytest.mark.slow
@pytest.mark.server
@RUNNERS
def test_a_killed_worker_costs_what_was_under_way(tmp_path, command, runner):
    with serving(latency=0.1) as stub:
        alone = write_alone(make_opened(tmp_path / "alone", stub.base_url))
        stub.asked.clear()
        opened = make_opened(tmp_path / "d", stub.base_url)
        process = command(opened, f"machines.runner={runner}", "machines.workers=2")
        wait_for(
            lambda: len(stub.asked) > 3 * SHARD_SIZE and len(holders(opened.folder)) == 2, process
        )
        victim = min(holders(opened.folder))
        assert victim != process.pid
        os.kill(victim, signal.SIGKILL)
        told = process.communicate(timeout=300)[0].decode()
        assert process.returncode == 0, told
        assert "Traceback" not in told
        wanted = SHARDS * SHARD_SIZE
        assert f"Acceptance: {wanted} of {wanted} drafts" in told
        assert rows_of(opened.folder).equals(alone)
        asked, different = len(stub.asked), len(set(stub.asked))
        assert different == wanted
        assert asked - different <= opened.recipe.engine.concurrency
        assert not (opened.folder / STOP).exists()


@pytest.mark.slow
@pytest.mark.server
@needs("prefect_dask")
def test_a_stop_reaches_the_workers(tmp_path, command):
    with serving(latency=0.1) as stub:
        opened = make_opened(tmp_path / "d", stub.base_url)
        process = command(opened, "machines.runner=dask")
        wait_for(lambda: len(stub.asked) > 2 * SHARD_SIZE, process)
        os.killpg(process.pid, signal.SIGINT)  # as from a terminal: every process gets it
        told = process.communicate(timeout=300)[0].decode()
        assert process.returncode == 130, told
        assert "run the same command again to go on" in told
        assert "Traceback" not in told
        asked = len(stub.asked)
        assert asked < SHARDS * SHARD_SIZE
        again = command(opened)
        assert again.wait(timeout=300) == 0
        # Nothing that was answered before the stop was asked again, by another kind of worker.
        assert len(stub.asked) == len(set(stub.asked)) == SHARDS * SHARD_SIZE
