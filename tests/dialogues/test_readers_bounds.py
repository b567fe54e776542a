"""What a file may cost is bounded: unpacked bytes, lines, depth, digits, kinds of files."""

import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot import user_files, user_tables
from crowdglot.dialogues.readers import parquet_table, read_demonstrations, read_material
from crowdglot.errors import MaterialError

GOOD = json.dumps({"dialogue": ["Hi.", "Ho."]}) + "\n"


def complaint(path: Path) -> str:
    with pytest.raises(MaterialError) as caught:
        read_demonstrations(str(path))
    message = str(caught.value)
    assert message.startswith(str(path)) and message.endswith(".") and "\n" not in message
    return message


def test_a_gzip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"dialogue": ["' + b"a" * 100_000_000, compresslevel=1))
    tracemalloc.start()
    try:
        assert "unpacks to more than 100 times its size" in complaint(path)
        assert tracemalloc.get_traced_memory()[1] < 80_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("damage", "message"),
    [(slice(0, -9), "seems cut in the middle"), (slice(0, 12), "seems cut in the middle")],
)
def test_a_cut_gzip_file(tmp_path: Path, damage: slice, message: str) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(GOOD.encode() * 99)[damage])
    assert message in complaint(path)
    path.write_bytes(gzip.compress(GOOD.encode()) + b"\x1f\x8b" + b"\xff" * 30)
    assert "damaged gzip" in complaint(path)


def test_a_parquet_file_that_is_larger_than_it_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 1200, pa.int32()), ["a" * 1_000_000])
    pq.write_table(pa.table({"dialogue": text}), path, store_schema=False)
    assert path.stat().st_size < 100_000
    assert "unpacks to more than 1,073,741,824 bytes" in complaint(path)
    turns = pa.LargeListArray.from_arrays(pa.array(range(0, 1201, 2), pa.int64()), text)
    pq.write_table(pa.table({"dialogue": turns}), path, store_schema=False)
    assert "unpacks to more than 1,073,741,824 bytes" in complaint(path)
    pq.write_table(pa.table({"dialogue": [["a" * 9000, "b"]]}), path, compression="zstd")
    assert len(read_demonstrations(str(path))) == 1
    monkeypatch.setattr(parquet_table, "MOST_BYTES", 5000)
    assert "unpacks to more than 5,000 bytes" in complaint(path)


def test_files_and_lines_have_a_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text(GOOD + json.dumps({"dialogue": ["a" * 500, "b"]}) + "\n")
    monkeypatch.setattr(user_files, "MOST_IN_A_LINE", 400)
    told = read_material(str(path)).left_out
    assert "1 of 2 left out: line 2: longer than 400 characters" in told
    monkeypatch.setattr(user_files, "MOST_BYTES", 300)
    assert "larger than 300 bytes; divide it" in complaint(path)


DEEP = 60_000


@pytest.mark.parametrize(
    "cell",
    ["[" * DEEP + "]" * DEEP,
     "[" + "(" * 150 + ")" * 150, "['" + "a" * 300 + "'" + "+''" * DEEP + "]",
     "[" + "9" * 5000 + "]", "[" + "-" * DEEP + "1]", "[1, 2", "['a\nb']", "[nan, 'a']", "[{}]"],
)  # fmt: skip
def test_cells_that_no_list_is_made_of(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f'id,dialogue\n1,"{cell}"\n2,"Hi.\nHo."\n')
    material = read_material(str(path))
    assert len(material.demonstrations) == 1
    assert "1 of 2 left out: record 1" in material.left_out
    user_tables.parse_cell("['a', None]", "")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    assert "no regular file; write it to one first" in complaint(tmp_path / "pipe.parquet")
    with pytest.raises(MaterialError, match="no name of a file"):
        read_demonstrations("a\0b")
    (tmp_path / "a[1]*.parquet").write_bytes(b"")
    assert "empty" in complaint(tmp_path / "a[1]*.parquet")
    pq.write_table(pa.table({"dialogue": [["Hi.", "Ho."]]}), tmp_path / "b[1]*.parquet")
    assert len(read_demonstrations(str(tmp_path / "b[1]*.parquet"))) == 1


def test_names_in_errors_obey_nobody(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text(json.dumps([{"\x1b[2Jtitle" + "e" * 999: 1, "b": 2}]))
    message = complaint(path)
    assert "\x1b" not in message and len(message) < 600
