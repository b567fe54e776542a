"""Models run by the library ``transformers`` in this process, or in one process for each GPU.

The batching is our own: the library's takes no grammar, seed, min-p or penalty for a request alone,
and without an extra attention library it multiplies every row with every other.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, Self

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError


class Runner(Protocol):
    """A loaded model, here or in a process of its own."""

    def submit(self, request: Request) -> "Future[Completion]": ...
    def close(self) -> None: ...


class Transformers:
    """A hub's model, a folder or a GGUF file.

    ``settings.calls``: answers at a time, shared among the devices; several hundred suit a large
    GPU. On a processor with one at a time a completion depends on its request alone, bit for bit.
    With more, logits are rounded with the shape of the batch, so that a text may differ from run to
    run where a draw falls on the border of two tokens. Several devices get a process each.
    """

    kind = "transformers"

    def __init__(self, settings: EngineSettings, _api_key: str | None = None) -> None:
        self.model = settings.model
        self.revision = ""
        self.concurrency = settings.calls
        self._settings = settings
        self._runners: list[Runner] = []
        self._loads: list[int] = []

    async def __aenter__(self) -> Self:
        """Find the weights and load them on every device, in threads; raises EngineError."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])  # a load cannot be stopped, but what it opened is closed
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Wait for the calls that run, then free the model."""
        runners, self._runners = self._runners, []
        for runner in runners:
            await asyncio.to_thread(runner.close)

    async def complete(self, request: Request) -> Completion:
        """Ask once; a cancelled call frees its row at the next token."""
        if not self._runners:
            raise EngineError("The transformers engine is not open; enter it before asking.")
        at = self._loads.index(min(self._loads))
        self._loads[at] += 1
        try:
            return await asyncio.wrap_future(self._runners[at].submit(request))
        finally:
            self._loads[at] -= 1

    def _open(self) -> None:
        # Late: these import torch, which takes seconds.
        from crowdglot.engines.transformers.local import Local
        from crowdglot.engines.transformers.model import devices, libraries
        from crowdglot.engines.transformers.workers import Worker
        from crowdglot.engines.weights.folders import find

        settings = self._settings
        libraries()
        chosen = devices(settings.devices)
        weights = find(settings.model)
        rows = -(-self.concurrency // len(chosen))
        run = Local if len(chosen) == 1 else Worker
        opened = open_all([partial(run, weights, rows, settings, device) for device in chosen])
        self.model, self.revision = weights.model, weights.revision
        self._runners, self._loads = opened, [0] * len(opened)


def open_all(openings: Sequence[Callable[[], Runner]]) -> list[Runner]:
    """Open all at once; close those that opened if one does not."""
    with ThreadPoolExecutor(len(openings)) as pool:
        futures = [pool.submit(opening) for opening in openings]
    faults = [fault for future in futures if (fault := future.exception())]
    opened = [future.result() for future in futures if not future.exception()]
    if faults:
        for runner in opened:
            runner.close()
        raise faults[0]
    return opened
