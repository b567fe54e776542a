"""A dataset in an object store: the same rows, crashes, other machines, judging anew."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import tomli_w

from crowdglot.command.app import main
from crowdglot.datasets.folder import locked
from crowdglot.datasets.funnel import measure_funnel, read_rows
from crowdglot.datasets.shards import (
    incomplete,
    is_complete,
    reopen,
    set_aside_damaged,
    unfinished,
    written,
)
from crowdglot.datasets.storage.location import local_folder, locate
from crowdglot.recipes import build_recipe, read_recipe
from crowdglot.writing.ending.finish import finished
from crowdglot.writing.ending.references import check_against
from crowdglot.writing.opened import open_recipe
from tests.store import ENVIRONMENT, client, requests, s3
from tests.stub_server import serving
from tests.writing.builders import Canned, good, make_opened, rejudge, rows_of, timeless
from tests.writing.builders import fill as fill_unlocked
from tests.writing.ending.test_duplicates import COPIES, copying
from tests.writing.ending.test_duplicates import make as make_repeating
from tests.writing.ending.test_duplicates import run as run_repeating

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture(scope="module")
def bucket():
    with s3() as url:
        yield url


@pytest.fixture
def shelf(bucket, tmp_path, monkeypatch):
    """The URL of a folder that is not there yet; the working directory is the test's own."""
    monkeypatch.chdir(tmp_path)
    return f"{bucket}/{tmp_path.name}"


def fill(opened, engine):
    with locked(opened.folder):
        return fill_unlocked(opened, engine)


def some_bad(request):
    return "bad" if request.seed % 3 == 0 else good(request)


def stored(folder, part="data"):
    return timeless(read_rows(folder, part))


def both(folder):
    return [stored(folder, part).to_dicts() for part in ("data", "rejected")]


def local(tmp_path, write=some_bad, *changes):
    """The same dataset in a local folder."""
    opened = make_opened(tmp_path / "local", *changes)
    fill(opened, Canned(write))
    return [timeless(rows_of(opened.folder, part)).to_dicts() for part in ("data", "rejected")]


@pytest.mark.parametrize("kind", ["s3", "memory"])
def test_the_rows_are_those_of_a_local_run(request, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    url = "memory:/" if kind == "memory" else request.getfixturevalue("bucket")
    opened = make_opened(f"{url}/{tmp_path.name}/d")
    funnel = fill(opened, Canned(some_bad))
    assert funnel.accepted == 24
    assert both(opened.folder) == local(tmp_path)
    names = sorted(path.name for path in opened.folder.glob("*"))
    assert names == ["README.md", "data", "metrics.json", "recipe.toml", "rejected", "report.html"]
    assert not list(local_folder(opened.folder).rglob("*.jsonl"))
    assert finished(opened) == funnel == measure_funnel(opened.folder)
    again = Canned(good)
    assert fill(opened, again) == funnel
    assert again.asked == []


def test_what_was_downloaded_is_a_dataset(shelf, tmp_path):
    datasets = pytest.importorskip("datasets")
    opened = make_opened(f"{shelf}/d")
    fill(opened, Canned(good))
    bucket, _, prefix = str(opened.folder).removeprefix("s3://").partition("/")
    for found in client().list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]:
        path = tmp_path / "down" / found["Key"].removeprefix(f"{prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        client().download_file(bucket, found["Key"], str(path))
    for tag in ("fr", "es"):
        loaded = datasets.load_dataset(
            str(tmp_path / "down"), tag, cache_dir=str(tmp_path / "cache")
        )
        assert loaded["train"].num_rows == 12
    frame = pl.read_parquet(tmp_path / "down" / "data" / "es" / "*.parquet")
    assert frame.height == 12
    assert pl.read_parquet((opened.folder / "data/es/train-00000.parquet").read_bytes()).height == 5


DYING = """
import os, signal, sys
from crowdglot.datasets import shards
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.journal import Journal
from tests.writing.test_remote import *

moment, put, unlink = sys.argv[2], Remote.put, Remote.unlink

def die(*_args, **_options):
    os.kill(os.getpid(), signal.SIGKILL)

def putting(self, source):
    if moment in self.url:
        die()
    put(self, source)

def unlinking(self, **options):
    if "/open/" in self.url:
        die()
    unlink(self, **options)

if moment == "mark":
    Remote.unlink = unlinking
elif moment == "journal":
    Journal.remove = die
else:
    Remote.put = putting
opened = make_opened(sys.argv[1], *sys.argv[3:])
fill(opened, Canned(some_bad))
"""


def die(url, moment, *changes, cwd):
    """Run until the moment: before the put of one of the files, of the mark's end, or after."""
    died = subprocess.run(
        [sys.executable, "-c", DYING, url, moment, *changes],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert died.returncode == -9


@pytest.mark.parametrize("moment", ["/rejected/", "/data/", "mark", "journal"])
def test_killed_while_a_shard_is_put_away(shelf, tmp_path, moment):
    one = ("languages=fr", "dialogues_per_language=5")
    opened = make_opened(f"{shelf}/d", *one)
    die(f"{shelf}/d", moment, *one, cwd=tmp_path)
    assert incomplete(opened.folder, opened.shards()) == opened.shards()
    assert not is_complete(opened.folder, opened.shards()[0])
    assert finished(opened) is None
    engine = Canned(good)
    fill(opened, engine)
    assert engine.asked == []
    assert both(opened.folder) == local(tmp_path, some_bad, *one)
    assert unfinished(opened.folder) == 0


def test_another_machine_goes_on_and_asks_for_the_open_shard_alone(shelf, tmp_path, monkeypatch):
    one = ("languages=fr", "dialogues_per_language=10")
    opened = make_opened(f"{shelf}/d", *one)
    second = opened.shards()[1]
    die(f"{shelf}/d", f"/rejected/fr/{second.name}", *one, cwd=tmp_path)
    monkeypatch.setattr(
        "crowdglot.datasets.storage.lease._EXPIRE_SECONDS", -5.0
    )  # it has been dead for long
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert incomplete(opened.folder, opened.shards()) == [second]
    engine = Canned(some_bad)
    fill(opened, engine)
    told = both(opened.folder)
    assert told == local(tmp_path, some_bad, *one)
    mine = {opened.plan.replacement(i, n) for i in opened.first_indices(second)
            for n in range(4)}  # fmt: skip
    assert len(engine.asked) == sum(row["index"] in mine for part in told for row in part)
    # The first machine comes back: its journal is used up, and changes nothing.
    before = read_rows(opened.folder, "data").sort("id")
    monkeypatch.chdir(tmp_path)
    assert incomplete(opened.folder, opened.shards()) == [second]
    again = Canned(good)
    fill(opened, again)
    assert again.asked == []
    assert incomplete(opened.folder, opened.shards()) == []
    assert read_rows(opened.folder, "data").sort("id").equals(before)


def test_judging_anew_and_back(shelf):
    opened = make_opened(f"{shelf}/d")
    fill(opened, Canned(good))
    before = read_rows(opened.folder, "data").sort("id")
    funnel, short = rejudge(opened.folder, "critics.length.most_characters=47")
    assert 0 < funnel.accepted < 24
    assert short > 0
    marks = sorted(path.name for path in opened.folder.glob("open/*/*"))
    assert len(marks) == short == unfinished(opened.folder)
    # A machine that was not there sees it too.
    for path in local_folder(opened.folder).rglob("*.jsonl"):
        path.unlink()
    assert len(incomplete(opened.folder, opened.shards())) == short
    funnel, short = rejudge(opened.folder, "critics.length.most_characters=420")
    assert (funnel.accepted, funnel.rejected, short) == (24, 0, 0)
    assert read_rows(opened.folder, "data").sort("id").equals(before)
    assert unfinished(opened.folder) == 0


def test_duplicates_are_taken_out_and_replaced(shelf, tmp_path):
    opened = make_repeating(f"{shelf}/d")
    engine = copying(opened, COPIES)
    funnel = run_repeating(opened, engine)
    assert (funnel.accepted, funnel.reasons) == (12, {"duplicates.near_duplicate": 4})
    assert len(engine.asked) == 12 + 4
    beside = make_repeating(tmp_path / "local")
    run_repeating(beside, copying(beside, COPIES))
    assert both(opened.folder) == both(beside.folder)
    # A dataset in a store can be the earlier one of another.
    new = make_repeating(f"{shelf}/new", f"duplicates.against=['{shelf}/d']", "seed=1")
    check_against(new)
    told = run_repeating(new, copying(new, {}))
    assert told.rejected > 0
    evidence = read_rows(new.folder, "rejected")["verdicts"].to_list()[0][-1]["evidence"]
    assert evidence.startswith("d:")


def test_a_damaged_object_is_found_and_written_anew(shelf):
    opened = make_opened(f"{shelf}/d", "languages=fr", "dialogues_per_language=12")
    fill(opened, Canned(some_bad))
    before = both(opened.folder)
    shards = opened.shards()
    assert set_aside_damaged(opened.folder, shards) == []
    path = shards[1].accepted(opened.folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 8
    path.put(bytes(content))
    assert set_aside_damaged(opened.folder, shards) == [path]
    assert incomplete(opened.folder, shards) == [shards[1]]
    assert written(opened.folder, shards) == [shards[0], shards[2]]
    assert (opened.folder / "damaged/data/fr" / path.name).read_bytes() == content
    fill(opened, Canned(some_bad))
    assert both(opened.folder) == before


def test_a_mark_alone_keeps_a_shard_open(shelf):
    opened = make_opened(f"{shelf}/d", "languages=fr", "dialogues_per_language=3")
    fill(opened, Canned(good))
    reopen(opened.folder, opened.shards()[0])
    assert incomplete(opened.folder, opened.shards()) == opened.shards()
    assert not is_complete(opened.folder, opened.shards()[0])
    engine = Canned(good)
    fill(opened, engine)
    assert engine.asked == []
    assert incomplete(opened.folder, opened.shards()) == []


def test_shards_are_listed_and_not_asked_for_one_by_one(shelf):
    opened = make_opened(f"{shelf}/d", "dialogues_per_language=12", "shard_size=1")
    for shard in opened.shards():
        shard.accepted(opened.folder).put(b"")
    asked = requests()
    assert len(written(opened.folder, opened.shards())) == 24
    # Of either language one.
    assert [query.count("list-type=2") for _, query, _ in asked] == [1, 1]
    assert incomplete(opened.folder, opened.shards()) == []
    assert len(asked) == 6


def test_the_command_writes_to_a_store(shelf, tmp_path):
    environment = os.environ | {"PREFECT_HOME": str(tmp_path / "prefect"), "COLUMNS": "200",
                                "PYTHONPATH": str(ROOT)}  # fmt: skip
    environment.pop("PREFECT_API_URL", None)
    table = {
        "name": "test", "languages": ["fr", "es"], "dialogues_per_language": 12, "turns": [4, 6],
        "shard_size": 5, "output": f"{shelf}/d", "duplicates": {"rounds": 0},
    }  # fmt: skip
    with serving() as stub:
        changes = ["engine.kind=openai", "engine.model=stub", f"engine.base_url={stub.base_url}",
                   "engine.concurrency=16"]  # fmt: skip
        recipe = build_recipe(table, changes, "test")
        (tmp_path / "recipe.toml").write_text(tomli_w.dumps(recipe.model_dump(mode="json")))
        command = [sys.executable, "-P", "-m", "crowdglot.command.app", "synthesize", "recipe.toml"]
        done = [
            subprocess.run(
                command, cwd=tmp_path, env=environment, timeout=180, capture_output=True,
                text=True, check=False,
            )
            for _ in range(2)
        ]  # fmt: skip
        assert [run.returncode for run in done] == [0, 0], done
        assert len(stub.asked) == len(set(stub.asked))
    opened = open_recipe(recipe)
    assert measure_funnel(opened.folder).accepted_by_language == {"fr": 12, "es": 12}
    assert not (opened.folder / ".lock").exists()
    everything = [path.read_bytes() for path in opened.folder.glob("*") if path.exists()]
    everything += [path.read_bytes() for path in opened.folder.glob("*/*/*")]
    everything += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    everything += [(run.stdout + run.stderr).encode() for run in done]
    canary = ENVIRONMENT["AWS_SECRET_ACCESS_KEY"].encode()
    assert not any(canary in content for content in everything)


def test_the_url_of_a_dataset_stands_for_it(shelf, capsys, monkeypatch):
    opened = make_opened(f"{shelf}/d", "languages=fr", "dialogues_per_language=3")
    fill(opened, Canned(good))
    assert read_recipe(f"{shelf}/d") == opened.recipe
    for arguments, told in ((["show"], " · "), (["report"], f"{shelf}/d/report.html")):
        monkeypatch.setattr(sys, "argv", ["crowdglot", *arguments, f"{shelf}/d"])
        with pytest.raises(SystemExit) as left:
            main()
        assert (left.value.code or 0, told in capsys.readouterr().out) == (0, True), arguments


def test_a_password_in_the_url_is_refused_before_anything_starts(tmp_path, monkeypatch):
    from crowdglot.errors import ConfigurationError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="without a password or a query") as refused:
        make_opened("s3://me:s3cr3t@bucket/d")
    assert "s3cr3t" not in str(refused.value)
    assert locate("s3://bucket/d") == make_opened("s3://bucket/d").folder
