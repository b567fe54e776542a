"""The raters' file: nothing is lost, nothing broken counts."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from zlib import crc32

import orjson
import pytest

from crowdglot.datasets.browse import ratings
from crowdglot.datasets.browse.ratings import (
    Rating,
    Read,
    append_rating,
    rater_name,
    read_ratings,
)
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.strict_toml import validate


def rating(rater="Ana", index=1, decision="accept", language="fr", withdraw=False, **scores):
    return Rating(rater=rater, language=language, index=index, attempt=0, turns="0" * 16,
                  scores=scores, decision=decision, withdraw=withdraw, at=1.7e9)  # fmt: skip


def test_the_last_of_a_rater_and_draft_counts(tmp_path):
    path = tmp_path / "ratings.jsonl"
    told = [rating(fluency=1), rating("Βασίλης", fluency=5), rating(index=2), rating(fluency=3)]
    for one in told:
        append_rating(path, one)
    assert read_ratings(path).last == (told[1], told[2], told[3])
    assert read_ratings(tmp_path / "none").last == ()


@pytest.mark.parametrize("many", [b"", b"\n", b"half a li", b"\xff\xfe\n", b"00000000 {}\n"])
def test_broken_lines_are_skipped_and_counted_and_spoil_no_other(tmp_path, many):
    path = tmp_path / "ratings.jsonl"
    append_rating(path, rating())
    with path.open("ab") as file:
        file.write(many)
    append_rating(path, rating(index=2))
    told = read_ratings(path)
    assert [one.index for one in told.last] == [1, 2]
    assert told.skipped == (many.strip() != b"")


def test_a_changed_letter_and_a_line_of_another_kind_do_not_count(tmp_path):
    path = tmp_path / "ratings.jsonl"
    append_rating(path, rating(fluency=1))
    path.write_bytes(path.read_bytes().replace(b'"fluency":1', b'"fluency":5'))
    assert read_ratings(path) == read_ratings(path).__class__((), 1)


_MANY = """
import sys
from pathlib import Path
from crowdglot.datasets.browse.ratings import append_rating
from tests.datasets.browse.test_ratings import rating
for number in range(40):
    append_rating(Path(sys.argv[1]), rating(sys.argv[2] * 50, number))
"""


def test_several_processes_and_threads_append_at_once(tmp_path):
    path = tmp_path / "ratings.jsonl"
    others = [subprocess.Popen([sys.executable, "-c", _MANY, str(path), who]) for who in "ab"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: append_rating(path, rating("c", number)), range(80)))
    assert [other.wait(60) for other in others] == [0, 0]
    told = read_ratings(path)
    assert (len(told.last), told.skipped) == (160, 0)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "ratings.jsonl"
    append_rating(path, rating())
    before, write = path.read_bytes(), os.write

    def half(file, line):
        monkeypatch.setattr(os, "write", refuse)
        return write(file, line[:9])

    def refuse(file, line):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StorageError, match="disk is full"):
        append_rating(path, rating(index=2))
    assert path.read_bytes() == before


def test_only_what_came_after_the_last_look_is_parsed(tmp_path, monkeypatch):
    path, parsed, read = tmp_path / "ratings.jsonl", [], Read()
    decoded = ratings._decoded
    monkeypatch.setattr(ratings, "_decoded", lambda line: parsed.append(line) or decoded(line))

    def look():
        parsed.clear()
        told = read_ratings(path, read)
        return [one.index for one in told.last], told.skipped, len(parsed)

    for index in (1, 2):
        append_rating(path, rating(index=index))
    assert look() == ([1, 2], 0, 2)
    append_rating(path, rating(index=3))
    assert look() == ([1, 2, 3], 0, 1)
    assert look() == ([1, 2, 3], 0, 0)
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("ab") as file:
        file.write(lines[0][:30])
    assert look() == ([1, 2, 3], 0, 0), "a torn line waits"
    with path.open("ab") as file:
        file.write(lines[0][30:])
    assert look() == ([2, 3, 1], 0, 1), "and counts when it is whole"
    os.truncate(path, len(lines[0]))
    assert look() == ([1], 0, 1), "cut: all anew"
    other = tmp_path / "other"
    other.write_bytes(lines[1] + lines[2])
    other.replace(path)
    assert look() == ([2, 3], 0, 2), "replaced: all anew"
    path.unlink()
    assert look() == ([], 0, 0)


def test_a_link_is_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / "ratings.jsonl").symlink_to(other)
    with pytest.raises(StorageError, match="is a link"):
        append_rating(tmp_path / "ratings.jsonl", rating())
    assert other.read_text() == "precious"


@pytest.mark.parametrize(
    "change",
    [
        {"scores": {"fluency": 0}}, {"scores": {"fluency": 6}}, {"scores": {"fluency": 3.0}},
        {"scores": {"fluency": True}}, {"scores": {"beauty": 3}}, {"scores": []},
        {"decision": "maybe"}, {"decision": None}, {"scores": {}, "decision": ""},
        {"index": -1}, {"index": 1 << 63}, {"attempt": "0"}, {"turns": "../../etc/passwd"},
        {"rater": ""}, {"rater": " \u200b"[:1]}, {"rater": "x" * 81}, {"rater": 7},
        {"withdraw": 1}, {"withdraw": True}, {"at": float("nan")}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_rating_is_told_in_one_sentence(change):
    good = rating(fluency=3).model_dump()
    assert validate(Rating, good, "rating") == rating(fluency=3)
    with pytest.raises(ConfigurationError) as told:
        validate(Rating, good | change, "rating")
    assert "\n" not in str(told.value)


def test_names_of_raters_in_any_script():
    assert rater_name("  Ольга\n Ш. ") == "Ольга Ш."
    assert rater_name("e\u0301") == "é"
    assert "\u202e" not in rater_name("a\u202eb")


def test_a_rating_of_no_language_is_one_broken_line(tmp_path):
    path = tmp_path / "ratings.jsonl"
    told = rating().model_dump() | {"language": "../<b>"}
    body = orjson.dumps(told)
    path.write_bytes(b"%08x %s\n" % (crc32(body), body))
    append_rating(path, rating(index=2))
    assert ([one.index for one in read_ratings(path).last], read_ratings(path).skipped) == ([2], 1)


def test_more_ratings_than_people_give_are_not_read(tmp_path):
    path = tmp_path / "ratings.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(StorageError, match=r"ratings\.jsonl: has more than the 268,435,456 bytes"):
        read_ratings(path)
