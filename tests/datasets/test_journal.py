"""The journal: what was appended is there, what a crash cut is not."""

import errno
import os
from zlib import crc32

import pytest

from crowdglot.datasets.journal import Journal, encode, read_journal
from crowdglot.engines.calls import Call, Key
from crowdglot.engines.engine import Completion
from crowdglot.errors import StorageError


def call(index: int, text: str = "Salut \u2028 😀\n") -> Call:
    done = Completion(text, "stop", 10, 5, 0.5, (("{", -0.5), ("é", -2.25)))
    return Call(Key(index, 0, step=1), "0f", 42, "scripted", "m", "r", done, 1_700_000_000.5)


def append(path, *indices: int) -> None:
    with Journal(path) as journal:
        for index in indices:
            journal.append(encode(call(index)))


def test_what_was_appended_is_read_again(tmp_path):
    path = tmp_path / "a" / "shard.jsonl"
    append(path, *range(5))
    with Journal(path) as again:
        assert again.calls == [call(index) for index in range(5)]
        again.append(encode(call(5)))
        again.remove()
    assert not path.exists()


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_cut_line_is_dropped_and_written_over(tmp_path, cut):
    path = tmp_path / "shard.jsonl"
    append(path, 0, 1, 2)
    os.truncate(path, path.stat().st_size - cut)
    assert read_journal(path) == [call(0), call(1)]
    append(path, 7)
    assert read_journal(path) == [call(0), call(1), call(7)]


def test_a_flipped_bit_costs_one_line(tmp_path):
    path = tmp_path / "shard.jsonl"
    append(path, 0, 1, 2)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert read_journal(path) == [call(0), call(2)]
    append(path, 3)
    assert read_journal(path) == [call(0), call(2), call(3)]


def test_a_line_that_no_version_should_have_written_heals(tmp_path):
    path = tmp_path / "shard.jsonl"
    append(path, 0, 1)
    _, _, body = encode(call(2)).rstrip(b"\n").partition(b" ")
    body = body.replace(b'"stop"', b'"st\\ud800op"')
    with path.open("ab") as file:
        file.write(b"%08x %s\n" % (crc32(body), body))
    append(path, 3)
    told = read_journal(path)
    assert [one.completion.finish_reason for one in told] == ["stop", "stop", "st\ufffdop", "stop"]
    assert [told[0], told[1], told[3]] == [call(0), call(1), call(3)]


def test_a_journal_of_before_is_read(tmp_path):
    path = tmp_path / "shard.jsonl"
    _, _, body = encode(call(0)).rstrip(b"\n").partition(b" ")
    earlier = body.replace(b',"dropped":[]', b"")
    assert earlier != body
    path.write_bytes(b"%08x %s\n" % (crc32(earlier), earlier))
    assert read_journal(path) == [call(0)]


@pytest.mark.parametrize("number", [1 << 70, 10**400, "NaN", "-1", '"now"'])
def test_a_number_that_no_column_holds_is_no_call(tmp_path, number):
    path = tmp_path / "shard.jsonl"
    _, _, body = encode(call(0)).rstrip(b"\n").partition(b" ")
    body = body.replace(b'"created_at":1700000000.5', f'"created_at":{number}'.encode())
    path.write_bytes(b"%08x %s\n" % (crc32(body), body))
    assert read_journal(path) == []


@pytest.mark.parametrize("how", ["deleted", "folder", "replaced"])
def test_a_journal_that_is_gone_is_told_at_once(tmp_path, how):
    path = tmp_path / "journal" / "shard.jsonl"
    with Journal(path) as journal:
        journal.append(encode(call(0)))
        if how == "folder":
            path.parent.rename(tmp_path / "elsewhere")
        else:
            path.unlink()
        if how == "replaced":
            path.touch()
        with pytest.raises(StorageError, match=r"shard.jsonl: was removed while the run was"):
            journal.append(encode(call(1)))


def test_full_disk_is_one_sentence_and_leaves_no_half_line(tmp_path, monkeypatch):
    path = tmp_path / "shard.jsonl"
    write = os.write
    with Journal(path) as journal:
        journal.append(encode(call(0)))
        sizes = iter([20])

        def full(handle, data):
            for size in sizes:
                return write(handle, data[:size])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StorageError, match=r"shard.jsonl: the disk is full; make room"):
            journal.append(encode(call(1)))
        monkeypatch.undo()
        journal.append(encode(call(2)))
    assert read_journal(path) == [call(0), call(2)]
