"""The server: on this machine's own address only, until it is interrupted."""

import os
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from html import escape
from pathlib import Path
from secrets import token_urlsafe

import uvicorn

from crowdglot.datasets.browse.app import make_app
from crowdglot.datasets.browse.guard import Guard
from crowdglot.datasets.browse.room import Room
from crowdglot.errors import ConfigurationError

_HERE = "127.0.0.1"


def serve(room: Room, port: int, tell: Callable[[str], None], *, show: bool) -> None:
    """Serve until interrupted. ``port``: 0 for any; ``tell`` gets the address once; ``show``: in a
    browser as well. ConfigurationError where the port is taken."""
    with _listening(port) as listening:
        port, token = listening.getsockname()[1], token_urlsafe(32)
        address = f"http://{_HERE}:{port}/?token={token}"
        app = Guard(make_app(room), token, f"crowdglot-{port}")
        settings = uvicorn.Config(
            app, http="h11", ws="none", lifespan="off", loop="asyncio", interface="asgi3",
            log_config=None, access_log=False, server_header=False, limit_concurrency=100,
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        tell(address)
        with _shown(address) if show else nullcontext(), suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[listening])


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HERE, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigurationError(
                f"--port {port}: cannot be had ({why}); give another, or none for any that is free."
            ) from None
        listening.listen()  # so that a browser that is quicker than the server waits
        yield listening


@contextmanager
def _shown(address: str) -> Iterator[None]:
    """Open the address in a browser with windows, by a file that only this user can read: what a
    program is called with, all users of the machine can."""
    windows = sys.platform in ("darwin", "win32") or {"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ}
    if not windows:
        yield
        return
    handle, name = tempfile.mkstemp(prefix="crowdglot-", suffix=".html")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f'<meta http-equiv="refresh" content="0; url={escape(address)}">')
        webbrowser.open(path.as_uri())
        yield
    finally:
        path.unlink(missing_ok=True)
