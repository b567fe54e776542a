"""Prefect's server for one run, where the user has none: started before the flow, ended after it.

Prefect starts one by itself too, but in the run's own group of processes: a Ctrl-C ends it before
the flow, and a kill of the run leaves it behind. This one hears no signal and ends when its input
does, however the run dies.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

import httpx
from filelock import FileLock, Timeout

from crowdglot.command.environment import has_own_server, prefect_home
from crowdglot.datasets.storage.files import storing
from crowdglot.errors import StorageError
from crowdglot.writing.machines.own_settings import keep_to_own_settings

_MODULE = "crowdglot.command.prefect_server"
_STARTING_SECONDS, _LEAVING_SECONDS = 120.0, 5.0
# As Prefect sets them for its temporary server.
_SETTINGS = dict.fromkeys(("PREFECT__SERVER_EPHEMERAL", "PREFECT__SERVER_FINAL"), "1")
_SETTINGS["PREFECT_UI_ENABLED"] = "0"


@asynccontextmanager
async def prefect_server() -> AsyncIterator[asyncio.Task[None]]:
    """Start a server and name it to Prefect, which must not have been imported yet.

    Gives the task that waits until it answers. Does nothing where the user has a server.
    """
    if has_own_server():
        yield asyncio.create_task(asyncio.sleep(0))
        return
    home = prefect_home()
    # Other users of this machine reach it too: whoever knows no password is turned away.
    password = f"crowdglot:{token_urlsafe(32)}"
    # Two servers that make the same database at once would disturb each other.
    alone = FileLock(home / "starting.lock", thread_local=False)
    process, url = await asyncio.to_thread(_start, home, password, alone)
    ours = {"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": password, "PREFECT_HOME": str(home)}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    waiting = asyncio.create_task(_until_it_answers(url, process, home))
    waiting.add_done_callback(lambda _: alone.release())
    try:
        yield waiting
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})
        waiting.cancel()
        await asyncio.to_thread(_end, process)


def _start(home: Path, password: str, alone: FileLock) -> "tuple[subprocess.Popen[bytes], str]":
    with storing(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(Timeout):
            alone.acquire(timeout=_STARTING_SECONDS)
        log = (home / "server.log").open("ab")
    with log, socket.create_server(("127.0.0.1", 0)) as listening:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", _MODULE, str(listening.fileno())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=home,
            env={
                **os.environ,
                **_SETTINGS,
                "PREFECT_HOME": str(home),
                "PREFECT_API_AUTH_STRING": password,
                "PREFECT_SERVER_API_AUTH_STRING": password,
            },
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
        return process, f"http://127.0.0.1:{listening.getsockname()[1]}/api"


async def _until_it_answers(url: str, process: "subprocess.Popen[bytes]", home: Path) -> None:
    latest = time.monotonic() + _STARTING_SECONDS
    async with httpx.AsyncClient(timeout=_STARTING_SECONDS, trust_env=False) as client:
        while time.monotonic() < latest and process.poll() is None:
            with suppress(httpx.TransportError):
                if (await client.get(f"{url}/health")).is_success:
                    return
            await asyncio.sleep(0.1)
    raise StorageError(
        f"{home}: Prefect's server does not start there (server.log tells why); make the folder "
        "writable, or set PREFECT_API_URL to a server that runs."
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.terminate()
    try:
        process.wait(_LEAVING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _leave_with_the_run() -> None:
    """End this process once its input has ended, in good order or not."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_LEAVING_SECONDS)
    os._exit(0)


def main() -> None:
    """Serve on the socket whose number is the only argument."""
    keep_to_own_settings()
    import uvicorn

    threading.Thread(target=_leave_with_the_run, daemon=True).start()
    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
