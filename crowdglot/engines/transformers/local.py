"""A model in this process: requests in, completions out, as futures of plain threads."""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from crowdglot.engines.chat import completion
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.transformers.batch import Batch
from crowdglot.engines.transformers.chat import Chat
from crowdglot.engines.transformers.grammar import Grammars
from crowdglot.engines.transformers.model import Source, load
from crowdglot.engines.transformers.question import Question, give
from crowdglot.engines.transformers.rows import choose
from crowdglot.errors import RequestRefused


@dataclass(frozen=True, slots=True)
class Plan:
    """What one device shall run. ``rows``: answers at a time."""

    source: Source
    rows: int
    settings: EngineSettings


class Local:
    """Loads in the caller's thread. Tokens are made and read in one thread, computed in another."""

    def __init__(self, plan: Plan, device: str) -> None:
        settings = plan.settings
        model, tokenizer = load(plan.source, device, settings.dtype, settings.quantisation)
        self._name = plan.source.model
        self._chat = Chat(tokenizer, self._name)
        vocabulary = model.get_input_embeddings().num_embeddings
        threads = max(1, (os.cpu_count() or 2) // 2)
        self._grammars = Grammars(tokenizer, vocabulary, self._name, threads)
        own = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._context = min(settings.context, own or settings.context)
        rows = choose(model, device, plan.rows, self._name)
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
            give(outer, error)
            return
        finish = partial(self._words.submit, self._finish, question, outer, start)
        outer.add_done_callback(lambda ended: ended.cancelled() and question.answer.cancel())
        question.answer.add_done_callback(lambda answer: answer.cancelled() or finish())
        self.batch.ask(question)

    def _question(self, request: Request) -> Question:
        prompt = self._chat.encode(request.messages)
        room = self._context - len(prompt.tokens)
        if room < 1:
            raise RequestRefused(
                f"The prompt has {len(prompt.tokens)} tokens and {self._name} takes"
                f" {self._context} with the answer here; use fewer or shorter demonstrations."
            )
        most = min(room, request.sampling.max_tokens)
        matcher = self._grammars.matcher(request.schema)
        return Question(
            prompt, request.sampling, request.seed, matcher, most, logprobs=request.logprobs
        )

    def _finish(self, question: Question, outer: "Future[Completion]", start: float) -> None:
        try:
            give(outer, self._completion(question, time.perf_counter() - start))
        except BaseException as error:
            give(outer, error)

    def _completion(self, question: Question, seconds: float) -> Completion:
        found = question.answer.result()
        usage = {
            "prompt_tokens": len(question.prompt.tokens),
            "completion_tokens": len(found.tokens),
        }
        reason = "length" if found.cut else "stop"
        told = tuple((self._chat.name(token), value) for token, value in found.first)
        return completion(self._chat.decode(found.tokens), reason, usage, seconds, told)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """All tokens that end an answer, by the model's and the tokenizer's own word."""
    found: list[int | None] = [tokenizer.eos_token_id]
    for config in (model.generation_config, model.config):
        named = getattr(config, "eos_token_id", None)
        found += named if isinstance(named, list) else [named]
    return frozenset(token for token in found if token is not None)
