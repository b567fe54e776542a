"""A PostgreSQL of the test's own: the machine's, or Debian's unpacked for the test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.flows.prefect_bench import free_port, wait_for


@contextmanager
def postgres() -> Iterator[str]:
    """Serve an empty database on loopback, with a password of its own; Prefect's URL of it.

    Skips the test where there is no PostgreSQL and none can be had.
    """
    with TemporaryDirectory(prefix="crowdglot-postgres-") as temporary:
        folder = Path(temporary)
        binaries = _installed() or _unpacked(folder)
        if binaries is None:
            pytest.skip("no PostgreSQL is installed, and apt-get downloads none")
        secret, port, said = token_hex(16), free_port(), folder / "said.log"
        (folder / "password").write_text(secret)
        who = _as_somebody(folder)
        with said.open("ab") as log:
            told = {"stdout": log, "stderr": log, **who}
            made = subprocess.run(
                [binaries / "initdb", "-D", folder / "db", "-U", "prefect", "--encoding=UTF8",
                 "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"],
                check=False, **told,
            )  # fmt: skip
            if made.returncode:
                pytest.skip(f"PostgreSQL does not run here: {said.read_text('utf-8')[-300:]}")
            options = ("listen_addresses=127.0.0.1", f"port={port}", "jit=off",
                       f"unix_socket_directories={folder}")  # fmt: skip
            words = [word for option in options for word in ("-c", option)]
            process = subprocess.Popen([binaries / "postgres", "-D", folder / "db", *words], **told)
        try:
            wait_for(lambda: b"ready to accept connections" in said.read_bytes(), process)
            yield f"postgresql+asyncpg://prefect:{secret}@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(60)


def _installed() -> Path | None:
    """The newest of Debian's, or whatever is on the path."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = max(versions, default=shutil.which("initdb"), key=lambda path: int(path.parts[4]))
    return Path(found).resolve().parent if found else None


def _unpacked(folder: Path) -> Path | None:
    """Debian's, unpacked below ``folder``: nothing is installed, and no right is needed."""
    try:
        asked = ["apt-cache", "depends", "postgresql"]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        name = next(word for word in told.split() if word.startswith("postgresql-"))
        subprocess.run(
            ["apt-get", "download", name, "libpq5"], cwd=folder, capture_output=True, check=True
        )
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, folder], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError, StopIteration):
        return None
    return next((path.parent for path in folder.glob("usr/lib/postgresql/*/bin/initdb")), None)


def _as_somebody(folder: Path) -> dict[str, Any]:
    """How its processes are started: never as root, and with the libraries that lie beside."""
    libraries = next(iter(folder.glob("usr/lib/*-linux-gnu")), folder)
    told: dict[str, Any] = {"env": {**os.environ, "LD_LIBRARY_PATH": str(libraries)}, "cwd": folder}
    if os.geteuid() == 0:
        told |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        for path in (folder, folder / "password"):
            shutil.chown(path, "nobody", "nogroup")
    return told
