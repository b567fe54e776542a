"""A model in this process: requests in, completions out, as futures of plain threads."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from crowdglot.engines.chat import completion
from crowdglot.engines.engine import Completion, Request
from crowdglot.engines.lines import by_line, line_logprobs
from crowdglot.engines.settings import EngineSettings
from crowdglot.engines.transformers.batch import Batch
from crowdglot.engines.transformers.chat import Chat
from crowdglot.engines.transformers.grammar import Grammars
from crowdglot.engines.transformers.model import load
from crowdglot.engines.transformers.question import Question, give
from crowdglot.engines.transformers.rows import choose
from crowdglot.engines.weights.resolving import Weights
from crowdglot.errors import ContextTooSmall, RequestRefused

# Of texts that are read together: the tokens, blanks included, and how many times longer than the
# shortest the longest may be. Of logits: how many rows become logarithms at once.
_MOST_TOKENS, _MOST_BLANK, _ROWS = 2048, 1.5, 256


class Local:
    """``most_rows`` answers at a time. Loads in the caller's thread; one thread tokenizes and
    decodes, another one computes."""

    def __init__(
        self, weights: Weights, most_rows: int, settings: EngineSettings, device: str
    ) -> None:
        model, tokenizer = load(weights, device, settings.dtype, settings.quantisation)
        self._name, self._model, self._device = weights.model, model, device
        self._chat = Chat(tokenizer, self._name)
        vocabulary = model.get_input_embeddings().num_embeddings
        threads = max(1, (os.cpu_count() or 2) // 2)
        self._grammars = Grammars(tokenizer, vocabulary, self._name, threads)
        own = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._context = min(settings.context, own or settings.context)
        rows = choose(model, device, most_rows, self._name)
        self.batch = Batch(rows, self._grammars, device, _ends(model, tokenizer))
        # One thread, because a tokenizer may not be used by two.
        self._words = ThreadPoolExecutor(1, thread_name_prefix="transformers-words")

    def submit(self, request: Request) -> "Future[Completion]":
        """Ask; a cancelled future frees its row at the next token."""
        outer: Future[Completion] = Future()
        self._words.submit(self._begin, request, outer, time.perf_counter())
        return outer

    def close(self) -> None:
        """Finish what is under way, and free the model."""
        self._words.submit(lambda: None).result()  # by now all requests have reached the batch
        self.batch.close()
        self._words.shutdown()

    def _begin(self, request: Request, outer: "Future[Completion]", start: float) -> None:
        try:
            if request.scored:
                give(outer, self._scored([one.content for one in request.messages], start))
                return
            prompt = self._chat.encode(request.messages)
            most = min(self._room(prompt.tokens), request.sampling.max_tokens)
            matcher = self._grammars.matcher(request.schema)
            told = request.logprobs
            question = Question(prompt, request.sampling, request.seed, matcher, most, told)
        except Exception as error:
            give(outer, error)
            return

        def finish(answer: "Future[str]") -> None:
            if not answer.cancelled():
                self._words.submit(self._finish, question, outer, start)

        outer.add_done_callback(lambda ended: ended.cancelled() and question.answer.cancel())
        question.answer.add_done_callback(finish)
        self.batch.ask(question)

    def _room(self, tokens: Sequence[int]) -> int:
        """How many tokens of an answer fit after these."""
        room = self._context - len(tokens)
        if room < 1:
            raise ContextTooSmall(
                f"The prompt has {len(tokens)} tokens and {self._name} takes {self._context} with"
                " the answer here; use fewer or shorter demonstrations."
            )
        return room

    def _scored(self, texts: Sequence[str], start: float) -> Completion:
        """How likely texts are; nothing is written."""
        read = [self._chat.read(text) for text in texts]
        self._room(max(read, key=len))
        try:
            told = prompt_logprobs(self._model, self._device, read)
            lines = []
            for text, tokens, values in zip(texts, read, told, strict=True):
                names = [self._chat.decode([token], special=True) for token in tokens]
                lines.append(by_line(text, list(zip(names, values, strict=True))))
            likely, whole = line_logprobs(texts, lines)
        except (ValueError, MemoryError, RuntimeError) as fault:  # also torch's own lack of memory
            first = (str(fault).splitlines() or ["no reason"])[0][:200]
            words = f"{self._name} does not tell how likely a text is: {first}."
            raise RequestRefused(words) from None
        usage = {"prompt_tokens": sum(map(len, read))}
        return completion("", "stop", usage, time.perf_counter() - start, likely, whole)

    def _finish(self, question: Question, outer: "Future[Completion]", start: float) -> None:
        try:
            reason = question.answer.result()
            usage = {
                "prompt_tokens": len(question.prompt.tokens),
                "completion_tokens": len(question.tokens),
            }
            text, seconds = self._chat.decode(question.tokens), time.perf_counter() - start
            names = [self._chat.decode([token], special=True) for token, _ in question.first]
            told = tuple(zip(names, (value for _, value in question.first), strict=True))
            give(outer, completion(text, reason, usage, seconds, told))
        except BaseException as error:
            give(outer, error)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """All tokens that end an answer, as the model's and the tokenizer's files name them."""
    found: list[int | None] = [tokenizer.eos_token_id]
    for config in (model.generation_config, model.config):
        named = getattr(config, "eos_token_id", None)
        found += named if isinstance(named, list) else [named]
    return frozenset(token for token in found if token is not None)


def prompt_logprobs(
    model: Any, device: str, texts: Sequence[Sequence[int]]
) -> list[list[float | None]]:
    """Of each text the natural-log probability of its tokens after those before; None of the first.

    Texts of similar length are read together, filled up on the right: that no token looks back on.
    """
    import torch

    told: list[list[float | None]] = [[] for _ in texts]
    with torch.inference_mode():
        for group in _groups(texts):
            longest = max(len(texts[at]) for at in group)
            filled = [[*texts[at], *[0] * (longest - len(texts[at]))] for at in group]
            read = torch.tensor(filled, device=device)
            logits = model(input_ids=read, use_cache=False).logits
            for row, at in enumerate(group):
                count = len(texts[at])
                likely = _likely(logits[row, : count - 1], read[row, 1:count])
                told[at] = [None, *likely][:count]
    return told


def _likely(logits: Any, tokens: Any) -> list[float]:
    """Of each token the log-probability; ``logits``: (tokens, vocabulary). Some at a time, for a
    large vocabulary in full precision takes more memory than the model."""
    found: list[float] = []
    for rows, those in zip(logits.split(_ROWS), tokens.split(_ROWS), strict=True):
        whole = rows.float()
        found += (whole.gather(-1, those[:, None])[:, 0] - whole.logsumexp(-1)).tolist()
    return found


def _groups(texts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The numbers of texts that are read together."""
    groups: list[list[int]] = []
    for at in sorted(range(len(texts)), key=lambda one: len(texts[one])):
        most = (
            min(_MOST_BLANK * len(texts[groups[-1][0]]), _MOST_TOKENS / (len(groups[-1]) + 1))
            if groups
            else 0.0
        )
        if len(texts[at]) <= most:
            groups[-1].append(at)
        else:
            groups.append([at])
    return groups
