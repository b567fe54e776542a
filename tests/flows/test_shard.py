"""Filling a shard without Prefect: quotas, replacements, crashes, judging anew."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from crowdglot.datasets import scan
from crowdglot.datasets.folder import claim
from crowdglot.datasets.funnel import measure_funnel, read_rows
from crowdglot.datasets.shards import incomplete, is_complete, set_aside_damaged
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineUnavailable, RequestRefused, StorageError
from crowdglot.writing.ending.finish import counted, finish
from crowdglot.writing.judging import Here
from crowdglot.writing.opened import open_job
from crowdglot.writing.recipe import build_recipe
from crowdglot.writing.rejudge import rejudge
from crowdglot.writing.run import Run
from crowdglot.writing.shards.call_queue import Gate
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.watch import Stop
from tests.stub import answer, serving

ROOT = Path(__file__).parents[2]


def make_job(folder, *changes):
    table = {
        "name": "test",
        "languages": ["fr", "es"],
        "dialogues_per_language": 12,
        "turns": [4, 6],
        "shard_size": 5,
        "output": str(folder),
        "duplicates": {"rounds": 0},  # the stub's dialogues are made of few sentences
    }
    return open_job(build_recipe(table, changes, "test"))


class Canned:
    """An engine that writes what a function of the request says."""

    kind, model, revision = "canned", "canned", "1"

    def __init__(self, write, concurrency=4):
        self.write, self.concurrency = write, concurrency
        self.asked = []

    async def complete(self, request):
        self.asked.append(request.seed)
        await asyncio.sleep(0)
        return Completion(self.write(request), "stop", 10, 5, 0.01)


def as_body(request):
    return {
        "messages": [{"content": message.content} for message in request.messages],
        "response_format": {"json_schema": {"schema": request.schema}},
        "seed": request.seed,
    }


def good(request):
    return answer(as_body(request))


def running(job, engine, stop=None):
    """A run with all judging in this process."""
    return Run(job, engine, Here(job), Gate(engine.concurrency), stop or Stop())


def fill(job, engine, stop=None):
    async def run():
        claim(job.folder, job.recipe.model_dump(mode="json"), job.identity())
        run = running(job, engine, stop or Stop())
        for shard in job.shards():
            if not is_complete(job.folder, shard):
                await fill_shard(run, shard)
        return finish(job)

    return asyncio.run(run())


def rows_of(folder, part="data"):
    files = sorted((folder / part).glob("*/*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]).sort("id", "attempt")


def test_quota_is_met_exactly(tmp_path):
    job = make_job(tmp_path / "d")
    funnel = fill(job, Canned(good))
    assert funnel.accepted_by_language == {"fr": 12, "es": 12}
    assert funnel.short == ()
    rows = rows_of(job.folder)
    assert rows["id"].n_unique() == 24
    assert list((job.folder / "journal").glob("*/*.jsonl")) == []
    assert sorted(p.name for p in (job.folder / "data/fr").iterdir()) == [
        f"train-0000{n}-of-00003.parquet" for n in range(3)
    ]
    one = rows.to_dicts()[0]
    assert [turn["speaker"] for turn in one["turns"]] == ["A", "B"] * (len(one["turns"]) // 2) + [
        "A"
    ] * (len(one["turns"]) % 2)
    assert one["messages"][0] == {"role": "user", "content": one["turns"][0]["text"]}
    assert json.loads(one["draft"])["A1"] == one["turns"][0]["text"]
    assert one["reason"] == ""
    assert one["scores"]["language"] > 0.9
    assert one["completion_tokens"] == 5


def test_attempts_then_replacement_from_the_same_cell(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=2", "max_attempts=2")
    plan = job.materials.plan
    bad = {job.request(plan.scenario(0), attempt).seed for attempt in range(2)}

    def write(request):
        return "I cannot." if request.seed in bad else good(request)

    fill(job, Canned(write))
    rows, rejected = rows_of(job.folder), rows_of(job.folder, "rejected")
    assert rows["index"].to_list() == [1, plan.replacement(0, 1)]
    assert plan.event(plan.replacement(0, 1)) == plan.event(0)
    assert rejected.select("index", "attempt").rows() == [(0, 0), (0, 1)]
    assert set(rejected["reason"]) == {"format.not_json"}
    assert set(rejected["draft"]) == {"I cannot."}


def test_cells_that_fall_short_are_named(tmp_path):
    job = make_job(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    name = job.materials.plan.event(1).title

    def write(request):
        talk = f"Kind of talk: {name}." in request.messages[-1].content
        return "no" if talk else good(request)

    funnel = fill(job, Canned(write))
    assert funnel.short == (("fr", job.materials.plan.event(1).name, 1, 0),)
    assert funnel.reasons == {"format.not_json": 4}
    # What the run counted is what the command tells, without counting again.
    assert counted(job) == funnel
    # Giving up is an end too: a rerun asks nothing.
    engine = Canned(write)
    fill(job, engine)
    assert engine.asked == []


def test_concurrency_changes_nothing(tmp_path):
    def write(request):
        return "bad" if request.seed % 3 == 0 else good(request)

    frames = []
    for concurrency in (1, 7):
        job = make_job(tmp_path / str(concurrency))
        fill(job, Canned(write, concurrency))
        frames.append(
            [rows_of(job.folder, part).drop("created_at") for part in ("data", "rejected")]
        )
    assert frames[0][0].equals(frames[1][0])
    assert frames[0][1].equals(frames[1][1])


def test_engine_failure_keeps_what_was_paid_for(tmp_path):
    job = make_job(tmp_path / "d")
    calls = 0

    def dying(request):
        nonlocal calls
        calls += 1
        if calls > 9:
            raise EngineUnavailable("gone.")
        return good(request)

    stop = Stop()
    fill(job, Canned(dying), stop)
    assert str(stop.cause) == "gone."
    engine = Canned(good)
    fill(job, engine)
    assert len(engine.asked) == 24 - 9
    assert measure_funnel(job.folder).accepted == 24


def test_kill_in_the_middle_and_the_same_again(tmp_path):
    folder = tmp_path / "d"
    script = (
        "import asyncio, sys\n"
        "from engines import build_engine\n"
        "from tests.flows.test_shard import *\n"
        "job = make_job(sys.argv[1])\n"
        "engine = build_engine('openai', model='stub', base_url=sys.argv[2], concurrency=3)\n"
        "async def run():\n"
        "    async with engine:\n"
        "        claim(job.folder, job.recipe.model_dump(mode='json'), job.identity())\n"
        "        for shard in job.shards():\n"
        "            if not is_complete(job.folder, shard):\n"
        "                await fill_shard(running(job, engine), shard)\n"
        "asyncio.run(run())\n"
        "finish(job)\n"
    )
    with serving(latency=0.05) as stub:
        command = [sys.executable, "-c", script, str(folder), stub.base_url]
        for asked in (4, 11, 17):
            process = subprocess.Popen(command, cwd=ROOT)
            while len(stub.asked) < asked and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command, cwd=ROOT, check=True, timeout=120)
        # At most the calls under way at the three kills were asked twice.
        assert len(stub.asked) - len(set(stub.asked)) <= 3 * 3
    undisturbed = make_job(tmp_path / "undisturbed")
    fill(undisturbed, Canned(good))
    changing = ("created_at", "engine", "model", "model_revision", "seconds", "prompt_tokens",
                "completion_tokens")  # fmt: skip
    assert rows_of(folder).drop(changing).equals(rows_of(undisturbed.folder).drop(changing))


@pytest.mark.parametrize("moment", ["rejected", "accepted", "journal"])
def test_crash_while_a_shard_is_put_away(tmp_path, monkeypatch, moment):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=3")
    fill(job, Canned(good))
    before = rows_of(job.folder)
    shard = job.shards()[0]
    # As after a crash between two steps: the journal is still there, the files perhaps not.
    rejudge_journal = shard.journal(job.folder)
    from crowdglot.datasets.journal import Journal, encode
    from crowdglot.datasets.shards import read_entries

    with Journal(rejudge_journal) as journal:
        for entry in read_entries(job.folder, shard):
            journal.append(encode(entry))
    if moment == "rejected":
        shard.accepted(job.folder).unlink()
        shard.rejected(job.folder).unlink()
    if moment == "accepted":
        shard.accepted(job.folder).unlink()
    assert not is_complete(job.folder, shard)
    engine = Canned(good)
    fill(job, engine)
    assert engine.asked == []
    assert rows_of(job.folder).equals(before)
    assert is_complete(job.folder, shard)


def test_judging_anew_asks_nothing_and_loses_nothing(tmp_path):
    job = make_job(tmp_path / "d")
    fill(job, Canned(good))
    before = rows_of(job.folder)
    funnel, short = rejudge(job.folder, ["critics.length.most_characters=47"])
    assert 0 < funnel.accepted < 24
    assert funnel.reasons == {"length.long_turn": 24 - funnel.accepted}
    assert short > 0
    # And back again: the rows are as they were.
    funnel, short = rejudge(job.folder, ["critics.length.most_characters=420"])
    assert (funnel.accepted, funnel.rejected, short) == (24, 0, 0)
    assert rows_of(job.folder).equals(before)


def test_stricter_critics_then_more_dialogues(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=4")
    fill(job, Canned(good))
    _, short = rejudge(job.folder, ["critics.length.most_characters=50"])
    assert short > 0
    stricter = make_job(
        tmp_path / "d", "languages=fr", "dialogues_per_language=4",
        "critics.length.most_characters=50", "max_attempts=3",
    )  # fmt: skip
    engine = Canned(lambda request: good(request).replace("Hier soir", "Hier"))
    funnel = fill(stricter, engine)
    assert engine.asked
    assert funnel.accepted + len(funnel.short) >= 4


def test_a_looser_critic_makes_surplus_not_too_many(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=4",
                   "critics.length.most_characters=50")  # fmt: skip
    fill(job, Canned(good))
    drafts = measure_funnel(job.folder).drafts
    funnel, _ = rejudge(job.folder, ["critics.length.most_characters=420"])
    assert funnel.accepted == 4
    assert funnel.drafts == drafts
    assert set(funnel.reasons) <= {"surplus"}


def test_files_are_read_by_polars_pyarrow_and_datasets(tmp_path):
    datasets = pytest.importorskip("datasets")
    job = make_job(tmp_path / "d")
    fill(job, Canned(good))
    table = pq.read_table(job.folder / "data" / "fr")
    assert table.num_rows == 12
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert pl.read_parquet(job.folder / "data/es/*.parquet").height == 12
    for tag in ("fr", "es"):
        loaded = datasets.load_dataset(str(job.folder), tag, cache_dir=str(tmp_path / "cache"))
        assert loaded["train"].num_rows == 12
        assert set(loaded["train"]["language"]) == {tag}
        assert loaded["train"][0]["messages"][0]["role"] == "user"
    assert sorted(datasets.get_dataset_config_names(str(job.folder))) == ["es", "fr"]


def test_a_damaged_shard_is_found_and_written_anew(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=12")
    fill(job, Canned(lambda request: "bad" if request.seed % 3 == 0 else good(request)))
    before = [rows_of(job.folder, part).drop("created_at") for part in ("data", "rejected")]
    shards = job.shards()
    assert set_aside_damaged(job.folder, shards) == []
    path = shards[1].accepted(job.folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 8
    path.write_bytes(content)
    assert set_aside_damaged(job.folder, shards) == [path]
    assert incomplete(job.folder, shards) == [shards[1]]
    assert (job.folder / "damaged/data/fr" / path.name).read_bytes() == content
    engine = Canned(good)
    fill(job, engine)
    # What had been rejected lay in the other file and is not asked again.
    assert len(engine.asked) == shards[1].size
    after = [rows_of(job.folder, part).drop("created_at") for part in ("data", "rejected")]
    assert before[0].equals(after[0])
    assert before[1].equals(after[1])


def test_a_cut_shard_is_one_sentence(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=2")
    fill(job, Canned(good))
    path = job.shards()[0].accepted(job.folder)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StorageError, match=r"parquet: damaged .*; run .* with --verify"):
        measure_funnel(job.folder)


def test_a_column_whose_name_has_changed_is_damage(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=6")
    fill(job, Canned(good))
    path = job.shards()[0].accepted(job.folder)
    path.write_bytes(path.read_bytes().replace(b"draft", b"dragt"))
    with pytest.raises(StorageError, match=r"parquet: not as it was written .* with --verify"):
        read_rows(job.folder, "data")


def test_a_foreign_file_of_another_batch_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "_AT_ONCE", 1)
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=2")
    fill(job, Canned(good))
    path = job.folder / "data/fr/zzz.parquet"
    rows_of(job.folder).cast({"prompt_tokens": pl.Int16}).write_parquet(path)
    with pytest.raises(StorageError, match=r"zzz\.parquet: not as it was written"):
        read_rows(job.folder, "data")


def test_a_refused_question_makes_room_for_another_scenario(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=3")
    plan = job.materials.plan
    refused = job.request(plan.scenario(1), 0).seed

    def write(request):
        if request.seed == refused:
            raise RequestRefused("The prompt has 9000 tokens and the model takes 4096.")
        return good(request)

    engine = Canned(write)
    funnel = fill(job, engine)
    assert (funnel.accepted, funnel.reasons) == (3, {"engine.refused": 1})
    assert len(engine.asked) == 4
    rejected = rows_of(job.folder, "rejected").to_dicts()[0]
    assert rejected["rejections"][0]["evidence"].startswith("The prompt has 9000 tokens")
    assert plan.replacement(1, 1) in rows_of(job.folder)["index"].to_list()


def test_halves_of_characters_are_kept_as_unknown_ones(tmp_path):
    job = make_job(tmp_path / "d", "languages=fr", "dialogues_per_language=1")
    answers = iter(("Voil\ud83d\ude00 \ud83d", None))
    fill(job, Canned(lambda request: next(answers) or good(request)))
    assert rows_of(job.folder, "rejected")["draft"].to_list() == ["Voil😀 \ufffd"]


def test_an_engine_that_refuses_everything_ends_the_run(tmp_path):
    job = make_job(tmp_path / "d", "dialogues_per_language=200", "shard_size=100")

    def write(request):
        raise RequestRefused("The prompt is too long.")

    stop, engine = Stop(), Canned(write)
    fill(job, engine, stop)
    assert str(stop.cause) == "The prompt is too long."
    assert 20 <= len(engine.asked) < 30


def test_places_given_up_are_told_with_their_cause(tmp_path):
    job = make_job(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    event = job.materials.plan.event(1)

    def write(request):
        talk = f"Kind of talk: {event.title}." in request.messages[-1].content
        return "I cannot." if talk else good(request)

    fill(job, Canned(write))
    lines = (job.folder / "failed.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [(line["speech_event"], line["drafts"], line["reasons"]) for line in told] == [
        (event.name, 4, {"format.not_json": 4})
    ]
    assert told[0]["evidence"]
