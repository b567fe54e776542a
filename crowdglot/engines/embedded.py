"""llama.cpp inside this process, through xllamacpp: no server to install, no GPU needed."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from crowdglot.engines.chat import completion, request_body
from crowdglot.engines.engine import Completion, Message, Request
from crowdglot.engines.llama import load_library, model_settings
from crowdglot.engines.native_signals import kept_signals
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.weights.resolving import DEFAULT_WEIGHTS, Weights, resolve_weights
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable, RequestRefused

# Tokens read between two looks at whether the call was cancelled.
_BATCH = 512
# llama.cpp's own default, written down because the rows depend on it.
_TOP_K = 40


class Embedded:
    """A GGUF model in this process.

    ``concurrency``: slots that are computed together. With 1, a completion depends on its request
    alone: neither on earlier requests nor on what a cache holds. With more, the batches that
    requests happen to share round differently, so texts may differ from run to run.
    ``context``: tokens of a prompt with its answer. ``threads``: 0 means one per processor.
    """

    kind = "embedded"

    def __init__(
        self,
        model: str = "",
        *,
        concurrency: int = 1,
        context: int = 4096,
        threads: int = 0,
        cache: Path | None = None,
    ) -> None:
        if concurrency < 1 or context < 256 or threads < 0:
            raise ConfigurationError(
                f"The embedded engine cannot run with concurrency {concurrency}, context"
                f" {context} and {threads} threads; give at least 1, 256 and 0."
            )
        self._asked = model or DEFAULT_WEIGHTS
        self.model = self._asked
        self.revision = ""
        self.concurrency = concurrency
        self._context = context
        self._threads = threads or _processors()
        self._cache = cache
        self._server: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._stages: list[tuple[Message, ...]] = []
        self._settled: tuple[Message, ...] = ()

    @classmethod
    def from_settings(cls, settings: EngineSettings) -> Self:
        """The engine that a recipe asks for."""
        return cls(settings.model, concurrency=settings.concurrency or 1, context=settings.context)

    async def __aenter__(self) -> Self:
        """Find the weights and load them, in a thread; raises EngineError."""
        self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="embedded")
        try:
            weights = await asyncio.wrap_future(self._pool.submit(self._load))
        except BaseException:
            await self.__aexit__()
            raise
        self.model, self.revision = weights.model, weights.revision
        return self

    async def __aexit__(self, *error: object) -> None:
        """Wait for the calls that run, then free the model."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
            await asyncio.to_thread(self._free)

    async def complete(self, request: Request) -> Completion:
        """Ask once; a cancelled call stops at its next token and frees its slot."""
        if self._pool is None:
            raise EngineError("The embedded engine is not open; enter it before asking.")
        stop = threading.Event()
        try:
            return await asyncio.wrap_future(self._pool.submit(self._answer, request, stop.is_set))
        except asyncio.CancelledError:
            stop.set()
            raise

    def _load(self) -> Weights:
        weights = resolve_weights(self._asked, self._cache)
        with kept_signals():
            settings = model_settings(weights.path)
            settings.n_parallel = self.concurrency
            settings.n_ctx = self.concurrency * self._context
            settings.n_batch = settings.n_ubatch = _BATCH
            settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = self._threads
            settings.cache_ram_mib = 0  # one prefix after another: older ones are not wanted back
            settings.enable_reasoning = 0
            try:
                self._server = load_library().Server(settings)
            except RuntimeError:
                raise EngineError(
                    f"{weights.path}: llama.cpp cannot load this model (damaged, of an unknown"
                    f" kind, or too large for the memory with {self.concurrency} x"
                    f" {self._context} tokens of context); try another or a smaller context."
                ) from None
        return weights

    def _free(self) -> None:
        self._server, self._stages, self._settled = None, [], ()

    def _answer(self, request: Request, cancelled: Callable[[], bool]) -> Completion:
        """Runs in a thread of the pool; with one slot, that is one thread."""
        start = time.perf_counter()
        body = request_body(request) | {
            "min_p": request.sampling.min_p,
            "repeat_penalty": request.sampling.repeat_penalty,
            "top_k": _TOP_K,
            "cache_prompt": True,
        }
        if self.concurrency == 1:
            self._settle(body, request.messages, cancelled)
        text, finish_reason, usage = self._ask(body, cancelled)
        return completion(text, finish_reason, usage, time.perf_counter() - start)

    def _settle(
        self, body: dict[str, Any], messages: tuple[Message, ...], cancelled: Callable[[], bool]
    ) -> None:
        """Bring the slot into a state that depends on ``messages`` alone.

        Kernels round differently for different numbers of tokens, so a token's cached state
        depends on how many were read with it, that is, on what the cache held before. Here the
        reading always stops at the same stages, the first of them is read from nothing, and what
        is in the slot behind the last stage still wanted is dropped by reading that stage again,
        which computes its end alone. It costs the time of a few single tokens a prompt.
        """
        if messages == self._settled:
            return
        stages = _stages(messages)
        wanted = [stage for stage in stages if stage in self._stages]
        self._stages, self._settled = [], ()
        if wanted:
            self._read(body, wanted[-1], cancelled)
            self._stages += wanted
        for stage in stages:
            if stage in wanted:
                continue
            try:
                self._read(body, stage, cancelled, from_nothing=not self._stages)
            except (EngineUnavailable, RequestRefused):
                raise  # what may go well next time must not decide where the reading stops
            except EngineError:
                continue  # some chat templates take no beginning alone: it never stops there
            self._stages.append(stage)
        self._read(body, messages, cancelled, from_nothing=not self._stages)
        self._settled = messages

    def _read(
        self,
        body: dict[str, Any],
        messages: tuple[Message, ...],
        cancelled: Callable[[], bool],
        *,
        from_nothing: bool = False,
    ) -> None:
        chat = [{"role": message.role, "content": message.content} for message in messages]
        only = {"messages": chat, "max_tokens": 0, "cache_prompt": not from_nothing}
        # Without the schema: the prefix ends with a demonstration's answer, which has turns of its
        # own number, and llama.cpp would hold that against the grammar and refuse.
        read = {key: value for key, value in body.items() if key != "response_format"}
        self._ask({**read, **only}, cancelled)

    def _ask(
        self, body: dict[str, Any], cancelled: Callable[[], bool]
    ) -> tuple[str, object, object]:
        """Text, finish reason and usage; streamed, since only a stream can be stopped."""
        pieces: list[str] = []
        last: dict[str, Any] = {}

        def receive(chunk: dict[str, Any]) -> bool:
            for choice in chunk.get("choices") or ():
                pieces.append(choice["delta"].get("content") or "")
                last["finish_reason"] = choice.get("finish_reason") or last.get("finish_reason")
            last.update((key, chunk[key]) for key in ("usage", "error", "message") if key in chunk)
            return cancelled()

        stream = {"stream": True, "stream_options": {"include_usage": True}}
        try:
            self._server.handle_chat_completions(
                json.dumps({**body, **stream, "return_progress": True}).encode(),
                lambda chunk: receive(json.loads(chunk)),
            )
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"llama.cpp refuses the request: {error}.") from None
        if cancelled():
            raise asyncio.CancelledError
        if "finish_reason" not in last or last["finish_reason"] is None:
            raise self._refusal(last.get("error") or last)
        return "".join(pieces), last["finish_reason"], last.get("usage")

    def _refusal(self, error: dict[str, Any]) -> EngineError:
        if error.get("type") == "exceed_context_size_error":
            return RequestRefused(
                f"The prompt has {error.get('n_prompt_tokens')} tokens and the embedded engine"
                f" takes {self._context} with the answer; use fewer or shorter demonstrations."
            )
        reason = str(error.get("message") or "no answer")
        kind = EngineError if error.get("code") == 400 else EngineUnavailable
        return kind(f"llama.cpp gave no answer for {self.model}: {reason[:300]}.")


def _stages(messages: tuple[Message, ...]) -> list[tuple[Message, ...]]:
    """The beginnings of a prompt that others may share, each within the next.

    They end after each message that is not the user's, and after the first line of the last
    message, which in a question names the language. A letter must follow that line: between a line
    break and a letter every tokenizer cuts, whatever else is there.
    """
    stages = [messages[:end] for end in range(1, len(messages)) if messages[end - 1].role != "user"]
    first, line_break, rest = messages[-1].content.partition("\n")
    if line_break and rest[:1].isalpha():
        stages.append((*messages[:-1], Message(messages[-1].role, first + line_break)))
    return stages


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
