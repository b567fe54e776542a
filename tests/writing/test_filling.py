"""Filling a shard without Prefect: quotas, replacements, crashes, judging anew."""

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
from crowdglot.datasets.funnel import measure_funnel, read_rows, stored_funnel
from crowdglot.datasets.shards import incomplete, is_complete, set_aside_damaged
from crowdglot.errors import EngineUnavailable, RequestRefused, StorageError
from crowdglot.writing.watch import Watch
from tests.stub_server import serving
from tests.writing.builders import (
    Canned,
    drafts,
    fill,
    good,
    make_opened,
    rejudge,
    rows_of,
    seed_of,
    timeless,
)

ROOT = Path(__file__).parents[2]


def test_quota_is_met_exactly(tmp_path):
    opened = make_opened(tmp_path / "d")
    funnel = fill(opened, Canned(good))
    assert funnel.accepted_by_language == {"fr": 12, "es": 12}
    assert funnel.short == ()
    rows = rows_of(opened.folder)
    assert rows["id"].n_unique() == 24
    assert list((opened.folder / "journal").glob("*/*.jsonl")) == []
    assert sorted(p.name for p in (opened.folder / "data/fr").iterdir()) == [
        f"train-0000{n}.parquet" for n in range(3)
    ]
    one = rows.to_dicts()[0]
    assert [turn["speaker"] for turn in one["turns"]] == ["A", "B"] * (len(one["turns"]) // 2) + [
        "A"
    ] * (len(one["turns"]) % 2)
    assert one["messages"][0] == {"role": "user", "content": one["turns"][0]["text"]}
    assert json.loads(drafts(rows)[0])["A1"] == one["turns"][0]["text"]
    assert one["reason"] == ""
    scores = {verdict["critic"]: verdict["score"] for verdict in one["verdicts"]}
    assert scores["language"] > 0.9
    assert all(verdict["reason"] is None for verdict in one["verdicts"])
    assert [(call["role"], call["step"], call["seed"]) for call in one["calls"]] == [
        ("write", 0, one["seed"])
    ]
    assert one["completion_tokens"] == 5


def test_attempts_then_replacement_from_the_same_cell(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=2", "max_attempts=2"
    )
    plan = opened.plan
    bad = {seed_of(opened, 0, attempt) for attempt in range(2)}

    def write(request):
        return "I cannot." if request.seed in bad else good(request)

    fill(opened, Canned(write))
    rows, rejected = rows_of(opened.folder), rows_of(opened.folder, "rejected")
    assert rows["index"].to_list() == [1, plan.replacement(0, 1)]
    assert plan.event(plan.replacement(0, 1)) == plan.event(0)
    assert rejected.select("index", "attempt").rows() == [(0, 0), (0, 1)]
    assert set(rejected["reason"]) == {"format.not_json"}
    assert set(drafts(rejected)) == {"I cannot."}


def test_cells_that_fall_short_are_named(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    name = opened.plan.event(1).title

    def write(request):
        talk = f"Kind of talk: {name}." in request.messages[-1].content
        return "no" if talk else good(request)

    funnel = fill(opened, Canned(write))
    assert funnel.short == (("fr", opened.plan.event(1).name, 1, 0),)
    assert funnel.reasons == {"format.not_json": 4}
    # What the run counted is what the command tells, without counting again.
    assert stored_funnel(opened.folder) == funnel
    # Giving up is an end too: a rerun asks nothing.
    engine = Canned(write)
    fill(opened, engine)
    assert engine.asked == []


def test_concurrency_changes_nothing(tmp_path):
    def write(request):
        return "bad" if request.seed % 3 == 0 else good(request)

    frames = []
    for concurrency in (1, 7):
        opened = make_opened(tmp_path / str(concurrency))
        fill(opened, Canned(write, concurrency))
        frames.append([timeless(rows_of(opened.folder, part)) for part in ("data", "rejected")])
    assert frames[0][0].equals(frames[1][0])
    assert frames[0][1].equals(frames[1][1])


def test_engine_failure_keeps_what_was_paid_for(tmp_path):
    opened = make_opened(tmp_path / "d")
    calls = 0

    def dying(request):
        nonlocal calls
        calls += 1
        if calls > 9:
            raise EngineUnavailable("gone.")
        return good(request)

    watch = Watch()
    fill(opened, Canned(dying), watch)
    assert str(watch.stop.cause) == "gone."
    engine = Canned(good)
    fill(opened, engine)
    assert len(engine.asked) == 24 - 9
    assert measure_funnel(opened.folder).accepted == 24


def test_kill_in_the_middle_and_the_same_again(tmp_path):
    folder = tmp_path / "d"
    script = (
        "import asyncio, sys\n"
        "from crowdglot.writing.write import write_dataset\n"
        "from tests.writing.builders import make_opened\n"
        "opened = make_opened(sys.argv[1], 'engine.kind=openai', 'engine.model=stub',\n"
        "    'engine.base_url=' + sys.argv[2], 'engine.concurrency=3')\n"
        "asyncio.run(write_dataset(opened.recipe))\n"
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
    undisturbed = make_opened(tmp_path / "undisturbed")
    fill(undisturbed, Canned(good))
    changing = ("engine", "model", "revision", "prompt_tokens", "completion_tokens")
    there, calm = (timeless(rows_of(path), *changing) for path in (folder, undisturbed.folder))
    assert there.equals(calm)


@pytest.mark.parametrize("moment", ["rejected", "accepted", "journal"])
def test_crash_while_a_shard_is_put_away(tmp_path, monkeypatch, moment):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=3")
    fill(opened, Canned(good))
    before = rows_of(opened.folder)
    shard = opened.shards()[0]
    # As after a crash between two steps: the journal is still there, the files perhaps not.
    rejudge_journal = shard.journal(opened.folder)
    from crowdglot.datasets.journal import Journal, encode
    from crowdglot.datasets.shards import read_calls

    with Journal(rejudge_journal) as journal:
        for call in read_calls(opened.folder, shard):
            journal.append(encode(call))
    if moment == "rejected":
        shard.accepted(opened.folder).unlink()
        shard.rejected(opened.folder).unlink()
    if moment == "accepted":
        shard.accepted(opened.folder).unlink()
    assert not is_complete(opened.folder, shard)
    engine = Canned(good)
    fill(opened, engine)
    assert engine.asked == []
    assert rows_of(opened.folder).equals(before)
    assert is_complete(opened.folder, shard)


def test_judging_anew_asks_nothing_and_loses_nothing(tmp_path):
    opened = make_opened(tmp_path / "d")
    fill(opened, Canned(good))
    before = rows_of(opened.folder)
    funnel, short = rejudge(opened.folder, "critics.length.most_characters=47")
    assert 0 < funnel.accepted < 24
    assert funnel.reasons == {"length.long_turn": 24 - funnel.accepted}
    assert short > 0
    # And back again: the rows are as they were.
    funnel, short = rejudge(opened.folder, "critics.length.most_characters=420")
    assert (funnel.accepted, funnel.rejected, short) == (24, 0, 0)
    assert rows_of(opened.folder).equals(before)


def test_stricter_critics_then_more_dialogues(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=4")
    fill(opened, Canned(good))
    _, short = rejudge(opened.folder, "critics.length.most_characters=50")
    assert short > 0
    stricter = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=4",
        "critics.length.most_characters=50", "max_attempts=3",
    )  # fmt: skip
    engine = Canned(lambda request: good(request).replace("Hier soir", "Hier"))
    funnel = fill(stricter, engine)
    assert engine.asked
    assert funnel.accepted + len(funnel.short) >= 4


def test_a_looser_critic_makes_surplus_not_too_many(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=4",
                   "critics.length.most_characters=50")  # fmt: skip
    fill(opened, Canned(good))
    drafts = measure_funnel(opened.folder).drafts
    funnel, _ = rejudge(opened.folder, "critics.length.most_characters=420")
    assert funnel.accepted == 4
    assert funnel.drafts == drafts
    assert set(funnel.reasons) <= {"surplus"}


def test_files_are_read_by_polars_pyarrow_and_datasets(tmp_path):
    datasets = pytest.importorskip("datasets")
    opened = make_opened(tmp_path / "d")
    fill(opened, Canned(good))
    table = pq.read_table(opened.folder / "data" / "fr")
    assert table.num_rows == 12
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert pl.read_parquet(opened.folder / "data/es/*.parquet").height == 12
    for tag in ("fr", "es"):
        loaded = datasets.load_dataset(str(opened.folder), tag, cache_dir=str(tmp_path / "cache"))
        assert loaded["train"].num_rows == 12
        assert set(loaded["train"]["language"]) == {tag}
        assert loaded["train"][0]["messages"][0]["role"] == "user"
    assert sorted(datasets.get_dataset_config_names(str(opened.folder))) == ["es", "fr"]


def test_a_damaged_shard_is_found_and_written_anew(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=12")
    fill(opened, Canned(lambda request: "bad" if request.seed % 3 == 0 else good(request)))
    before = [timeless(rows_of(opened.folder, part)) for part in ("data", "rejected")]
    shards = opened.shards()
    assert set_aside_damaged(opened.folder, shards) == []
    path = shards[1].accepted(opened.folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 8
    path.write_bytes(content)
    assert set_aside_damaged(opened.folder, shards) == [path]
    assert incomplete(opened.folder, shards) == [shards[1]]
    assert (opened.folder / "damaged/data/fr" / path.name).read_bytes() == content
    engine = Canned(good)
    fill(opened, engine)
    # What had been rejected lay in the other file and is not asked again.
    assert len(engine.asked) == shards[1].size
    after = [timeless(rows_of(opened.folder, part)) for part in ("data", "rejected")]
    assert before[0].equals(after[0])
    assert before[1].equals(after[1])


def test_a_cut_shard_is_one_sentence(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=2")
    fill(opened, Canned(good))
    path = opened.shards()[0].accepted(opened.folder)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StorageError, match=r"parquet: damaged .*; run .* with --verify"):
        measure_funnel(opened.folder)


def test_a_column_whose_name_has_changed_is_damage(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=6")
    fill(opened, Canned(good))
    path = opened.shards()[0].accepted(opened.folder)
    path.write_bytes(path.read_bytes().replace(b"reason", b"reazon"))
    with pytest.raises(StorageError, match=r"parquet: not as it was written .* with --verify"):
        read_rows(opened.folder, "data")


def test_a_foreign_file_of_another_batch_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "_AT_ONCE", 1)
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=2")
    fill(opened, Canned(good))
    path = opened.folder / "data/fr/zzz.parquet"
    rows_of(opened.folder).cast({"prompt_tokens": pl.Int16}).write_parquet(path)
    with pytest.raises(StorageError, match=r"zzz\.parquet: not as it was written"):
        read_rows(opened.folder, "data")


def test_a_refused_question_makes_room_for_another_scenario(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=3")
    plan = opened.plan
    refused = seed_of(opened, 1)

    def write(request):
        if request.seed == refused:
            raise RequestRefused("The prompt has 9000 tokens and the model takes 4096.")
        return good(request)

    engine = Canned(write)
    funnel = fill(opened, engine)
    assert (funnel.accepted, funnel.reasons) == (3, {"engine.refused": 1})
    assert len(engine.asked) == 4
    rejected = rows_of(opened.folder, "rejected").to_dicts()[0]
    assert rejected["verdicts"][0]["evidence"].startswith("The prompt has 9000 tokens")
    assert plan.replacement(1, 1) in rows_of(opened.folder)["index"].to_list()


def test_halves_of_characters_are_kept_as_unknown_ones(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=1")
    answers = iter(("Voil\ud83d\ude00 \ud83d", None))
    fill(opened, Canned(lambda request: next(answers) or good(request)))
    assert drafts(rows_of(opened.folder, "rejected")) == ["Voil😀 \ufffd"]


def test_an_engine_that_refuses_everything_ends_the_run(tmp_path):
    opened = make_opened(tmp_path / "d", "dialogues_per_language=200", "shard_size=100")

    def write(request):
        raise RequestRefused("The prompt is too long.")

    watch, engine = Watch(), Canned(write)
    fill(opened, engine, watch)
    assert str(watch.stop.cause) == "The prompt is too long."
    assert 20 <= len(engine.asked) < 30


def test_places_given_up_are_told_with_their_cause(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    event = opened.plan.event(1)

    def write(request):
        talk = f"Kind of talk: {event.title}." in request.messages[-1].content
        return "I cannot." if talk else good(request)

    fill(opened, Canned(write))
    lines = (opened.folder / "failed.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [(line["speech_event"], line["drafts"], line["reasons"]) for line in told] == [
        (event.name, 4, {"format.not_json": 4})
    ]
    assert told[0]["evidence"]
