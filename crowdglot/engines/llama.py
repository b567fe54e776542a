"""llama.cpp as a library: how every model is opened that runs in it."""

import ctypes
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crowdglot.errors import EngineError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def kept_signals() -> Iterator[None]:
    """Put SIGINT's and SIGTERM's handlers back; works from any thread.

    llama.cpp's server takes both signals when it starts and ends the process at the second one.
    A handler that Python's code sets meanwhile, in the main thread, survives as well.
    """
    get, put = ctypes.pythonapi.PyOS_getsig, ctypes.pythonapi.PyOS_setsig
    get.restype = put.restype = ctypes.c_void_p
    put.argtypes = [ctypes.c_int, ctypes.c_void_p]
    before = {number: get(number) for number in _SIGNALS}
    set_in_python = {number: callable(signal.getsignal(number)) for number in _SIGNALS}
    try:
        yield
    finally:
        # All Python handlers share one native function, so any signal that had one tells it.
        native = next((before[number] for number in _SIGNALS if set_in_python[number]), None)
        for number in _SIGNALS:
            now = callable(signal.getsignal(number))
            put(number, native if now and not set_in_python[number] else before[number])


def let_threads_sleep() -> None:
    """Make libgomp's threads sleep soon where they wait for others; call it before a library loads.

    They turn 300,000 times otherwise: up to a hundred times slower beside another program.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def load_library() -> Any:
    """xllamacpp; raises EngineError."""
    let_threads_sleep()
    try:
        import xllamacpp
    except ImportError as error:
        raise EngineError(
            f"The library xllamacpp cannot be loaded ({error}); reinstall it, or install what it"
            " misses (on Debian: libgomp1)."
        ) from None
    return xllamacpp


def open_server(path: Path, wanted: str, **settings: Any) -> Any:
    """A server of the library for the GGUF file at ``path``, without output and without clients.

    ``wanted``: what the model is opened for, for errors; ``settings``: the library's own. Raises
    EngineError.
    """
    library = load_library()
    with kept_signals():
        params = library.CommonParams()
        params.model.path = str(path)
        here = hasattr(os, "sched_getaffinity")
        threads = len(os.sched_getaffinity(0)) if here else os.cpu_count() or 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.verbosity = -1  # silent
        # The library always opens a port on loopback: no other program shall use it.
        params.port = 0
        params.api_keys = [secrets.token_hex(32)]
        params.ui = params.endpoint_slots = False
        for name, value in settings.items():
            setattr(params, name, value)
        try:
            return library.Server(params)
        except RuntimeError:
            raise EngineError(
                f"{path}: llama.cpp cannot load this model {wanted} (damaged, of an unknown kind,"
                " or too large for the memory); try another or a smaller context."
            ) from None
