"""The thread that computes: requests come in, join the batch, are drawn token by token, and leave.

On an accelerator a step is launched before the tokens of the last one are read, so that grammars
move on while it computes; a row that has just ended then costs one token in vain.
"""

import logging
import threading
from collections import deque
from typing import Any

import numpy

from crowdglot.engines.transformers.question import Question, fail
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
        self._news: deque[Question] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._fault: BaseException | None = None
        self._waiting: list[Question] = []
        self._running: list[Question] = []
        self._drawn: Any = None
        self._host: Any = None
        self._copied: Any = None
        self._thread = threading.Thread(target=self._work, name="transformers", daemon=True)
        self._thread.start()

    def ask(self, question: Question) -> None:
        """Put a question; its ``answer`` is set by the thread, and may be cancelled."""
        with self._changed:
            if self._closed or self._fault:
                fail([question], self._fault or EngineError("The transformers engine is closed."))
                return
            self._news.append(question)
            self._changed.notify()

    def close(self) -> None:
        """Finish the questions that nobody has cancelled, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        import torch

        if self._device.startswith("cuda"):
            torch.cuda.set_device(self._device)  # each thread has its own
        with torch.inference_mode():
            while self._take_news():
                try:
                    self._round()
                except torch.OutOfMemoryError:
                    self._halve()
                except BaseException as error:
                    with self._changed:
                        self._fault = _told(error)
                        lost = [*self._running, *self._waiting, *self._news]
                    fail(lost, self._fault)
                    return
        self.rows.limit(1)

    def _take_news(self) -> bool:
        """Wait for something to do; False when there is nothing more to come."""
        with self._changed:
            while not (self._news or self._waiting or self._running or self._closed):
                self._changed.wait()
            self._waiting += self._news
            self._news.clear()
        self._waiting = [each for each in self._waiting if not each.answer.cancelled()]
        if self.rows.static:
            self._waiting.sort(key=lambda each: len(each.prompt.tokens))
        return bool(self._waiting or self._running or not self._closed)

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
        if self._device != "cpu":
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
        room = self.rows.room(len(self._running))
        enough = min(len(self._waiting), max(1, self.rows.most_rows // 16))
        return self._waiting[:room] if room >= enough or not self._running else []

    def _draw(self, logits: Any) -> None:
        """The next token of each row: on the device, and on its way to main memory."""
        import torch

        rows = self._running
        values = settings([row.sampling for row in rows], [row.uniform() for row in rows])
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

        Rows begin from their first token; with their own seeds they come to the same text.
        """
        import torch

        # Those that were about to join are among the waiting ones still.
        tried = min(self.rows.most_rows, len(self._running) + len(self._waiting))
        for row in self._running:
            row.begin()
        self._waiting = [row for row in (*self._running, *self._waiting) if not row.answer.done()]
        self._running, self._drawn = [], None
        if tried == 1:
            lost, self._waiting = self._waiting[:1], self._waiting[1:]
            words = (
                f"The memory of {self._device} does not hold a single answer; use a smaller model,"
                " engine.quantisation, or shorter prompts."
            )
            fail(lost, EngineError(words))
        self.rows.limit(max(1, tried // 2))
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()
        _LOG.info("%s ran out of memory; now %d at a time", self._device, self.rows.most_rows)


def _told(error: BaseException) -> BaseException:
    """A fault of the device in one sentence; a fault of ours as it is."""
    if type(error).__name__ == "AcceleratorError":
        first = str(error).split("\n", 1)[0][:200]
        return EngineError(f"The accelerator failed ({first}); see its driver, then start again.")
    return error
