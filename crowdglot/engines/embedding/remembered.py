"""Vectors by text, as critics want them: at once, in this process, and each worked out once.

Critics judge the same turns one after the other, and the demonstrations with every dialogue.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from crowdglot.engines.embedding.bundled import MODEL, bundled_rows, missing
from crowdglot.engines.embedding.embedder import Vectors

# Texts whose vectors are kept: some 1.5 kB each.
_MOST = 16_384


class Meaning:
    """``model``: its name, which thresholds and language means belong to.

    Called with texts, gives one row each, of length 1. The least recently used are forgotten.
    """

    def __init__(self, model: str, ask: Callable[[Sequence[str]], Vectors], most: int = _MOST):
        self.model = model
        self._ask, self._most = ask, most
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """The vectors of ``texts``, at least one; raises EngineError where the model fails."""
        with self._lock:
            found = {text: self._known[text] for text in set(texts) if text in self._known}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found.update(zip(new, self._ask(new).astype(np.float32), strict=True))
        with self._lock:
            for text in found:
                self._known[text] = found[text]
                self._known.move_to_end(text)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return np.array([found[text] for text in texts], np.float64)


@cache
def bundled_meaning() -> Meaning | None:
    """The bundled model's; None where this machine cannot use it."""
    return None if missing() else Meaning(MODEL, bundled_rows)
