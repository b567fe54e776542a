"""What only the embedded engine promises."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crowdglot.engines.embedded import Embedded, _stages
from crowdglot.engines.engine import Message, Request, Sampling
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable
from tests.engines.questions import SYSTEM, question

pytestmark = pytest.mark.server


def texts(model: Path, asked: Sequence[Request]) -> list[str]:
    """The answers of a fresh engine, asked one after another."""

    async def run() -> list[str]:
        async with Embedded(str(model), context=1024) as engine:
            return [(await engine.complete(request)).text for request in asked]

    return asyncio.run(run())


def other_prefix(request: Request, shown: str = "Hi.") -> Request:
    """The same question behind another prefix."""
    messages = (SYSTEM, Message("user", shown), Message("assistant", "{}"), request.messages[-1])
    return Request(messages, request.schema, request.sampling, request.seed)


def bare(request: Request) -> Request:
    """The same question without a prefix."""
    return Request(request.messages[-1:], request.schema, request.sampling, request.seed)


def test_with_one_slot_a_completion_depends_on_its_request_alone(small_model: Path) -> None:
    wanted = question("the sea", seed=5, max_tokens=24)
    (alone,) = texts(small_model, [wanted])
    history = [
        question("the sea", seed=4, max_tokens=24),  # the same prompt: all of it is in the cache
        wanted,
        question("bread", max_tokens=8),  # the same prefix
        wanted,
        other_prefix(wanted),
        wanted,
        bare(wanted),
        question("the sea, the wind and a very long way home", max_tokens=8),
        wanted,
        wanted,
    ]
    answers = texts(small_model, history)
    assert {answers[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


def test_with_one_slot_demonstrations_read_before_leave_no_trace(small_model: Path) -> None:
    wanted = other_prefix(question("the sea", seed=5, max_tokens=24))
    (alone,) = texts(small_model, [wanted])
    history = [
        other_prefix(wanted, "Hi there, you."),
        wanted,
        other_prefix(question("bread", max_tokens=8)),  # the same prefix
        wanted,
        bare(wanted),
        wanted,
        question("the sea", seed=5, max_tokens=24),  # the first message of it alone
        wanted,
    ]
    answers = texts(small_model, history)
    assert {answers[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


def test_with_one_slot_a_first_line_read_before_leaves_no_trace(small_model: Path) -> None:
    def about(topic: str, max_tokens: int = 24) -> Request:
        asked = question("the sea", seed=5, max_tokens=max_tokens)
        text = f"Language: English\nTopic: {topic}"
        messages = (*asked.messages[:-1], Message("user", text))
        return Request(messages, asked.schema, asked.sampling, asked.seed)

    wanted = about("the sea")
    (alone,) = texts(small_model, [wanted])
    history = [
        about("the sea, the wind and a very long way home", max_tokens=8),
        wanted,
        question("bread", max_tokens=8),
        wanted,
        about("\nbread", max_tokens=8),
        about("bread", max_tokens=8),
        wanted,
    ]
    answers = texts(small_model, history)
    assert {answers[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


def test_the_stages_of_a_prompt_end_where_others_may_part() -> None:
    system, shown, answer = (
        Message(*said) for said in (("system", "s"), ("user", "u"), ("assistant", "a"))
    )
    asked = Message("user", "Language: French\nTopic: bread\n")
    start = (system, shown, answer)
    first = Message("user", "Language: French\n")
    assert _stages((*start, asked)) == [(system,), start, (*start, first)]
    assert _stages((*start, Message("user", "French\n\nTopic"))) == [(system,), start]
    assert _stages((asked,)) == [(first,)]
    assert _stages((Message("user", "One line."),)) == []


class Slot:
    """An engine whose readings are noted, not done. ``faults``: raised by the next ones."""

    def __init__(self) -> None:
        self.engine = Embedded()
        self.engine._read = self.read  # type: ignore[method-assign]
        self.reads: list[tuple[tuple[Message, ...], bool]] = []
        self.faults: list[Exception | None] = []

    def read(
        self,
        body: Any,
        messages: tuple[Message, ...],
        cancelled: Any,
        *,
        from_nothing: bool = False,
    ) -> None:
        if fault := self.faults.pop(0) if self.faults else None:
            raise fault
        self.reads.append((messages, from_nothing))

    def settle(self, messages: tuple[Message, ...]) -> list[tuple[tuple[Message, ...], bool]]:
        """What is read to bring the slot to ``messages``: up to where, and whether from nothing."""
        self.reads.clear()
        self.engine._settle({}, messages, lambda: False)
        return list(self.reads)


SHOWN = (SYSTEM, Message("user", "u"), Message("assistant", "a"))
FRENCH = (*SHOWN, Message("user", "Language: French\n"))
BREAD, SEA = (
    (*SHOWN, Message("user", f"Language: French\nTopic: {it}\n")) for it in ("bread", "sea")
)


def test_what_is_behind_the_last_shared_stage_is_dropped_by_reading_that_stage_again() -> None:
    slot = Slot()
    first = [((SYSTEM,), True), (SHOWN, False), (FRENCH, False), (BREAD, False)]
    assert slot.settle(BREAD) == first
    assert slot.settle(BREAD) == []
    assert slot.settle(SEA) == [(FRENCH, False), (SEA, False)]
    other = (SYSTEM, Message("user", "v"), Message("assistant", "b"), BREAD[-1])
    line = (*other[:-1], FRENCH[-1])
    assert slot.settle(other) == [((SYSTEM,), False), (other[:3], False), (line, False),
                                  (other, False)]  # fmt: skip
    alone = (Message("user", "One line."),)
    assert slot.settle(alone) == [(alone, True)]
    assert slot.settle(BREAD) == first


def test_a_reading_that_failed_for_a_moment_leaves_no_other_stages() -> None:
    slot = Slot()
    slot.faults = [EngineUnavailable("later")]
    with pytest.raises(EngineUnavailable):
        slot.settle(BREAD)
    assert slot.settle(BREAD)[0] == ((SYSTEM,), True)
    slot = Slot()
    slot.faults = [EngineError("this template wants a user first")]
    assert slot.settle(BREAD) == [(SHOWN, True), (FRENCH, False), (BREAD, False)]
    slot.faults = [None, EngineError("this template wants a user first")]
    assert slot.settle(SEA) == [(FRENCH, False), (SEA, False)]


def test_one_slot_stays_reproducible_after_cancelled_and_refused_calls(small_model: Path) -> None:
    wanted = question("the sea", seed=5, max_tokens=24)
    (alone,) = texts(small_model, [wanted])

    async def run() -> str:
        async with Embedded(str(small_model), context=1024) as engine:
            for wait in (0.05, 0.3):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(wait):
                        await engine.complete(question("bread " * 300, max_tokens=500))
            with pytest.raises(EngineError):
                await engine.complete(question("bread " * 2000))
            return (await engine.complete(wanted)).text

    assert asyncio.run(run()) == alone


def test_a_template_that_takes_no_prefix_only_costs_the_cache(
    small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Embedded._read

    def refuse(
        engine: Embedded, body: Any, messages: tuple[Message, ...], *_: Any, **how: Any
    ) -> None:
        if messages[-1].role != "user":
            raise EngineError("no prefix alone")
        assert how["from_nothing"]
        read(engine, body, messages, *_, **how)

    monkeypatch.setattr(Embedded, "_read", refuse)
    wanted = other_prefix(question("the sea", seed=5, max_tokens=24))
    first, _, again = texts(small_model, [wanted, question("bread"), wanted])
    assert first == again


def test_it_is_quiet_and_leaves_the_signals_alone(
    small_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        texts(small_model, [question(max_tokens=4)])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as Python has it; a shell's background job starts with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_signals_survive_a_load_outside_the_main_thread(small_model: Path) -> None:
    thread = threading.Thread(target=texts, args=(small_model, [question(max_tokens=2)]))
    thread.start()
    thread.join()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_leaving_waits_for_calls_that_run_and_cancelled_ones_end_soon(small_model: Path) -> None:
    async def run() -> float:
        async with Embedded(str(small_model), concurrency=2, context=2048) as engine:
            kept = asyncio.create_task(engine.complete(question(max_tokens=20)))
            long = asyncio.create_task(engine.complete(other_prefix(question(max_tokens=1500))))
            await asyncio.sleep(0.3)
            long.cancel()
            start = time.perf_counter()
        assert (await kept).text
        return time.perf_counter() - start

    assert asyncio.run(run()) < 15


def test_the_event_loop_stays_free(small_model: Path) -> None:
    async def run() -> int:
        ticks = 0
        async with Embedded(str(small_model), context=1024) as engine:
            call = asyncio.create_task(engine.complete(question(max_tokens=100)))
            while not call.done():
                await asyncio.sleep(0.005)
                ticks += 1
            await call
        return ticks

    assert asyncio.run(run()) > 20


def test_models_that_cannot_be_loaded(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(4096))
    for model, words in (
        (broken, "cannot load this model"),
        (tmp_path / "none.gguf", "no such file"),
    ):
        with pytest.raises(EngineError, match=words):
            texts(model, [])
    with pytest.raises(ConfigurationError, match="at least 1"):
        Embedded("m", concurrency=0)


def test_a_schema_that_llama_cpp_does_not_know_is_an_error(small_model: Path) -> None:
    asked = question()
    odd = Request(asked.messages, {"type": "nonsense"}, asked.sampling, 1)
    with pytest.raises(EngineError, match="refuses the request"):
        texts(small_model, [odd])
    assert texts(small_model, [Request(asked.messages, {}, asked.sampling, 1)])[0]


def test_a_demonstration_with_other_keys_does_not_cost_the_cache(small_model: Path) -> None:
    """The prefix ends with an answer that the schema of the request would refuse."""
    shown = Message("assistant", '{"A1": "Hi there.", "B1": "Hello.", "A2": "Off we go."}')
    asked = Request(
        messages=(Message("user", "A short talk."), shown, Message("user", "Another one.")),
        schema={
            "type": "object",
            "properties": {"A1": {"type": "string"}, "B1": {"type": "string"}},
            "required": ["A1", "B1"],
            "additionalProperties": False,
        },
        sampling=Sampling(max_tokens=48),
        seed=1,
    )

    async def ask() -> tuple[Message, ...]:
        async with Embedded(str(small_model), context=1024) as engine:
            await engine.complete(asked)
            return engine._stages[-1]

    assert asyncio.run(ask()) == asked.messages[:-1]
