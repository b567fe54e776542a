import json
import re
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from benchmarks.peers.environments import HERE, PEERS, Peer, run
from benchmarks.stub import serving

# A peer that asks one question a line, except the last one if it is told to be forgetful.
SCRIPT = """#!{python}
import sys, time, urllib.request
sys.path.insert(0, {root!r})
sys.argv[1:] = sys.argv[3:]
from benchmarks.peers.work import begin, finish, given, tell
work = given()
begun = begin()
lines = work.questions.read_bytes().splitlines()
for line in lines:
    urllib.request.urlopen(work.base_url + "/chat/completions", line).read()
assert work.resumable == {resumable}
print("words of the tool")
tell(finish(begun), len(lines) - {forgotten})
"""


@pytest.fixture
def stub():
    with serving(0.001) as stub:
        yield stub


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text('{"messages": []}\n' * 3)
    return path


def python_of_a_peer(folder, *, forgotten=0, resumable=False):
    path = folder / "python"
    settings = {"forgotten": forgotten, "resumable": resumable, "root": str(HERE.parents[1])}
    path.write_text(SCRIPT.format(python=sys.executable, **settings))
    path.chmod(0o755)
    return path


@pytest.mark.server
@pytest.mark.parametrize("resumable", [False, True])
def test_a_peer_is_timed_from_its_first_question_to_its_end(stub, questions, tmp_path, resumable):
    python = python_of_a_peer(tmp_path, resumable=resumable)
    peer = Peer("datatrove", resumable=resumable)
    outcome = run(peer, python, stub, questions, tmp_path / "scratch", 1)
    assert 0 < outcome.asking < outcome.wall


@pytest.mark.server
def test_answers_that_were_not_stored_are_told(stub, questions, tmp_path):
    python = python_of_a_peer(tmp_path, forgotten=1)
    with pytest.raises(RuntimeError, match="3 asked, 2 stored of 3"):
        run(Peer("curator"), python, stub, questions, tmp_path / "scratch", 1)


@pytest.mark.server
def test_a_peer_that_fails_is_quoted(stub, questions, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such module >&2; exit 3\n")
    python.chmod(0o755)
    with pytest.raises(RuntimeError, match="ended with 3: no such module"):
        run(Peer("curator"), python, stub, questions, tmp_path / "scratch", 1)


@pytest.mark.server
def test_the_stub_closes_a_connection_only_when_asked(stub):
    there = HTTPConnection(urlsplit(stub.base_url).netloc, timeout=10)
    for headers, closed in (({}, False), ({"Connection": "close"}, True)):
        there.request("POST", "/v1/chat/completions", b"{}", headers)
        answer = there.getresponse()
        assert json.loads(answer.read())["choices"]
        there.sock.settimeout(0.05)
        if closed:
            assert there.sock.recv(1) == b""
        else:
            with pytest.raises(TimeoutError):
                there.sock.recv(1)
        there.sock.settimeout(10)
    there.close()


@pytest.mark.parametrize("name", sorted({peer.name for peer in PEERS}))
def test_every_peer_has_a_script_and_pins_with_hashes(name):
    assert (HERE / f"{name}_peer.py").exists()
    pins = (HERE / f"{name}.txt").read_text()
    assert "://" not in pins
    packages = re.findall(r"^[\w.-]+==", pins, re.MULTILINE)
    assert packages
    assert pins.count("--hash=sha256:") >= len(packages)
    wanted = re.search(r"^[\w-]+==\S+", (HERE / f"{name}.in").read_text(), re.MULTILINE)
    assert wanted is not None
    assert f"{wanted[0]} " in pins
