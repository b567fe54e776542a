"""A model in this process: requests in, completions out, as futures of plain threads."""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from crowdglot.engines.chat import completion
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.transformers.batch import Answer, Batch, Question, choose
from crowdglot.engines.transformers.chat import Chat
from crowdglot.engines.transformers.grammar import Grammars
from crowdglot.engines.transformers.model import Source, load
from crowdglot.errors import EngineError


@dataclass(frozen=True, slots=True)
class Plan:
    """What one device shall run. ``rows``: answers at a time; ``context``: tokens of one."""

    source: Source
    rows: int
    context: int
    dtype: str = ""
    quantisation: str = ""


class Local:
    """Loads in the caller's thread. Tokens are made and read in one thread, computed in another."""

    def __init__(self, plan: Plan, device: str) -> None:
        model, tokenizer = load(plan.source, device, plan.dtype, plan.quantisation)
        self._open(plan, device, model, tokenizer)

    def _open(self, plan: Plan, device: str, model: Any, tokenizer: Any) -> None:
        name = plan.source.model
        self._chat = Chat(tokenizer, name)
        vocabulary = model.get_input_embeddings().num_embeddings
        threads = max(1, (os.cpu_count() or 2) // 2)
        self._grammars = Grammars(tokenizer, vocabulary, name, threads)
        own = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._context = min(plan.context, own or plan.context)
        self._name = name
        rows = choose(model, device, plan.rows, name)
        self.batch = Batch(rows, self._grammars, device, _ends(model, tokenizer))
        # One thread: tokenizers may not be used by two at once.
        self._words = ThreadPoolExecutor(1, thread_name_prefix="transformers-words")

    def submit(self, request: Request) -> "Future[Completion]":
        """Ask; a cancelled future frees its row at the next token."""
        outer: Future[Completion] = Future()
        self._words.submit(self._begin, request, outer, time.perf_counter())
        return outer

    def close(self) -> None:
        """Finish what is under way, and free the model."""
        self._words.submit(lambda: None).result()  # what was submitted has reached the batch
        self.batch.close()
        self._words.shutdown()

    def _begin(self, request: Request, outer: "Future[Completion]", start: float) -> None:
        try:
            question = self._question(request)
        except Exception as error:
            if outer.set_running_or_notify_cancel():
                outer.set_exception(error)
            return
        outer.add_done_callback(lambda ended: ended.cancelled() and question.answer.cancel())
        question.answer.add_done_callback(
            lambda answer: (
                None
                if answer.cancelled()
                else self._words.submit(
                    partial(self._finish, len(question.prompt.tokens), outer, start), answer
                )
            )
        )
        self.batch.ask(question)

    def _question(self, request: Request) -> Question:
        prompt = self._chat.encode(request.messages)
        room = self._context - len(prompt.tokens)
        if room < 1:
            raise EngineError(
                f"The prompt has {len(prompt.tokens)} tokens and {self._name} takes"
                f" {self._context} with the answer here; use fewer or shorter demonstrations."
            )
        most = min(room, request.sampling.max_tokens)
        matcher = self._grammars.matcher(request.schema)
        return Question(prompt, request.sampling, request.seed, matcher, most)

    def _finish(
        self, prompt: int, outer: "Future[Completion]", start: float, answer: "Future[Answer]"
    ) -> None:
        if not outer.set_running_or_notify_cancel():
            return
        try:
            found = answer.result()
            usage = {"prompt_tokens": prompt, "completion_tokens": len(found.tokens)}
            reason = "length" if found.cut else "stop"
            text = self._chat.decode(found.tokens)
            outer.set_result(completion(text, reason, usage, time.perf_counter() - start))
        except BaseException as error:
            outer.set_exception(error)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """All tokens that end an answer, by the model's and the tokenizer's own word."""
    found: list[int | None] = [tokenizer.eos_token_id]
    for config in (model.generation_config, model.config):
        named = getattr(config, "eos_token_id", None)
        found += named if isinstance(named, list) else [named]
    return frozenset(token for token in found if token is not None)
