"""A server of chat completions that costs next to nothing: what is timed against it is the client.

It reads no JSON: every question for a dialogue of ``TURNS`` turns between two speakers gets one of
the dialogues prepared beforehand, after a latency. ``python -m benchmarks.stub LATENCY [heavy]
[varied] [single]`` prints its port and serves until its input is closed; a line on its input makes
it print, as one JSON object, how many questions it got since the last line, when the first of them
came (seconds of the monotonic clock, the same for all processes of a machine), and how many were
under way from the first to the last that came, on average. ``varied``: no two dialogues are alike,
and none makes sense. ``single``: an answer is one turn of such a dialogue, for ``self_play``.
"""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from tests.stub_server import SENTENCES

TURNS = 6
# Events of two speakers, so that all questions have the same keys.
EVENTS = "catching_up,making_plans,reminiscing,complaining"
_DIALOGUES = 997
_HEADERS = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


def _prepared() -> Iterator[bytes]:
    draws = random.Random(3)
    answers = [_answer(draws.sample(SENTENCES["fr"], TURNS)) for _ in range(_DIALOGUES)]
    return cycle(answers)


def _varied() -> Iterator[bytes]:
    sentences = _sentences()
    while True:
        yield _answer([next(sentences) for _ in range(TURNS)])


def _single() -> Iterator[bytes]:
    """Twice as many as are ever on the way, again and again: no dialogue holds one twice."""
    sentences = _sentences()
    return cycle([_body({"turn": next(sentences), "settled": "no"}) for _ in range(4001)])


def _sentences() -> Iterator[str]:
    """Sentences of words drawn from the frequent ones: the critics hear French."""
    from wordfreq import top_n_list

    words = [word for word in top_n_list("fr", 4000) if word.isalpha() and len(word) > 1]
    draws = random.Random(3)
    while True:
        yield " ".join(draws.choices(words, k=9)).capitalize() + "."


def _answer(turns: Sequence[str]) -> bytes:
    keys = [f"{speaker}{number // 2 + 1}" for number, speaker in enumerate("AB" * (TURNS // 2))]
    return _body(dict(zip(keys, turns, strict=True)))


def _body(told: dict[str, str]) -> bytes:
    content = json.dumps(told, ensure_ascii=False)
    choice = {"message": {"content": content}, "finish_reason": "stop", "index": 0}
    usage = {"prompt_tokens": 1000, "completion_tokens": 150, "total_tokens": 1150}
    body = json.dumps({"model": "stub", "choices": [choice], "usage": usage}).encode()
    return _HEADERS.format(len(body)).encode() + body


class _Log:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.asked = self.under_way = 0
        self.first = self.last_asked = 0.0
        self._waited = self._waited_until_asked = self._seen = 0.0

    def begin(self) -> None:
        now = self._look()
        self.first = self.first or now
        self.last_asked, self._waited_until_asked = now, self._waited
        self.asked += 1
        self.under_way += 1

    def end(self) -> None:
        self._look()
        self.under_way -= 1

    @property
    def mean(self) -> float:
        """Questions under way, averaged over the time from the first to the last that came."""
        return self._waited_until_asked / max(1e-9, self.last_asked - self.first)

    def _look(self) -> float:
        """The time; what was under way until now is added up."""
        now = time.monotonic()
        self._waited += self.under_way * (now - self._seen)
        self._seen = now
        return now


class _Talk(asyncio.Protocol):
    """One connection: whole questions in, each answered after its latency."""

    def __init__(self, answers: Iterator[bytes], log: _Log, waits: Iterator[float]) -> None:
        self._answers, self._log, self._waits = answers, log, waits
        self._bytes = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while (end := self._bytes.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._bytes[:end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._bytes) < end + 4 + length:
                return
            del self._bytes[: end + 4 + length]
            if head.startswith(b"get"):
                body = b'{"data":[{"id":"stub"}]}' if b"models" in head.split(b" ")[1] else b""
                status = "200 OK" if body else "404 Not Found"
                self._transport.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
            else:
                self._log.begin()
                last = b"\r\nconnection: close" in head
                self._loop.call_later(next(self._waits), self._answer, last)

    def _answer(self, last: bool) -> None:
        self._log.end()
        if not self._transport.is_closing():
            self._transport.write(next(self._answers))
            if last:
                self._transport.close()


def _waits(latency: float, heavy: bool) -> Iterator[float]:
    """The latency of each question, in seconds; ``heavy``: log-normal with this median."""
    draws = random.Random(5)
    while True:
        yield latency * draws.lognormvariate(0.0, 0.8) if heavy else latency


async def _serve(latency: float, kinds: Sequence[str]) -> None:
    loop, log = asyncio.get_running_loop(), _Log()
    written = {"varied": _varied, "single": _single}
    answers = next((write() for name, write in written.items() if name in kinds), _prepared())
    waits = _waits(latency, "heavy" in kinds)
    server = await loop.create_server(lambda: _Talk(answers, log, waits), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    closed = asyncio.Event()

    def read() -> None:
        for _ in sys.stdin:
            names = ("asked", "first", "mean")
            print(json.dumps({name: getattr(log, name) for name in names}), flush=True)
            log.clear()
        loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=read, daemon=True).start()
    await closed.wait()
    server.close()


class Stub:
    """The server, in a process of its own. ``base_url``: where it is."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.base_url = f"http://127.0.0.1:{port}/v1"

    def told(self) -> dict[str, float]:
        """What it got since the last time it was asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told


@contextmanager
def serving(
    latency: float, *, heavy: bool = False, varied: bool = False, single: bool = False
) -> Iterator[Stub]:
    """A stub with this latency in seconds, stopped at the end."""
    wanted = {"heavy": heavy, "varied": varied, "single": single}
    kinds = [name for name, so in wanted.items() if so]
    command = [sys.executable, "-m", "benchmarks.stub", str(latency), *kinds]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Stub(process, int(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait(10)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), sys.argv[2:]))
