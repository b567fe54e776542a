"""What only the embedded engine promises."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crowdglot.engines.embedded import Embedded
from crowdglot.engines.engine import Completion, Message, Request, Sampling
from crowdglot.engines.settings import EngineSettings
from crowdglot.errors import EngineError
from tests.engines.questions import SYSTEM, question

pytestmark = pytest.mark.server


def embedded(model: Path, context: int = 1024, concurrency: int = 1) -> Embedded:
    return Embedded(EngineSettings(model=str(model), context=context, concurrency=concurrency))


def answers(model: Path, asked: Sequence[Request]) -> list[Completion]:
    """The answers of a fresh engine, asked one after another."""

    async def run() -> list[Completion]:
        async with embedded(model) as engine:
            return [await engine.complete(request) for request in asked]

    return asyncio.run(run())


def texts(model: Path, asked: Sequence[Request]) -> list[str]:
    """Their texts."""
    return [answer.text for answer in answers(model, asked)]


def told(model: Path, asked: Sequence[Request]) -> list[object]:
    """Their texts and first log-probabilities: these show another rounding, texts seldom do."""
    found = answers(model, [replace(request, logprobs=5) for request in asked])
    return [(answer.text, answer.logprobs) for answer in found]


def other_prefix(request: Request, shown: str = "Hi.") -> Request:
    """The same question behind another prefix."""
    messages = (SYSTEM, Message("user", shown), Message("assistant", "{}"), request.messages[-1])
    return Request(messages, request.schema, request.sampling, request.seed)


def bare(request: Request) -> Request:
    """The same question without a prefix."""
    return Request(request.messages[-1:], request.schema, request.sampling, request.seed)


def test_with_one_slot_a_completion_depends_on_its_request_alone(small_model: Path) -> None:
    wanted = question("the sea", seed=5, max_tokens=24)
    (alone,) = told(small_model, [wanted])
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
    found = told(small_model, history)
    assert {found[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


@pytest.mark.slow
def test_with_one_slot_demonstrations_read_before_leave_no_trace(small_model: Path) -> None:
    wanted = other_prefix(question("the sea", seed=5, max_tokens=24))
    (alone,) = told(small_model, [wanted])
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
    found = told(small_model, history)
    assert {found[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


@pytest.mark.slow
def test_with_one_slot_a_first_line_read_before_leaves_no_trace(small_model: Path) -> None:
    def about(topic: str, max_tokens: int = 24) -> Request:
        asked = question("the sea", seed=5, max_tokens=max_tokens)
        text = f"Language: English\nTopic: {topic}"
        messages = (*asked.messages[:-1], Message("user", text))
        return Request(messages, asked.schema, asked.sampling, asked.seed)

    wanted = about("the sea")
    (alone,) = told(small_model, [wanted])
    history = [
        about("the sea, the wind and a very long way home", max_tokens=8),
        wanted,
        question("bread", max_tokens=8),
        wanted,
        about("\nbread", max_tokens=8),
        about("bread", max_tokens=8),
        wanted,
    ]
    found = told(small_model, history)
    assert {found[at] for at, asked in enumerate(history) if asked is wanted} == {alone}


def test_a_talk_that_grows_is_answered_as_if_it_was_asked_at_once(small_model: Path) -> None:
    """Each side has its slot, but what a side is asked may not depend on what stands in it."""
    shown = (SYSTEM, *question().messages[1:3])

    def turn(number: int) -> Request:
        texts = [f"Turn {at}" + ", the sea" * at for at in range(12)]
        said = [Message(("user", "assistant")[at % 2], text) for at, text in enumerate(texts)]
        side = number % 2
        heard = (Message("user", f"You are {side}."), Message("assistant", "Yes."))
        messages = (*shown, *heard, *said[: 2 * number + 1])
        return Request(messages, {}, Sampling(max_tokens=4), seed=1, side=side)

    talk = [turn(number) for number in range(6)]
    grown = told(small_model, talk)
    assert grown == [told(small_model, [asked])[0] for asked in talk]
    assert grown == told(small_model, [replace(asked, side=0) for asked in talk])


def test_one_slot_stays_reproducible_after_cancelled_and_refused_calls(small_model: Path) -> None:
    wanted = question("the sea", seed=5, max_tokens=24)
    (alone,) = texts(small_model, [wanted])

    async def run() -> str:
        async with embedded(small_model) as engine:
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
        engine: Embedded, cancelled: Any, slot: int, messages: tuple[Message, ...], anew: bool
    ) -> None:
        if messages[-1].role != "user":
            raise EngineError("no prefix alone")
        assert anew
        read(engine, cancelled, slot, messages, anew)

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
        async with embedded(small_model, 2048, 2) as engine:
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
        async with embedded(small_model) as engine:
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


def test_log_probabilities_change_nothing_else(small_model: Path) -> None:
    likeliest = Sampling(temperature=0.0, repeat_penalty=1.0, max_tokens=6)
    plain = Request((Message("user", "Is snow cold? Say yes or no."),), {}, likeliest, 1)
    without, told, same = answers(
        small_model, [plain, replace(plain, logprobs=5), replace(plain, logprobs=5)]
    )
    assert (without.logprobs, without.text) == ((), told.text)
    assert told.logprobs == same.logprobs
    assert len(told.logprobs) == 5
    assert told.logprobs[0][0] and told.text.startswith(told.logprobs[0][0])


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
        async with embedded(small_model) as engine:
            await engine.complete(asked)
            return engine._prompt_caches[0].beginnings[-1]

    assert asyncio.run(ask()) == asked.messages[:-1]
