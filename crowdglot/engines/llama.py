"""llama.cpp as a library, and the settings common to everything here that opens a model."""

import os
import secrets
from pathlib import Path
from typing import Any

from crowdglot.errors import EngineError

_QUIET = -1
# How long a thread that waits for the others turns before it sleeps. libgomp's own 300,000 turns
# cost a hundredfold of the time as soon as another program wants one of the processors.
_SPINS = "1000"


def load_library() -> Any:
    """xllamacpp; raises EngineError."""
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read once, when the library is loaded
    try:
        import xllamacpp
    except ImportError as error:
        raise EngineError(
            f"The library xllamacpp cannot be loaded ({error}); reinstall it, or install what it"
            " misses (on Debian: libgomp1)."
        ) from None
    return xllamacpp


def model_settings(path: Path) -> Any:
    """The library's settings for the GGUF file at ``path``, saying nothing and open to nobody."""
    settings = load_library().CommonParams()
    settings.model.path = str(path)
    settings.verbosity = _QUIET
    # The library always opens a port on loopback; nobody else shall use it.
    settings.port = 0
    settings.api_keys = [secrets.token_hex(32)]
    settings.ui = settings.endpoint_slots = False
    return settings
