"""Two machines that begin at one folder of an S3 server in the same moment: exactly one writes."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.storage.location import locate
from tests.store import s3

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.server]

# Both look at the lock before either puts its own. A lock of "long dead" is an hour old.
WRITER = """
import sys
from datetime import timedelta
from crowdglot.datasets.folder import bind, locked
from crowdglot.datasets.storage.lease import _Lease
from crowdglot.datasets.storage.location import locate
from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import StorageError

def say(text):
    print(text, flush=True)
    return sys.stdin.readline()

def fetch(self, original=Remote.fetch):
    content, seen = original(self)
    if b"long dead" in content:
        seen["last_modified"] -= timedelta(hours=1)
    return content, seen

def look(self, original=_Lease._look):
    original(self)
    if self not in looked:
        looked.append(self)
        say("looked")

me, looked, Remote.fetch, _Lease._look = sys.argv[1], [], fetch, look
url = say("ready")
while url:
    folder = locate(url.strip())
    try:
        with locked(folder):
            bind(folder, {"name": me}, {"name": me})
            say("wrote")
        url = say("left")
    except StorageError as error:
        url = say(error)
"""


class Writer:
    """A process in a working directory of its own."""

    def __init__(self, name, folder):
        folder.mkdir()
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, name], cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.communicate(timeout=60)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    """The URL of a bucket, and two writers that are ready."""
    with s3() as bucket, ExitStack() as stack:
        names = ("first", "second")
        folders = tmp_path_factory.mktemp("writers")
        both = [stack.enter_context(Writer(name, folders / name)) for name in names]
        assert [writer.hear() for writer in both] == ["ready", "ready"]
        yield bucket, both


def compete(folder, both):
    """Have both begin at ``folder`` at once; who wrote."""
    for line in (folder, "go"):
        for writer in both:
            writer.tell(line)
        if line != "go":
            assert [writer.hear() for writer in both] == ["looked", "looked"]
    told = {writer: writer.hear() for writer in both}
    refused = [line for line in told.values() if "was taken over by process" in line]
    assert (len(refused), [*told.values()].count("wrote")) == (1, 1), told
    assert sorted(path.name for path in folder.glob("*")) == [".lock", "recipe.toml"]
    winner = next(writer for writer, line in told.items() if line == "wrote")
    assert read_stored_recipe(folder)["name"] == winner.name
    winner.tell("go on")
    assert winner.hear() == "left"
    assert [path.name for path in folder.glob("*")] == ["recipe.toml"]


@pytest.mark.parametrize("lock", ["no lock", "dead lock"])
@pytest.mark.parametrize("tries", [5, pytest.param(50, marks=pytest.mark.ci)])
def test_exactly_one_writes(writers, lock, tries):
    bucket, both = writers
    for number in range(tries):
        folder = locate(f"{bucket}/{lock}/{tries}/{number}")
        if lock == "dead lock":
            (folder / ".lock").put(b"long dead\n")
        compete(folder, both)
