"""Datasets at a URL: reading and writing objects, the lock, and what is told when it goes wrong."""

import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdglot.datasets.folder import bind, locked, read_stored_recipe
from crowdglot.datasets.storage import lease, remote
from crowdglot.datasets.storage.files import move, replacing, write_text
from crowdglot.datasets.storage.location import local_folder, locate
from crowdglot.datasets.storage.remote import Remote
from crowdglot.datasets.withdrawals import WITHDRAWALS, read_withdrawals, write_withdrawals
from crowdglot.errors import ConfigurationError, StorageError
from tests.store import ENVIRONMENT, client, forget_connections, requests, s3

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bucket():
    with s3() as url:
        yield url


URLS = ("memory", "s3")
ANYWHERE = pytest.mark.parametrize("folder", ["local", *URLS], indirect=True)


@pytest.fixture(params=URLS)
def folder(request, tmp_path, monkeypatch):
    """An empty folder at a URL."""
    monkeypatch.chdir(tmp_path)
    name = tmp_path.name
    if request.param == "local":
        return locate(str(tmp_path / "d"))
    if request.param == "s3":
        return locate(f"{request.getfixturevalue('bucket')}/{name}/d")
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
    assert path.parents[0].name == "fr"
    assert [str(parent) for parent in path.parents[1:]] == [
        "s3://bucket/some/name/data",
        "s3://bucket/some/name",
        "s3://bucket/some",
        "s3://bucket",
    ]
    assert locate("file:///tmp/x") == Path("/tmp/x")
    assert locate("outputs/datasets/x") == Path("outputs/datasets/x")


def test_what_is_put_is_there(folder):
    assert not folder.exists()
    assert folder.glob("*") == folder.glob("*/*") == []
    path = folder / "a" / "b.txt"
    write_text(path, "größer")
    assert path.read_text("utf-8") == "größer"
    assert path.exists() and not folder.exists()  # there are objects, and no folders
    write_text(path, "kleiner")
    assert path.read_text() == "kleiner"
    (folder / "a" / "c.bin").put(b"")
    (folder / "top.txt").put(b"1")
    assert sorted(p.name for p in folder.glob("*")) == ["a", "top.txt"]
    assert folder.glob("*/*.txt") == [path]
    assert sorted(folder.glob("a/*")) == [path, folder / "a" / "c.bin"]
    file = path.open()
    file.seek(2)
    assert (file.read(3), file.tell(), file.read(9)) == (b"ein", 5, b"er")
    move(path, folder / "elsewhere" / "b.txt")
    assert not path.exists()
    moved = folder / "elsewhere" / "b.txt"
    assert moved.read_text() == "kleiner"
    moved.unlink()
    moved.unlink(missing_ok=True)
    assert not moved.exists()
    for read in (moved.read_bytes, moved.open):
        with pytest.raises(FileNotFoundError):
            read()


@pytest.mark.parametrize("name", ["a b", "größe", "100%25", "a#b+c", "日本"])
def test_any_name_is_kept(s3_folder, name):
    path = s3_folder / name / "x.txt"
    path.put(b"1")
    assert s3_folder.glob("*/*") == [path]
    assert path.read_bytes() == b"1"
    bucket, _, key = str(path).removeprefix("s3://").partition("/")
    assert client().get_object(Bucket=bucket, Key=key)["Body"].read() == b"1"


def test_the_mark_of_a_folder_is_no_file(s3_folder):
    bucket, _, key = str(s3_folder).removeprefix("s3://").partition("/")
    for name in (f"{key}/", f"{key}/a/"):
        client().put_object(Bucket=bucket, Key=name, Body=b"")
    assert s3_folder.glob("*") == [s3_folder / "a"]
    assert s3_folder.glob("*/*") == []


def test_a_put_on_a_condition(folder):
    path = folder / "lock"
    first = path.put_if(b"first", None)
    assert first is not None
    assert path.put_if(b"second", None) is None
    third = path.put_if(b"third", first)
    assert third is not None
    assert path.put_if(b"fourth", first) is None
    content, seen = path.fetch()
    assert content == b"third"
    assert path.put_if(b"fifth", seen) is not None
    path.unlink()
    assert path.put_if(b"sixth", third) is None
    assert not path.exists()


@ANYWHERE
def test_a_failed_write_leaves_the_old_object_and_no_temporary_file(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = folder / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in folder.glob("*")] == ["x.txt"]
    assert [p for p in tmp_path.iterdir() if p != folder] == []


def test_columns_are_fetched_and_not_the_rest(s3_folder, tmp_path):
    wide = pa.table({"index": list(range(1000)), "id": [os.urandom(500) for _ in range(1000)]})
    pq.write_table(wide, tmp_path / "x.parquet")
    path = s3_folder / "x.parquet"
    path.put(tmp_path / "x.parquet")
    from crowdglot.datasets.shards import read_table

    asked = requests()
    assert read_table(path, ["index"])["index"].to_pylist() == list(range(1000))
    # Its size, the footer, and the column.
    assert [method for method, *_ in asked] == ["HEAD", "GET", "GET"]
    assert sum(size for *_, size in asked) < (tmp_path / "x.parquet").stat().st_size / 3


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
    assert {path.name for path in folder.glob("*")} - {".lock"} == {"recipe.toml", "rejected"}
    assert read_stored_recipe(folder) == {"name": "a", "identity": {"name": "a", "seed": 1}}
    strange = folder.parents[0] / "strange"
    write_text(strange / "thesis.tex", "")
    with pytest.raises(StorageError, match=r"holds 'thesis.tex' but no recipe.toml"):
        bind(strange, {}, {})
    assert [path.name for path in strange.glob("*")] == ["thesis.tex"]


@ANYWHERE
def test_one_working_directory_writes_once(folder):
    with (
        locked(folder),
        pytest.raises(StorageError, match="another process is writing this dataset"),
        locked(folder),
    ):
        pass
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
    assert folder.glob("*") == []


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


def test_an_expired_lock_is_taken_over_and_its_owner_told(folder, monkeypatch):
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 3600.0)
    monkeypatch.setattr(lease, "_EXPIRE_SECONDS", -5.0)  # at once
    first, second = lease._Lease(folder, "first"), lease._Lease(folder, "second")
    first.take()
    second.take()
    assert "second" in (folder / ".lock").read_text().splitlines()
    assert [path.name for path in folder.glob("*")] == [".lock"]
    monkeypatch.setattr(lease, "_held", [first])
    write_text(folder / "data" / "x", "it does not know yet")
    assert not first.renew()
    assert "taken over by process" in first.lost
    with pytest.raises(StorageError, match=r"taken over by process .*; its completions are kept"):
        write_text(folder / "data" / "x", "late")
    write_text(folder.parents[0] / "other" / "x", "elsewhere")
    # Once lost, it stays lost.
    assert not first.renew()
    assert "second" in (folder / ".lock").read_text().splitlines()
    assert second.renew()


def test_a_machine_that_was_asleep_looks_before_it_writes(folder, monkeypatch):
    monkeypatch.setattr(lease, "_EXPIRE_SECONDS", -5.0)
    first = lease._Lease(folder, "first")
    first.take()
    lease._Lease(folder, "second").take()
    monkeypatch.setattr(lease, "_held", [first])
    first.renewed -= 200.0
    with pytest.raises(StorageError, match="taken over by process"):
        write_text(folder / "data" / "x", "late")


def test_a_second_one_does_not_take_over_from_the_first(folder, monkeypatch):
    monkeypatch.setattr(lease, "_EXPIRE_SECONDS", -5.0)
    lease._Lease(folder, "dead").take()
    late, quick = lease._Lease(folder, "late"), lease._Lease(folder, "quick")

    def look(original=late._look):
        original()
        quick.take()  # before the late one puts its own

    monkeypatch.setattr(late, "_look", look)
    with pytest.raises(StorageError, match="taken over by process"):
        late.take()
    assert "quick" in (folder / ".lock").read_text().splitlines()
    assert quick.renew()


def test_an_answer_that_was_lost_loses_no_lock(folder, monkeypatch):
    def put_if(self, content, seen, original=Remote.put_if):
        original(self, content, seen)

    mine = lease._Lease(folder, "mine")
    with monkeypatch.context() as patch:
        patch.setattr(Remote, "put_if", put_if)  # done, and told as if another one was faster
        mine.take()
    assert mine.renew()
    assert mine._token in (folder / ".lock").read_text().splitlines()


def test_a_lock_that_somebody_deleted_is_lost(folder):
    mine = lease._Lease(folder, "mine")
    mine.take()
    mine.path.unlink()
    assert not mine.renew()
    assert "the lock of this run was deleted, so it ends" in mine.lost
    assert not mine.path.exists()


def test_a_store_without_conditions_is_refused(folder, monkeypatch):
    def put_if(self, content, seen):
        self.put(content)
        return self.fetch()[1]

    monkeypatch.setattr(Remote, "put_if", put_if)
    with pytest.raises(StorageError, match="heeds no conditions"), locked(folder):
        pass
    assert folder.glob("*") == []


def test_a_lock_is_renewed(folder, monkeypatch):
    monkeypatch.setattr(lease, "_RENEW_SECONDS", 0.01)
    renewed = Event()

    def put_if(self, content, seen, original=Remote.put_if):
        put = original(self, content, seen)
        if seen and put:
            renewed.set()
        return put

    monkeypatch.setattr(Remote, "put_if", put_if)
    with lease.leased(folder, "mine"):
        assert renewed.wait(30)
    assert folder.glob("*") == []


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:s3cr3t@bucket/name",
        "s3://key:s3/cr3t@bucket",
        "az://container/name?sig=s3cr3t",
        "gs://bucket/name#s3cr3t",
        "simplecache::s3://bucket/name",
        "https://example.org/name",
        "sftp://host/name",
        "hdfs://host/name",
        "nowhere://bucket/name",
    ],
)
def test_urls_that_are_refused(url):
    told = r"no dataset can be written there; give a folder, or s3://bucket/name, .* credentials"
    with pytest.raises(ConfigurationError, match=told) as refused:
        locate(url)
    assert "cr3t" not in str(refused.value)


def test_the_extra_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    told = r"^gs://bucket: obstore is missing; install it by: pip install 'crowdglot\[remote\]'\.$"
    with pytest.raises(ConfigurationError, match=told):
        locate("gs://bucket/name").exists()


def test_a_forked_process_is_told_and_does_not_hang():
    script = (
        "import os\n"
        "from crowdglot.datasets.storage.location import locate\n"
        "path = locate('memory://a/b')\n"
        "path.put(b'')\n"
        "if os.fork() == 0:\n"
        "    path.put(b'')\n"
        "os.wait()\n"
    )
    forked = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, cwd=ROOT
    )
    assert b"memory://a: a forked process cannot use it; start processes by" in forked.stderr


def test_no_such_bucket(bucket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = locate("s3://no-such-bucket/d")
    told = r"there is no such bucket \(NoSuchBucket\); create it, or choose another"
    with (
        pytest.raises(StorageError, match=rf"s3://no-such-bucket/d/\.lock: {told}"),
        locked(folder),
    ):
        pass
    for look in (read_stored_recipe, lambda folder: write_text(folder / "x", ""), Remote.glob):
        with pytest.raises(StorageError, match=told):
            look(folder) if look is not Remote.glob else look(folder, "*")


@pytest.fixture
def reconnected(bucket, monkeypatch):
    """Connections made in a test, with another environment, are its own and impatient."""
    monkeypatch.setattr(remote, "_PATIENCE", {"max_retries": 0})
    forget_connections()
    yield
    forget_connections()


def without_keys(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("reconnected")
@pytest.mark.parametrize("boto3", [True, False])
def test_no_credentials(s3_folder, monkeypatch, boto3):
    without_keys(monkeypatch)
    if not boto3:
        monkeypatch.setitem(sys.modules, "boto3", None)
        monkeypatch.delitem(sys.modules, "obstore.auth.boto3", raising=False)
    told = r"no credentials to use .*; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the env"
    with pytest.raises(StorageError, match=told), locked(s3_folder):
        pass


@pytest.mark.usefixtures("reconnected")
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("az://container/x", r"no credentials to use .*; set AZURE_STORAGE_ACCOUNT_NAME and"),
        ("gs://bucket/x", r"no credentials to use .*; set GOOGLE_APPLICATION_CREDENTIALS in"),
    ],
)
def test_no_credentials_for_others(url, told, tmp_path, monkeypatch):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StorageError, match=told):
        locate(url).read_bytes()


@pytest.mark.usefixtures("reconnected")
def test_a_profile_is_read_by_boto3(s3_folder, tmp_path, monkeypatch):
    keys = [f"{key.lower()} = {value}" for key, value in ENVIRONMENT.items() if "ACCESS_KEY" in key]
    (tmp_path / "credentials").write_text("\n".join(["[of-work]", *keys, ""]))
    without_keys(monkeypatch)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "of-home")
    with pytest.raises(StorageError, match=r"no credentials to use .*of-home"):
        (s3_folder / "x").put(b"")
    forget_connections()
    monkeypatch.setenv("AWS_PROFILE", "of-work")
    (s3_folder / "x").put(b"1")
    assert (s3_folder / "x").read_bytes() == b"1"


@pytest.mark.usefixtures("reconnected")
def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    path = locate("s3://latest/Redirect/x")
    told = r"cannot be reached \(Connection refused\); .*run the same command again"
    for use in (path.exists, path.read_bytes, path.open, path.unlink, lambda: path.put(b"")):
        with pytest.raises(StorageError, match=told):
            use()


@pytest.mark.usefixtures("reconnected")
def test_a_conflict_loses_and_does_not_fail(s3_folder, monkeypatch):
    with crooked((409, code("ConditionalRequestConflict"))) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        assert (s3_folder / "x").put_if(b"1", None) is None
        assert (s3_folder / "x").put_if(b"1", {"e_tag": '"1"'}) is None


def code(name):
    return (
        f"<?xml version='1.0'?>\n<Error><Code>{name}</Code><Message>no</Message></Error>".encode()
    )


CROOKED = {
    "wrong key": ((403, code("InvalidAccessKeyId")), r"access is refused \(\w.*\); check the cred"),
    "no rights": ((403, code("AccessDenied")), r"access is refused \(\w.*\); check the cred"),
    "old token": ((400, code("ExpiredToken")), r"access is refused \(Exp|cannot be read .*400"),
    "other region": (
        (301, code("PermanentRedirect")),
        r"the region is wrong .*; set AWS_REGION",
    ),
    "broken": (
        (500, code("InternalError")),
        r"cannot be read or written \(\w.*run the same command",
    ),
    "no store": ((200, b"<html>"), r"cannot be read or written \(\w.*run the same command"),
    "silent": (None, r"cannot be reached \(\w.*run the same command"),
}


@pytest.mark.usefixtures("reconnected")
@pytest.mark.parametrize("kind", CROOKED)
def test_what_a_crooked_server_says_becomes_one_sentence(s3_folder, monkeypatch, kind):
    answer, told = CROOKED[kind]
    monkeypatch.setattr(remote, "_TIMEOUT", timedelta(seconds=0.3))
    with crooked(answer) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        path = s3_folder / "x"
        uses = [path.exists, path.read_bytes, lambda: path.glob("*"), lambda: path.put(b"1"),
                lambda: path.put_if(b"1", None), path.open, path.unlink]  # fmt: skip
        if kind == "no store":  # the other answers look like objects
            uses = uses[2:5]
        for use in uses:
            with pytest.raises(StorageError, match=rf"^{path}: {told}") as failed:
                use()
            assert "\n" not in str(failed.value)
            assert ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in str(failed.value)


@contextmanager
def crooked(answer):
    """The address of a server that answers every request in this way; None: not at all."""

    class Handler(BaseHTTPRequestHandler):
        def do_any(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if answer is None:
                over.wait(30)
                return
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any

        def log_message(self, *_args):
            pass

    over = Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


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

    def counted(self, *arguments, original=Remote.read_text):
        fetched.append(self.name)
        return original(self, *arguments)

    monkeypatch.setattr(Remote, "read_text", counted)
    with locked(folder):
        assert [read_withdrawals(folder).up_to_date for _ in range(3)] == [False] * 3
        write_withdrawals(folder, (), up_to_date=True)
        assert [read_withdrawals(folder).up_to_date for _ in range(3)] == [True] * 3
    assert fetched == [WITHDRAWALS] * 2
    # As another machine would, without a word to this one.
    write_text(folder / WITHDRAWALS, '{"up_to_date": false}\n')
    with locked(folder):
        assert not read_withdrawals(folder).up_to_date
