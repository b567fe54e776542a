"""Folders that a stranger made: links, pipes, files made to fill the memory or to be misread."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot import api
from crowdglot.command.output.dialogues import print_dialogues
from crowdglot.datasets.folder import RECIPE, locked, read_stored_recipe
from crowdglot.datasets.funnel import measure_funnel, read_metrics
from crowdglot.datasets.journal import Journal, decode, encode, read_journal
from crowdglot.datasets.record import SCHEMA
from crowdglot.datasets.scan import batches
from crowdglot.datasets.shards import Shard, read_calls, write_shard
from crowdglot.datasets.storage import seal
from crowdglot.datasets.storage.files import replacing, write_text
from crowdglot.datasets.tables import read_table
from crowdglot.datasets.withdrawals import WITHDRAWALS, read_withdrawals
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import StorageError
from crowdglot.recipes import read_embedding
from crowdglot.writing.ending.report import rewrite_report
from tests.datasets.report.dataset import row, write_dataset
from tests.writing.builders import Canned, fill, good, make_opened, rejudge, write

CALL = Call(Key(3, 0), "0f", 5, "openai", "m", "", Completion("Oui.", "stop", 9, 4, 0.5), 1.7e9)


@pytest.fixture
def outside(tmp_path):
    """A file that is none of the dataset's."""
    path = tmp_path / "precious"
    path.write_text("precious")
    return path


@pytest.mark.parametrize(
    "name", [".lock", ".shard-locks", ".stop", "report.html", "metrics.json", "README.md",
             "recipe.toml.tmp", "report.html.tmp", "data/fr/train-00000.parquet.tmp",
             "journal/fr/train-00000.jsonl", "open/fr/train-00000", "withdrawals.jsonl"],
)  # fmt: skip
def test_no_link_leads_a_writer_outside(name, tmp_path, outside):
    opened = make_opened(tmp_path / "d", "dialogues_per_language=1", "languages=fr")
    opened.folder.mkdir()
    link = opened.folder / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(StorageError, match=r"is a link.*cp -rL"):
        write(opened, Canned(good))
    assert outside.read_text() == "precious"
    assert link.is_symlink()


@pytest.mark.parametrize(
    "part", ["data", "rejected", "data/fr", "journal/fr", "journal", "damaged"]
)
def test_no_folder_of_a_dataset_is_a_link(part, tmp_path):
    opened = make_opened(tmp_path / "d", "dialogues_per_language=1", "languages=fr")
    fill(opened, Canned(good))
    there, moved = opened.folder / part, tmp_path / "moved"
    there.mkdir(parents=True, exist_ok=True)
    there.rename(moved)
    there.symlink_to(moved)
    with pytest.raises(StorageError, match="is a link"):
        rejudge(opened.folder)
    if part.startswith(("data", "rejected")):
        for reading in (measure_funnel, lambda folder: api.open_dataset(folder).accepted):
            with pytest.raises(StorageError, match="is a link"):
                reading(opened.folder), api.open_dataset(opened.folder).rejected


def test_a_dataset_may_itself_be_reached_by_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "d").symlink_to(tmp_path / "disk")
    opened = make_opened(tmp_path / "d", "dialogues_per_language=1")
    assert write(opened, Canned(good)).funnel.accepted == 2


def test_temporary_files_cannot_be_foreseen_and_do_not_stay(tmp_path):
    names = set()
    for _ in range(3):
        with replacing(tmp_path / "x") as temporary:
            temporary.write_text("new")
            names.add(temporary.name)
    assert len(names) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    left = tmp_path / "data" / "fr" / ".train-00000.parquet.0123456789abcdef.tmp"
    left.parent.mkdir(parents=True)
    left.touch()
    with locked(tmp_path):
        assert not left.exists()


@pytest.mark.parametrize(
    "name", ["data/fr/train-00000.parquet", RECIPE, WITHDRAWALS, "metrics.json"]
)
def test_a_pipe_is_not_waited_for(name, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    if name == "metrics.json":
        assert read_metrics(folder) == {}
        return
    with pytest.raises(StorageError, match="no regular file"):
        read_withdrawals(folder) if name == WITHDRAWALS else print_dialogues(folder)


def test_a_pipe_is_no_journal(tmp_path):
    os.mkfifo(tmp_path / "j.jsonl")
    for opening in (Journal, read_journal):
        with pytest.raises(StorageError, match="no regular file"):
            opening(tmp_path / "j.jsonl")


@pytest.mark.parametrize("name", ["out[1]", "o*t", "o?t", "[!a]"])
def test_a_folder_with_the_signs_of_a_pattern(name, tmp_path):
    (tmp_path / "out").mkdir()
    write_dataset(tmp_path / "out" / "oxt", [row(9)])
    opened = make_opened(tmp_path / "out" / name, "dialogues_per_language=1")
    write(opened, Canned(good))
    assert api.open_dataset(opened.folder).accepted.collect().height == 2
    assert api.open_dataset(opened.folder).funnel.accepted == 2


def dictionary(path, rows, text):
    """A file that stores ``text`` once and has it in each of ``rows`` rows."""
    texts = pa.array([text] * rows)
    table = pa.Table.from_pylist([row(n) for n in range(rows)], schema=SCHEMA)
    table = table.set_column(SCHEMA.get_field_index("model"), SCHEMA.field("model"), texts)
    pq.write_table(table, path, compression="zstd", dictionary_pagesize_limit=1 << 30)


@pytest.mark.parametrize("dictionaries", [True, False])
def test_a_small_file_that_unpacks_to_much(dictionaries, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    path = folder / "data" / "fr" / "train-00000.parquet"
    if dictionaries:
        dictionary(path, 100, "x" * 1_000_000)
    else:
        table = pa.Table.from_pylist([row(0) | {"model": "x" * 70_000_000}], schema=SCHEMA)
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
        del table
    assert path.stat().st_size < 300_000
    before = pa.total_allocated_bytes()
    for reading in (read_table, lambda _: list(batches([path]))):
        with pytest.raises(StorageError, match="unpacks to"):
            reading(path)
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_a_row_that_names_one_long_text_often_is_not_unpacked(tmp_path):
    path = write_dataset(tmp_path / "d", [row(0)]) / "data" / "fr" / "train-00000.parquet"
    told = row(0) | {"turns": [{"speaker": "A", "text": "a" * 3_000_000}] * 100}
    pq.write_table(pa.Table.from_pylist([told], SCHEMA), path, compression="zstd")
    before = pa.total_allocated_bytes()
    with pytest.raises(StorageError, match="a row may unpack to more than"):
        print_dialogues(path.parents[2])
    assert pa.total_allocated_bytes() - before < 1 << 26


def test_show_reads_no_more_than_it_prints(tmp_path, monkeypatch):
    folder = write_dataset(tmp_path / "d", [row(n) for n in range(600)])
    read = []
    monkeypatch.setattr(
        "crowdglot.datasets.tables._as_written",
        lambda _path, table, _names: (read.append(table.num_rows), table)[1],
    )
    assert print_dialogues(folder, count=2)
    assert sum(read) <= 64


def test_a_journal_of_zeros_takes_no_memory(tmp_path):
    path = tmp_path / "j.jsonl"
    with path.open("wb") as file:
        file.write(encode(CALL))
        file.truncate(200 << 20)
    code = (
        "import resource, sys; from pathlib import Path;"
        "from crowdglot.datasets.journal import read_journal;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "calls = read_journal(Path(sys.argv[1]));"
        "print(len(calls), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=True)
    calls, grown = map(int, done.stdout.split())
    assert calls == 1
    unit = 1 if sys.platform == "darwin" else 1024
    assert grown * unit < 100 << 20


def line_of(fields, **dumping):
    body = json.dumps(fields, **dumping).encode("utf-8", "surrogatepass")
    return b"%08x %s\n" % (crc32(body), body)


def fields_of(call):
    return json.loads(encode(call).partition(b" ")[2])


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("where", ["finish_reason", "text", "model", "engine"])
def test_a_journal_with_half_a_character_heals(where, ascii_only, tmp_path):
    fields = fields_of(CALL)
    holder = fields["completion"] if where in fields["completion"] else fields
    holder[where] = "a\ud800b"
    call = decode(line_of(fields, ensure_ascii=ascii_only))
    assert call is not None
    assert getattr(call.completion if holder is fields["completion"] else call, where).startswith(
        "a\ufffd"
    )
    assert decode(encode(call)) == call


@pytest.mark.parametrize("where", ["finish_reason", "model"])
def test_half_a_character_from_an_engine_ends_no_run(where, tmp_path):
    class Odd(Canned):
        async def complete(self, request):
            made = await super().complete(request)
            return replace(made, finish_reason="sto\ud800p" if where == "finish_reason" else "stop")

    engine = Odd(good)
    engine.model = "mod\udc80el" if where == "model" else "model"
    opened = make_opened(tmp_path / "d", "dialogues_per_language=2")
    assert write(opened, engine).funnel.accepted == 4
    rows = api.open_dataset(opened.folder).accepted.collect()
    told = rows["calls"][0][0]["finish_reason"] if where == "finish_reason" else rows["model"][0]
    assert told == {"finish_reason": "sto p", "model": "mod el"}[where]


@pytest.mark.parametrize(
    "change",
    [
        {"model": None},
        {"model": 5},
        {"seed": "5"},
        {"seed": 1 << 70},
        {"seed": True},
        {"key": None},
        {"key": {"index": -1, "attempt": 0, "role": "write", "step": 0}},
        {"key": {"index": 0}},
        {"completion": {}},
        {"completion": [1]},
        {"created_at": 1e300},
        {"created_at": float("nan")},
    ],
)
def test_wrong_fields_with_a_right_checksum_are_passed_over(change, tmp_path):
    assert decode(line_of(fields_of(CALL) | change)) is None
    path = tmp_path / "j.jsonl"
    path.write_bytes(line_of(fields_of(CALL) | change) + encode(CALL))
    assert read_journal(path) == [CALL]


@pytest.mark.parametrize("body", [b"[" * 100_000, b"9" * 5_000, b"null", b"[]", b'{"key": 1e999}'])
def test_any_body_with_a_right_checksum_is_passed_over(body):
    assert decode(b"%08x %s\n" % (crc32(body), body)) is None


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "content",
    [
        "x = " + "9" * 5_000,
        "x = " + DEEP,
        "format = 2\n" + "x = 1979-99-99",
        "a\x00b = 1",
        b"\xff\xfe",
        "#" * (5 << 20),
    ],
    ids=["integer", "deep", "date", "nul", "bytes", "long"],
)
def test_a_recipe_of_a_stranger_is_one_sentence(content, tmp_path):
    path = tmp_path / RECIPE
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StorageError, match=r"damaged|has more than"):
        read_stored_recipe(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        "9" * 5_000,
        "[]",
        "null",
        '{"language": "fr"}',
        '{"language": 1, "shard": 0, "index": 0, "attempt": 0, "turns": "", "by": "", '
        '"reason": "", "evidence": "", "score": 1}',
        '{"language": "fr", "shard": {}, "index": 0, "attempt": 0, "turns": "", "by": "", '
        '"reason": "", "evidence": "", "score": 1}',
    ],
    ids=["deep", "integer", "list", "null", "few", "number", "table"],
)
def test_withdrawals_of_a_stranger_are_one_sentence(line, tmp_path):
    (tmp_path / WITHDRAWALS).write_text(f'{{"up_to_date": true}}\n{line}\n')
    with pytest.raises(StorageError, match="damaged"):
        read_withdrawals(tmp_path)


FUNNEL = {
    "accepted": 1, "rejected": 0, "reasons": {}, "accepted_by_language": {"fr": 1},
    "rejected_by_language": {}, "accepted_by_event": {}, "prompt_tokens": 1,
    "completion_tokens": 1, "short": [],
}  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        DEEP,
        '{"funnel": %s}' % ("9" * 5_000),
        json.dumps({"funnel": FUNNEL | {"accepted": "1"}}),
        json.dumps({"funnel": FUNNEL | {"reasons": {"a.b": None}}}),
        json.dumps({"funnel": FUNNEL | {"accepted_by_language": [1]}}),
        json.dumps({"funnel": FUNNEL | {"accepted": 1 << 80}}),
    ],
    ids=["deep", "integer", "text", "null", "list", "huge"],
)
def test_figures_of_a_stranger_are_counted_anew(content, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    (folder / "metrics.json").write_text(content)
    assert read_metrics(folder) == {}
    assert rewrite_report(folder, read_embedding(folder, ()))[1].funnel.accepted == 1


@pytest.mark.parametrize("name", ["common_ground", "turns", "calls", "id", "verdicts", "personas"])
def test_nulls_where_there_are_none_are_one_sentence(name, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    path = folder / "data" / "fr" / "train-00000.parquet"
    for value in (None, [None]) if pa.types.is_list(SCHEMA.field(name).type) else (None,):
        table = pa.Table.from_pylist([row(0) | {name: value}], schema=SCHEMA)
        pq.write_table(table, path)
        for reading in (
            lambda: (
                read_calls(folder, Shard("fr", 0, 0, 1)) if name == "calls" else read_table(path)
            ),
            lambda: print_dialogues(folder),
        ):
            with pytest.raises(StorageError, match=f"'{name}' is null"):
                reading()


@pytest.mark.parametrize("moment", [(1 << 63) - 1, -1])
def test_a_moment_that_no_calendar_has_is_one_sentence(moment, tmp_path):
    path = write_dataset(tmp_path / "d", [row(0)]) / "data" / "fr" / "train-00000.parquet"
    at, field = SCHEMA.get_field_index("created_at"), SCHEMA.field("created_at")
    moments = pa.array([moment], pa.int64()).cast(field.type)
    pq.write_table(pa.Table.from_pylist([row(0)], SCHEMA).set_column(at, field, moments), path)
    with pytest.raises(StorageError, match="'created_at' is null in a row, or is no date"):
        read_table(path)


def test_columns_of_another_kind_are_one_sentence(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    path = folder / "data" / "fr" / "train-00000.parquet"
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("calls")
    pq.write_table(table.set_column(at, "calls", pa.array([["x"]])), path)
    with pytest.raises(StorageError, match="'calls' is list"):
        read_calls(folder, Shard("fr", 0, 0, 1))


@pytest.mark.parametrize("name", ["reason", "language", "turns", "created_at"])
@pytest.mark.parametrize("what", ["twice", "none", "list", "dictionary", "number"])
def test_foreign_columns_are_one_sentence_in_python_too(name, what, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0)])
    path = folder / "data" / "fr" / "train-00000.parquet"
    table = pq.read_table(path, partitioning=None)
    at, own = table.column_names.index(name), table[name]
    foreign = {
        "list": pa.array([["x"]]), "number": pa.array([7]),
        "dictionary": pa.array(["x"]).dictionary_encode(),
    }  # fmt: skip
    if what in foreign:
        table = table.set_column(at, name, foreign[what])
    else:
        table = table.append_column(name, own) if what == "twice" else table.drop_columns([name])
    pq.write_table(table, path)
    for reading in (
        lambda: read_table(path),
        lambda: read_table(path, [name]),
        lambda: api.open_dataset(folder).accepted,
    ):
        with pytest.raises(StorageError, match=f"not as it was written .*'{name}'"):
            reading()


def test_rows_that_another_program_wrote_again_are_read(tmp_path):
    folder = write_dataset(tmp_path / "d", [row(0), row(1)])
    path = folder / "data" / "fr" / "train-00000.parquet"
    api.open_dataset(folder).accepted.collect().write_parquet(path)
    assert read_table(path).schema.equals(SCHEMA)


def test_a_shard_without_rows_has_no_row_group(tmp_path):
    shard = Shard("fr", 0, 0, 1)
    some = pa.Table.from_pylist([row(0)], schema=SCHEMA)
    write_shard(tmp_path, shard, some.slice(0, 0), some)
    file = pq.ParquetFile(shard.accepted(tmp_path))
    assert (file.num_row_groups, file.schema_arrow) == (0, SCHEMA)
    assert pq.ParquetFile(shard.rejected(tmp_path)).num_row_groups == 1
    assert seal.holds(shard.accepted(tmp_path))
    assert read_table(shard.accepted(tmp_path)).schema == SCHEMA
    # One that an earlier version wrote, with a row group of none.
    pq.write_table(some.slice(0, 0), shard.accepted(tmp_path))
    assert read_table(shard.accepted(tmp_path)).num_rows == 0
    write_text(tmp_path / "x", "")
