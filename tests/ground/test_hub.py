"""The hub's client, asked for files of a model by a stand-in for the hub on loopback."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from crowdglot import hub
from crowdglot.errors import EngineError, EngineUnavailable
from tests.engines.hub_server import COMMIT, served_hub

PARTS = {f"m-0000{number}-of-00003.gguf": b"GGUF" + bytes([number]) for number in (1, 2, 3)}


def point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the hub's library the address that HF_ENDPOINT gives it when it is imported."""
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", url)
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setattr(hub, "getproxies", dict)
    with served_hub(PARTS) as url:
        point_to(url, monkeypatch)
        yield url


def closed_port() -> str:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.mark.server
def test_all_parts_of_a_split_file_come_and_stay(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path, commit = hub.download("org/fake", "m-00001-of-00003.gguf")
    assert commit == COMMIT
    assert {part.name: part.read_bytes() for part in path.parent.iterdir()} == PARTS
    # A commit's files are taken from the cache without a question; others where nobody answers.
    monkeypatch.setattr(hub, "unreachable", lambda: pytest.fail("asked"))
    assert hub.download("org/fake", "m-00001-of-00003.gguf", COMMIT) == (path, COMMIT)
    monkeypatch.undo()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(path.parents[3]))
    monkeypatch.setattr(hub, "getproxies", dict)
    point_to(closed_port(), monkeypatch)
    assert hub.download("org/fake", "m-00001-of-00003.gguf") == (path, COMMIT)
    assert capfd.readouterr() == ("", "")


@pytest.mark.server
@pytest.mark.parametrize(
    ("repository", "file", "revision", "complaint"),
    [
        ("org/none", "m.gguf", None, "the hub has no such repository for you; check the name or"),
        ("a b", "m.gguf", None, "the hub has no such repository for you; check the name or"),
        ("org/gated", "m.gguf", None, "this repository is gated; accept its terms on the hub and"),
        (
            "status/401",
            "m.gguf",
            None,
            "the hub does not accept the token; make one with the right",
        ),
        ("status/403", "m.gguf", None, "the token has no right to read there; give it that right"),
        ("status/429", "m.gguf", None, "the hub has had too many requests; wait some minutes"),
        ("org/fake", "m.gguf", "v9", "the repository has no such revision; check what follows"),
        ("org/fake", "m.gguf", None, "the repository has no such file; look its name up on the"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(
    address: str, repository: str, file: str, revision: str | None, complaint: str
) -> None:
    with pytest.raises(EngineError) as caught:
        hub.download(repository, file, revision)
    assert type(caught.value) is EngineError
    name = f"hf:{repository}:{file}" + (f"@{revision}" if revision else "")
    assert str(caught.value).startswith(f"{name}: {complaint}")
    assert "\n" not in str(caught.value)


@pytest.mark.server
def test_a_hub_that_cannot_be_had_is_told_at_once(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = time.perf_counter()
    point_to(closed_port(), monkeypatch)
    with pytest.raises(EngineUnavailable, match=r"cannot be reached \(Connection refused\) and"):
        hub.download("org/fake", "m-00001-of-00003.gguf")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EngineUnavailable, match="HF_HUB_OFFLINE is set and the local cache does"):
        hub.download("org/fake", "m-00001-of-00003.gguf")
    assert time.perf_counter() - start < 5
