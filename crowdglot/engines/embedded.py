"""llama.cpp inside this process, through xllamacpp: no server to install, no GPU needed."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Self

from crowdglot.engines.chat import completion, first_logprobs, request_body
from crowdglot.engines.engine import Completion, Message, Request
from crowdglot.engines.llama import open_server
from crowdglot.engines.prompt_cache import PromptCache
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.weights.resolving import DEFAULT_WEIGHTS, resolve_weights
from crowdglot.errors import ContextTooSmall, EngineError, EngineUnavailable, RequestRefused

_BATCH = 512  # tokens that are read between two checks of whether the call was cancelled
_SIDES = 2  # of a talk, whose prompts are cached each in a slot of its own
_TOP_K = 40  # llama.cpp's own default, written down because the rows depend on it


class Embedded:
    """A GGUF model in this process.

    ``settings.calls``: slots that are computed together. With 1, a completion depends on its
    request alone: neither on earlier requests nor on what a cache holds; there are two slots then,
    one a side of a talk, of which one computes at a time. With more, the batches that requests
    happen to share round differently, so texts may differ from run to run.
    """

    kind = "embedded"

    def __init__(self, settings: EngineSettings, _api_key: str | None = None) -> None:
        self.model = self._asked = settings.model or DEFAULT_WEIGHTS
        self.revision = ""
        self.concurrency = settings.calls
        self._context = settings.context
        self._server: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._prompt_caches: tuple[PromptCache, ...] = ()
        self._slots = _SIDES if settings.calls == 1 else settings.calls

    async def __aenter__(self) -> Self:
        """Find the weights and load them, in a thread; raises EngineError."""
        self._pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="embedded")
        try:
            await asyncio.wrap_future(self._pool.submit(self._load))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """Wait for the calls that run, then free the model."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
            await asyncio.to_thread(setattr, self, "_server", None)  # freeing takes its time

    async def complete(self, request: Request) -> Completion:
        """Ask once; a cancelled call stops at its next token and frees its slot."""
        if request.scored:
            raise RequestRefused(
                "llama.cpp does not tell how likely a text is; the engine 'transformers' does (with"
                " the same weights), and vLLM and SGLang do."
            )
        if self._pool is None:
            raise EngineError("The embedded engine is not open; enter it before asking.")
        stop = threading.Event()
        try:
            return await asyncio.wrap_future(self._pool.submit(self._answer, request, stop.is_set))
        except asyncio.CancelledError:
            stop.set()
            raise

    def _load(self) -> None:
        weights = resolve_weights(self._asked)
        self._server = open_server(
            weights.path,
            f"with {self._slots} x {self._context} tokens of context",
            n_parallel=self._slots,
            n_ctx=self._slots * self._context,
            kv_unified=False,  # what one slot holds shall not change how another rounds
            n_batch=_BATCH,
            n_ubatch=_BATCH,
            cache_ram_mib=0,  # prefixes come one after another, and none comes back
            enable_reasoning=0,
        )
        self.model, self.revision = weights.model, weights.revision
        self._prompt_caches = tuple(PromptCache() for _ in range(self._slots))

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
            slot = request.side % self._slots
            body["id_slot"] = slot
            read = partial(self._read, cancelled, slot)
            self._prompt_caches[slot].prepare(request.messages, read)
        answer = self._ask(body, cancelled)
        told = first_logprobs(answer, request.logprobs)
        seconds = time.perf_counter() - start
        return completion(answer["text"], answer["finish_reason"], answer["usage"], seconds, told)

    def _read(
        self,
        cancelled: Callable[[], bool],
        slot: int,
        messages: tuple[Message, ...],
        from_nothing: bool,
    ) -> None:
        """Read ``messages`` into a slot's cache, and answer nothing.

        Without the schema: a beginning ends with a demonstration's answer, which has turns of its
        own number, and llama.cpp would hold that against the grammar and refuse.
        """
        chat = [{"role": message.role, "content": message.content} for message in messages]
        body = {"messages": chat, "max_tokens": 0, "cache_prompt": not from_nothing,
                "id_slot": slot}  # fmt: skip
        self._ask(body, cancelled)

    def _ask(self, body: dict[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
        """Text, finish reason, usage and logprobs of an answer.

        Streamed, since only a stream can be stopped. But a stream leaves out the tokens whose text
        is held back, so a request for log-probabilities, which is a short one, is not.
        """
        pieces: list[str] = []
        last: dict[str, Any] = dict.fromkeys(("finish_reason", "usage", "logprobs"))

        def receive(chunk: dict[str, Any]) -> bool:
            for choice in chunk.get("choices") or ():
                said = choice.get("delta") or choice.get("message") or {}
                pieces.append(said.get("content") or "")
                told = ("finish_reason", "logprobs")
                last.update((key, choice[key]) for key in told if choice.get(key))
            last.update((key, chunk[key]) for key in ("usage", "error", "message") if key in chunk)
            return cancelled()

        how: dict[str, Any] = {"return_progress": True}
        if "logprobs" not in body:
            how |= {"stream": True, "stream_options": {"include_usage": True}}
        try:
            self._server.handle_chat_completions(
                json.dumps(body | how).encode(), lambda chunk: receive(json.loads(chunk))
            )
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"llama.cpp refuses the request: {error}.") from None
        if cancelled():
            raise asyncio.CancelledError
        if last["finish_reason"] is None:
            raise self._refusal(last.get("error") or last)
        return last | {"text": "".join(pieces)}

    def _refusal(self, error: dict[str, Any]) -> EngineError:
        if error.get("type") == "exceed_context_size_error":
            return ContextTooSmall(
                f"The prompt has {error.get('n_prompt_tokens')} tokens and the embedded engine"
                f" takes {self._context} with the answer; use fewer or shorter demonstrations."
            )
        kind = EngineError if error.get("code") == 400 else EngineUnavailable
        reason = str(error.get("message") or "none")[:300]
        return kind(f"llama.cpp gave no answer for {self.model}: {reason}.")
