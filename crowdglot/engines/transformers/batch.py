"""The thread that computes: questions join the batch, get token after token, and leave.

On an accelerator a step is launched before the tokens of the last one are read, so that the
grammars advance while it computes; for a row that has just ended, one token is computed in vain.
"""

import logging
import threading
from queue import SimpleQueue
from typing import Any

import numpy

from crowdglot.engines.transformers.question import Question, give
from crowdglot.engines.transformers.rows import Rows
from crowdglot.engines.transformers.sampling import draw, settings
from crowdglot.errors import EngineError

_LOG = logging.getLogger(__name__)


class Batch:
    """Starts its thread at once; ``ends``: tokens that end a free answer."""

    def __init__(self, rows: Rows, grammars: Any, device: str, ends: frozenset[int]) -> None:
        self.rows = rows
        self._grammars = grammars
        self._device = device
        self._ends = ends
        self._ahead = device != "cpu"
        self._news: SimpleQueue[Question | None] = SimpleQueue()  # None: no more will come
        self._open = True
        self._fault: BaseException | None = None
        self._waiting: list[Question] = []
        self._running: list[Question] = []
        self._drawn: Any = None
        self._host: Any = None
        self._copied: Any = None
        self._thread = threading.Thread(target=self._work, name="transformers", daemon=True)
        self._thread.start()

    def ask(self, question: Question) -> None:
        """Queue a question; the thread sets its ``answer``, which may be cancelled."""
        self._news.put(question)

    def close(self) -> None:
        """Finish the questions that nobody has cancelled, and end the thread."""
        self._news.put(None)
        self._thread.join()

    def _work(self) -> None:
        import torch

        if self._device.startswith("cuda"):
            torch.cuda.set_device(self._device)  # each thread has a current device of its own
        with torch.inference_mode():
            while self._take_news():
                try:
                    if not self._fault:
                        self._round()
                except torch.OutOfMemoryError:
                    self._halve()
                except BaseException as error:
                    self._fault = error
                    if type(error).__name__ == "AcceleratorError":
                        said = str(error).split("\n", 1)[0][:200]
                        self._fault = EngineError(
                            f"The accelerator failed ({said}); see its driver, then start again."
                        )
                if self._fault:
                    for question in (*self._running, *self._waiting):
                        give(question.answer, self._fault)
                    self._running, self._waiting = [], []
        if not self._fault:
            self.rows.limit(1)

    def _take_news(self) -> bool:
        """Wait for something to do; False when there is nothing more to come."""
        while self._open and not (self._news.empty() and (self._waiting or self._running)):
            question = self._news.get()
            if question is None:
                self._open = False
            else:
                self._waiting.append(question)
        self._waiting = [each for each in self._waiting if not each.answer.cancelled()]
        if self.rows.static:
            self._waiting.sort(key=lambda each: len(each.prompt.tokens))
        return bool(self._waiting or self._running or self._open)

    def _round(self) -> None:
        """Hand out the tokens drawn last, let questions join, compute, and draw."""
        import torch

        logits = None
        if self._ahead and self._running:
            logits = self.rows.step(self._drawn)
        order = self._hand_out()
        if len(order) < len(self._running):
            self._running = [self._running[at] for at in order]
            self.rows.keep(order)
            if order:
                index = torch.tensor(order, device=self._device)
                logits = None if logits is None else logits.index_select(0, index)
                self._drawn = self._drawn.index_select(0, index)
        parts = []
        if self._running:
            parts.append(self.rows.step(self._drawn) if logits is None else logits)
        if joining := self._joining():
            parts.append(self.rows.join([each.prompt for each in joining]))
            for row, question in enumerate(joining):
                question.see(parts[-1][row])
            self._running += joining
            del self._waiting[: len(joining)]
        if parts:
            self._draw(torch.cat(parts))

    def _hand_out(self) -> list[int]:
        """Give the drawn tokens to their rows; the rows that go on, gaps filled from the end."""
        if not self._running:
            return []
        if self._ahead:
            self._copied.synchronize()
        tokens = self._host.tolist()
        on = [
            at
            for at, (row, token) in enumerate(zip(self._running, tokens, strict=True))
            if not (row.answer.cancelled() or row.take(token, self._ends))
        ]
        stay = {at for at in on if at < len(on)}
        tail = iter([at for at in on if at >= len(on)])
        return [at if at in stay else next(tail) for at in range(len(on))]

    def _joining(self) -> list[Question]:
        """The questions that join now; some at a time, so that prompts are read together."""
        room = self.rows.most_rows - len(self._running)
        if self.rows.static and self._running:
            return []
        enough = min(len(self._waiting), max(1, self.rows.most_rows // 16))
        return self._waiting[:room] if room >= enough or not self._running else []

    def _draw(self, logits: Any) -> None:
        """The next token of each row: on the device, and on its way to main memory."""
        import torch

        rows = self._running
        values = settings(
            [row.sampling for row in rows], [row.draws.word() / 2**64 for row in rows]
        )
        recent = torch.from_numpy(numpy.stack([row.recent for row in rows]))
        masks = self._grammars.masks([row.matcher for row in rows])
        self._drawn = draw(
            logits,
            self._sent(torch.from_numpy(values)),
            self._sent(recent),
            None if masks is None else self._sent(masks),
        )
        if self._device == "cpu":
            self._host = self._drawn
            return
        self._host = torch.empty_like(self._drawn, device="cpu", pin_memory=True)
        self._host.copy_(self._drawn, non_blocking=True)
        self._copied = torch.cuda.Event()
        self._copied.record()

    def _sent(self, tensor: Any) -> Any:
        if self._device == "cpu":
            return tensor
        return tensor.pin_memory().to(self._device, non_blocking=True)

    def _halve(self) -> None:
        """After running out of memory: begin again with half as many rows at a time.

        Rows begin anew from their first token; with their own seeds they get the same text.
        """
        import torch

        # Questions that were about to join are still among the waiting ones.
        tried = min(self.rows.most_rows, len(self._running) + len(self._waiting))
        self._waiting = [row for row in (*self._running, *self._waiting) if not row.answer.done()]
        for row in self._waiting:
            row.begin()
        self._running, self._drawn = [], None
        if tried == 1:
            words = (
                f"The memory of {self._device} does not hold a single answer; use a smaller model,"
                " engine.quantisation, or shorter prompts."
            )
            for question in self._waiting[:1]:
                give(question.answer, EngineError(words))
            del self._waiting[:1]
        self.rows.limit(max(1, tried // 2))
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()
        _LOG.info("%s ran out of memory; now %d at a time", self._device, self.rows.most_rows)
