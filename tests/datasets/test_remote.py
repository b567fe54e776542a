"""Datasets at a URL: reading and writing objects, the lock, and what is told when it goes wrong."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot.datasets.folder import bind, locked, read_stored_recipe
from crowdglot.datasets.storage import lease
from crowdglot.datasets.storage.files import replacing, write_text
from crowdglot.datasets.storage.location import local_folder, locate
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.withdrawals import WITHDRAWALS, read_withdrawals, write_withdrawals
from crowdglot.errors import ConfigurationError, StorageError
from tests.store import forget_connections, s3

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bucket():
    with s3() as url:
        yield url


URLS = ("memory", "s3", "sftp-like")
ANYWHERE = pytest.mark.parametrize("folder", ["local", *URLS], indirect=True)


@pytest.fixture(params=URLS)
def folder(request, tmp_path, monkeypatch):
    """An empty folder at a URL; the third is of a kind that knows no put in one step."""
    monkeypatch.chdir(tmp_path)
    name = tmp_path.name
    if request.param == "local":
        return locate(str(tmp_path / "d"))
    if request.param == "s3":
        return locate(f"{request.getfixturevalue('bucket')}/{name}/d")
    if request.param == "sftp-like":
        monkeypatch.setattr("crowdglot.datasets.storage.remote._OBJECT_STORES", frozenset())
    return locate(f"memory://{name}/d")


@pytest.fixture
def s3_folder(bucket, tmp_path, monkeypatch):
    """An empty folder in the bucket."""
    monkeypatch.chdir(tmp_path)
    return locate(f"{bucket}/{tmp_path.name}/d")


def test_names_of_a_url():
    path = locate("s3://bucket/some/name/") / "data" / "fr" / "train-0.parquet"
    assert isinstance(path, Remote)
    assert str(path) == "s3://bucket/some/name/data/fr/train-0.parquet"
    assert path.name == "train-0.parquet"
    assert [str(parent) for parent in path.parents[1:4]] == [
        "s3://bucket/some/name/data",
        "s3://bucket/some/name",
        "s3://bucket/some",
    ]
    assert path.relative_to(path.parents[2]) == Path("data/fr/train-0.parquet")
    with pytest.raises(ValueError, match="is not below"):
        path.relative_to(locate("s3://bucket/some/nam"))
    assert locate("file:///tmp/x") == Path("/tmp/x")
    assert locate("outputs/datasets/x") == Path("outputs/datasets/x")


def test_what_is_put_is_there(folder):
    assert not folder.exists()
    assert list(folder.iterdir()) == list(folder.glob("*/*")) == []
    path = folder / "a" / "b.txt"
    write_text(path, "größer")
    assert path.read_text("utf-8") == "größer"
    assert path.exists() and folder.exists() and folder.is_dir()
    write_text(path, "kleiner")
    assert path.read_text() == "kleiner"
    (folder / "a" / "c.bin").write_bytes(b"")
    (folder / "top.txt").write_bytes(b"1")
    assert sorted(p.name for p in folder.iterdir()) == ["a", "top.txt"]
    assert list(folder.glob("*/*.txt")) == [path]
    assert sorted(folder.glob("a/*")) == [path, folder / "a" / "c.bin"]
    with path.open() as file:
        file.seek(2)
        assert (file.read(3), file.tell()) == (b"ein", 5)
    path.replace(folder / "elsewhere" / "b.txt")
    assert not path.exists()
    moved = folder / "elsewhere" / "b.txt"
    assert moved.read_text() == "kleiner"
    moved.unlink()
    moved.unlink(missing_ok=True)
    assert not moved.exists()
    with pytest.raises(FileNotFoundError):
        moved.read_bytes()


def test_only_one_creates(folder):
    path = folder / "lock"
    assert path.create(b"first")
    assert not path.create(b"second")
    assert path.read_bytes() == b"first"


@ANYWHERE
def test_a_failed_write_leaves_the_old_object_and_no_temporary_file(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = folder / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in folder.iterdir()] == ["x.txt"]
    assert [p for p in tmp_path.iterdir() if p != folder] == []


def test_columns_are_fetched_and_not_the_rest(s3_folder, tmp_path, monkeypatch):
    wide = pa.table({"index": list(range(1000)), "id": [os.urandom(500) for _ in range(1000)]})
    pq.write_table(wide, tmp_path / "x.parquet")
    path = s3_folder / "x.parquet"
    path.put(tmp_path / "x.parquet")
    fetched = []
    from s3fs import S3File

    def counted(self, start, end, original=S3File._fetch_range):
        fetched.append(end - start)
        return original(self, start, end)

    monkeypatch.setattr(S3File, "_fetch_range", counted)
    from crowdglot.datasets.tables import read_table

    assert read_table(path, ["index"])["index"].to_pylist() == list(range(1000))
    assert 0 < sum(fetched) < (tmp_path / "x.parquet").stat().st_size / 3


@ANYWHERE
def test_folder_of_a_recipe(folder):
    with pytest.raises(StorageError, match=r"no dataset of crowdglot"):
        read_stored_recipe(folder)
    with locked(folder):
        bind(folder, {"name": "a"}, {"name": "a", "seed": 1})
        bind(folder, {"name": "a"}, {"name": "a", "seed": 1})
        write_text(folder / "rejected" / "fr" / "train.parquet", "")
        with pytest.raises(StorageError, match=r"another recipe: 'seed' was 1 and is now 2"):
            bind(folder, {"name": "a"}, {"name": "a", "seed": 2})
    assert {path.name for path in folder.iterdir()} - {".lock"} == {"recipe.toml", "rejected"}
    assert read_stored_recipe(folder) == {"name": "a", "identity": {"name": "a", "seed": 1}}
    strange = folder.parent / "strange"
    write_text(strange / "thesis.tex", "")
    with pytest.raises(StorageError, match=r"holds 'thesis.tex' but no recipe.toml"):
        bind(strange, {}, {})
    assert [path.name for path in strange.iterdir()] == ["thesis.tex"]


@ANYWHERE
def test_one_working_directory_writes_once(folder):
    def again():
        with locked(folder):
            pass

    told = "another process is writing this dataset"
    with locked(folder), ThreadPoolExecutor(1) as other:
        again()  # whoever holds it may
        with pytest.raises(StorageError, match=told):
            other.submit(again).result()
    with locked(folder):
        assert (folder / ".lock").exists()


def test_another_machine_is_refused(folder, tmp_path, monkeypatch):
    with locked(folder):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        told = rf"{folder}: process {os.getpid()} on .* is writing this dataset and said so \d+ sec"
        with pytest.raises(StorageError, match=told), locked(folder):
            pass
        monkeypatch.chdir(tmp_path)
    monkeypatch.chdir(elsewhere)
    with locked(folder):
        pass
    assert not list(folder.iterdir())


def test_a_killed_process_and_its_lock(s3_folder, tmp_path, monkeypatch):
    script = (
        "import os, signal, sys\n"
        "from crowdglot.datasets.folder import locked\n"
        "from crowdglot.datasets.storage.location import locate\n"
        "with locked(locate(sys.argv[1])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, str(s3_folder)]
    there = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, env=there, cwd=tmp_path, timeout=60).returncode == -9
    assert (s3_folder / ".lock").exists()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    told = r"run the same command again in \d+ minutes"
    with pytest.raises(StorageError, match=told), locked(s3_folder):
        pass
    # Where it was killed, it can only be the same run going on.
    monkeypatch.chdir(tmp_path)
    with locked(s3_folder):
        pass
    assert not (s3_folder / ".lock").exists()


def test_an_expired_lock_is_taken_over_and_its_owner_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "_FIRST_SECONDS", 0.05)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 3600.0)
    monkeypatch.setattr(lease, "_EXPIRE_SECONDS", -5.0)  # at once
    first = lease._Lease(folder, "first")
    first.take()
    second = lease._Lease(folder, "second")
    second.take()
    assert json.loads((folder / ".lock").read_bytes())["owner"] == "second"
    assert [path.name for path in folder.iterdir()] == [".lock"]

    class Never:
        def wait(self, _seconds):
            return False

    first.keep(Never())
    assert "taken over by process" in first.lost
    monkeypatch.setitem(lease._held, str(folder), first)
    with pytest.raises(StorageError, match=r"taken over by process .*; its completions are kept"):
        write_text(folder / "data" / "x", "late")
    write_text(folder.parent / "other" / "x", "elsewhere")
    first.leave()
    assert (folder / ".lock").exists()
    second.leave()
    assert not (folder / ".lock").exists()


def test_a_second_one_does_not_take_over_from_the_first(folder, monkeypatch):
    monkeypatch.setattr(lease, "_EXPIRE_SECONDS", -5.0)
    dead = lease._Lease(folder, "dead")
    dead.take()
    late = lease._Lease(folder, "late")
    stale = late._read()
    quick = lease._Lease(folder, "quick")
    quick.take()
    # It saw the dead one's lock before the quick one took it.
    assert not late._take_over(stale)
    assert json.loads((folder / ".lock").read_bytes())["owner"] == "quick"


def test_a_lock_is_renewed(folder, monkeypatch):
    monkeypatch.setattr(lease, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 0.01)
    with lease.leased(folder, "mine"):
        path = folder / ".lock"
        path.write_bytes(path.read_bytes() + b"\n")
        first = path.read_bytes()
        deadline = time.monotonic() + 30
        while path.read_bytes() == first:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not (folder / ".lock").exists()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://key:s3cr3t@bucket/name", "holds a password or a query"),
        ("az://bucket/name?sig=s3cr3t", "holds a password or a query"),
        ("simplecache::s3://bucket/name", "chains protocols"),
        ("https://example.org/name", "a web address cannot be written to"),
    ],
)
def test_urls_that_are_refused(url, told):
    with pytest.raises(ConfigurationError, match=told) as refused:
        locate(url)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nowhere://bucket/name", "'nowhere' is no protocol that can be written to"),
        ("oci://bucket/name", r"the library for oci:// is not installed .*pip install"),
    ],
)
def test_protocols_that_nobody_knows(url, told):
    with pytest.raises(ConfigurationError, match=told):
        locate(url).exists()


def test_no_such_bucket(bucket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = locate("s3://no-such-bucket/d")
    told = r"s3://no-such-bucket/d/\.lock: there is no such bucket"
    with pytest.raises(StorageError, match=told), locked(folder):
        pass
    with pytest.raises(StorageError, match="no dataset of crowdglot"):
        read_stored_recipe(folder)


@pytest.fixture
def reconnected(bucket):
    """Connections made in a test, with another environment, are its own."""
    forget_connections()
    yield
    forget_connections()


@pytest.mark.usefixtures("reconnected")
def test_no_credentials(s3_folder, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with (
        pytest.raises(StorageError, match=r"no credentials .*AWS_ACCESS_KEY_ID"),
        locked(s3_folder),
    ):
        pass


@pytest.mark.usefixtures("reconnected")
def test_a_server_that_is_not_there(s3_folder, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StorageError, match=r"cannot be reached .*run the same command again"):
        (s3_folder / "x").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be reached"):
        (s3_folder / "x").exists()


def test_journals_lie_on_this_machine():
    url = locate("s3://bucket/name")
    assert local_folder(url).parts[0] == ".crowdglot"
    assert (
        local_folder(url)
        == local_folder(locate("s3://bucket/name/"))
        != local_folder(locate("s3://bucket/other"))
    )
    assert local_folder(Path("x")) == Path("x")


def test_withdrawals_are_fetched_once_until_they_are_written(folder, monkeypatch):
    fetched = []

    def counted(self, *arguments, original=Remote.read_bytes):
        if self.name == WITHDRAWALS:  # not the lock
            fetched.append(self.name)
        return original(self, *arguments)

    monkeypatch.setattr(Remote, "read_bytes", counted)
    with locked(folder):
        assert [read_withdrawals(folder).up_to_date for _ in range(3)] == [False] * 3
        write_withdrawals(folder, (), up_to_date=True)
        assert [read_withdrawals(folder).up_to_date for _ in range(3)] == [True] * 3
    assert fetched == [WITHDRAWALS] * 2
    # As another machine would, without a word to this one.
    write_text(folder / WITHDRAWALS, '{"up_to_date": false}\n')
    with locked(folder):
        assert not read_withdrawals(folder).up_to_date
