"""Strict TOML: every fault is one sentence with path and key."""

import os

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import Strict, read_toml, validate


class Inner(Strict):
    count: int = 1


class Outer(Strict):
    name: str
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"name = 'a'\n\xff", "byte 11 is not UTF-8"),
        (b"name = ", "not valid TOML"),
    ],
)
def test_unreadable_file(tmp_path, content, complaint):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=complaint) as error:
        read_toml(path)
    assert str(path) in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        read_toml(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"nme": "a"}, r"'name' is missing; 'nme' is not a known key \(known here: inner, name\)"),
        ({"name": "a", "inner": {"cuont": 1}}, r"'inner.cuont' is not a known key .*: count\)"),
        ({"name": "a", "inner": {"count": "many"}}, r"'inner.count': input should be a valid int"),
    ],
)
def test_bad_table(table, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        validate(Outer, table, "x.toml")


def test_a_pipe_and_a_file_without_end_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with (tmp_path / "long.toml").open("wb") as file:
        file.truncate(1 << 33)
    for name, complaint in {"pipe": "no regular file", "long": "larger than 67,108,864"}.items():
        with pytest.raises(ConfigurationError, match=complaint):
            read_toml(tmp_path / f"{name}.toml")


def test_a_mark_at_the_beginning_is_no_fault(tmp_path):
    (tmp_path / "x.toml").write_text("name = 'é'\r\n", "utf-8-sig")
    assert read_toml(tmp_path / "x.toml") == {"name": "é"}
