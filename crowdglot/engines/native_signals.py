"""Python's signal handlers, kept when a native library installs its own over them."""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

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
