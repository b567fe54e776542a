"""Models run by the library ``transformers`` in this process, or in one process for each GPU.

The batching is our own, not the library's: that one takes no grammar, seed, min-p or penalty for a
request alone, and without an extra attention library it multiplies every row with every other.
What is done instead stands in ``transformers_continuous``.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol, Self

from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import ConfigurationError, EngineError

_CONCURRENCY = 16


class Runner(Protocol):
    """A loaded model, here or in a process of its own."""

    def submit(self, request: Request) -> "Future[Completion]": ...
    def close(self) -> None: ...


class Transformers:
    """A hub's model, a folder or a GGUF file.

    ``concurrency``: answers at a time, shared among the devices; several hundred suit a large GPU.
    On a processor with a concurrency of 1 a completion depends on its request alone, bit for bit.
    With more, its draws still do, but the logits are rounded with the shape of the batch, so a
    text may differ from run to run where a draw falls on the border of two tokens.
    ``devices``: empty for the first GPU or the processor; several get a process each.
    """

    kind = "transformers"

    def __init__(
        self,
        model: str = "",
        *,
        concurrency: int = _CONCURRENCY,
        context: int = 4096,
        devices: tuple[str, ...] = (),
        dtype: str = "",
        quantisation: str = "",
    ) -> None:
        if concurrency < 1 or context < 256:
            raise ConfigurationError(
                f"The transformers engine cannot run with concurrency {concurrency} and context"
                f" {context}; give at least 1 and 256."
            )
        _check("dtype", dtype, ("bfloat16", "float16", "float32"))
        _check("quantisation", quantisation, ("8bit", "4bit"))
        self._asked = model
        self.model = model
        self.revision = ""
        self.concurrency = concurrency
        self._context = context
        self._devices = devices
        self._dtype = dtype
        self._quantisation = quantisation
        self._runners: list[Runner] = []
        self._loads: list[int] = []

    @classmethod
    def from_settings(cls, settings: EngineSettings) -> Self:
        """The engine that a recipe asks for."""
        return cls(
            settings.model,
            concurrency=settings.concurrency or _CONCURRENCY,
            context=settings.context,
            devices=settings.devices,
            dtype=settings.dtype,
            quantisation=settings.quantisation,
        )

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
        from crowdglot.engines.transformers.local import Local, Plan
        from crowdglot.engines.transformers.model import devices, find, libraries
        from crowdglot.engines.transformers.workers import Worker

        libraries()
        chosen = devices(self._devices)
        source = find(self._asked)
        rows = -(-self.concurrency // len(chosen))
        plan = Plan(source, rows, self._context, self._dtype, self._quantisation)
        run = Local if len(chosen) == 1 else Worker
        opened = open_all([partial(run, plan, device) for device in chosen])
        self.model, self.revision = source.model, source.revision
        self._runners, self._loads = opened, [0] * len(opened)


def open_all(openings: Sequence[Callable[[], Runner]]) -> list[Runner]:
    """Open all at once; close those that opened if one does not."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(openings)) as pool:
        futures = [pool.submit(opening) for opening in openings]
    faults = [future.exception() for future in futures]
    opened = [
        future.result() for future, fault in zip(futures, faults, strict=True) if fault is None
    ]
    for fault in faults:
        if fault is not None:
            for runner in opened:
                runner.close()
            raise fault
    return opened


def _check(name: str, found: str, known: tuple[str, ...]) -> None:
    if found and found not in known:
        raise ConfigurationError(
            f"engine.{name} is '{found}'; give one of {', '.join(known)}, or leave it out."
        )
