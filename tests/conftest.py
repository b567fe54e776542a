"""For all tests: no network but loopback, and the folder of real dialogues where there is one."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, original: Any = original) -> Any:
            host = str(address[0]) if isinstance(address, tuple) else ""
            if host and host not in ("localhost", "::1") and not host.startswith("127."):
                raise ConnectionRefusedError(f"no network in tests: {host}")
            return original(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is remembered of this user apart from what tests leave, and so its settings."""
    folder = tmp_path_factory.getbasetemp() / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)  # the command sets it for its processes


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real dialogues to read: $CROWDGLOT_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("CROWDGLOT_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real dialogues at {folder.name}/; set CROWDGLOT_DATA to a folder of them")
    return folder
