"""The OpenAI engine against servers that fail in every way we know of."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable
from engines.engine import Completion
from engines.openai import OpenAI
from tests.engines.questions import question
from tests.engines.stub_server import (
    Reply,
    Stub,
    chat,
    cut_short,
    endless,
    fixed,
    raw,
    reset,
)

pytestmark = pytest.mark.server
KEY = "sk-canary-7f3a9b"
TEXT = '{"A1": "Yes.", "B1": "No."}'


def ask(stub: Stub, *, times: int = 1, **options: Any) -> list[Completion | BaseException]:
    """The outcomes of asking ``times`` times, one after another."""
    options = dict[str, Any](first_wait=0.01, api_key=KEY, tries=3) | options

    async def run() -> list[Completion | BaseException]:
        outcomes: list[Completion | BaseException] = []
        async with (
            asyncio.timeout(20),
            stub.served() as url,
            OpenAI(base_url=url, **options) as engine,
        ):
            for seed in range(times):
                try:
                    outcomes.append(await engine.complete(question(seed=seed)))
                except EngineError as error:
                    outcomes.append(error)
        return outcomes

    return asyncio.run(run())


def answer_of(*replies: Reply, **options: Any) -> Completion:
    """The one completion that came out of these replies."""
    (outcome,) = ask(Stub(*replies), **options)
    assert isinstance(outcome, Completion), outcome
    return outcome


def error_of(*replies: Reply, **options: Any) -> EngineError:
    """The one error that came out of these replies: a single sentence or two, no key in it."""
    (outcome,) = ask(Stub(*replies), **options)
    assert isinstance(outcome, EngineError), outcome
    assert KEY not in str(outcome)
    assert "\n" not in str(outcome)
    assert str(outcome).startswith("http://127.0.0.1:")
    return outcome


def test_the_request_carries_everything_once() -> None:
    stub = Stub(chat())
    (answer,) = ask(stub, model="")
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish_reason) == (TEXT, "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (11, 7)
    (body,) = stub.asked
    assert body["model"] == "first-model"
    assert body["seed"] == 0
    assert (body["min_p"], body["repeat_penalty"], body["repetition_penalty"]) == (0.05, 1.1, 1.1)
    assert body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in body["messages"]][-1] == "user"
    assert stub.keys == [f"Bearer {KEY}"]


def test_no_key_no_header() -> None:
    stub = Stub(chat())
    ask(stub, api_key=None)
    assert stub.keys == [None]


@pytest.mark.parametrize(
    "fault",
    [
        fixed(500, error={"message": "boom"}),
        fixed(503),
        fixed(429),
        reset,
        cut_short,
        raw(b"<html>gateway</html>", "text/html"),
        raw(b"{", "application/json"),
        raw(b'{"choices": [' + b"[" * 200_000),
        raw(b"[]"),
        raw(b"null"),
        raw(b"\xff\xfe\x00"),
        fixed(choices=[]),
        fixed(choices=None),
        fixed(choices=[{"message": None}]),
        fixed(error={"code": 502, "message": "upstream"}),
        raw(b'"' + b"x" * 10_000_000 + b'"'),
    ],
)
def test_what_may_pass_is_asked_again(fault: Reply) -> None:
    assert answer_of(fault, fault, chat()).text == TEXT
    assert isinstance(error_of(fault), EngineUnavailable)


def test_answers_that_never_end_or_come_too_late() -> None:
    async def late(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    for fault in (endless, late):
        assert answer_of(fault, chat(), time_out=0.2).text == TEXT
        assert "within 0.1 s" in str(error_of(fault, time_out=0.1, tries=1))


def test_retry_after_is_honoured_and_capped() -> None:
    def wait_for(header: str, longest: float) -> float:
        start = time.perf_counter()
        answer_of(fixed(429, headers={"Retry-After": header}), chat(), longest_wait=longest)
        return time.perf_counter() - start

    assert wait_for("0.6", 9) > 0.6
    assert wait_for("3600", 0.3) < 2
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    assert 0.9 < wait_for(date, 9) < 3.5
    assert wait_for("nonsense", 9) < 0.6
    assert wait_for("nan", 9) < 0.6
    assert wait_for("-5", 9) < 0.6


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (fixed(401, error={"message": f"bad key {KEY}"}), r"API key \(401: bad key \*\*\*\)"),
        (fixed(403), "API key"),
        (fixed(404, error="model 'x' not found"), "engine.base_url"),
        (fixed(400, error={"message": "context length exceeded"}), "context length exceeded"),
        (fixed(422, detail=[{"msg": "Field required"}]), "Field required"),
        (fixed(413), "413"),
        (fixed(308, headers={"Location": "http://elsewhere"}), "elsewhere"),
        (fixed(429, error={"code": "insufficient_quota", "message": "Pay."}), "quota"),
        (raw(b"line\r\nbreak \x1b[31m red", "text/plain", 400), "line break"),
    ],
)
def test_what_will_never_pass_is_told_at_once(fault: Reply, words: str) -> None:
    stub = Stub(fault)
    (error,) = ask(stub)
    assert isinstance(error, EngineError) and not isinstance(error, EngineUnavailable)
    assert error_of(fault).args[0].isprintable()
    with pytest.raises(EngineError, match=words):
        raise error
    assert len(stub.asked) == 1


def test_fields_that_a_server_refuses_are_dropped_and_remembered() -> None:
    async def picky(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        for field in ("min_p", "repeat_penalty", "chat_template_kwargs", "repetition_penalty"):
            if field in asked:
                message = f"Unrecognized request argument supplied: {field}"
                return web.json_response({"error": {"message": message}}, status=400)
        if "max_tokens" in asked:
            message = "Unsupported parameter: use 'max_completion_tokens' instead."
            return web.json_response({"error": {"message": message}}, status=400)
        return await chat()(request, asked)

    stub = Stub(picky)
    assert all(isinstance(outcome, Completion) for outcome in ask(stub, times=3))
    assert len(stub.asked) == 5 + 3
    assert stub.asked[-1]["max_completion_tokens"] == 160
    assert "response_format" in stub.asked[-1]


@pytest.mark.parametrize(
    "refusal",
    [
        fixed(400, error={"message": "response_format json_schema is not supported"}),
        fixed(422, detail="guided decoding is off"),
        fixed(404, error={"message": "No endpoints support structured outputs"}),
        fixed(501, error="grammar is not implemented"),
        fixed(error={"code": 400, "message": "json_schema unsupported"}),
    ],
)
def test_without_structured_output_the_plain_request_is_sent(refusal: Reply) -> None:
    stub = Stub(refusal, chat())
    outcomes = ask(stub, times=3)
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert ["response_format" in body for body in stub.asked] == [True, False, False, False]


def test_odd_completions_are_completions() -> None:
    assert answer_of(chat(None)).text == ""
    assert answer_of(chat(None, refusal="I cannot.")).text == "I cannot."
    assert answer_of(chat([{"type": "text", "text": "a"}, {"text": "b"}, 3])).text == "ab"
    assert answer_of(raw(b'{"choices":[{"message":{"content":"\\ud800x"}}]}')).text == "\ufffdx"
    assert answer_of(raw(b'{"choices":[{"message":{"content":"x"}}]}', "text/plain")).text == "x"
    usages: list[Any] = [
        None,
        [],
        {"prompt_tokens": "9"},
        {"prompt_tokens": -1},
        {"prompt_tokens": True},
    ]
    for usage in usages:
        choices = [{"message": {"content": "x"}, "finish_reason": "length"}]
        answer = answer_of(fixed(choices=choices, usage=usage))
        assert (answer.prompt_tokens, answer.finish_reason) == (0, "length")


def test_no_more_calls_at_once_than_agreed() -> None:
    async def slow(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return await chat()(request, asked)

    async def run() -> int:
        stub = Stub(slow)
        async with stub.served() as url, OpenAI(base_url=url, concurrency=3) as engine:
            await asyncio.gather(*(engine.complete(question(seed=n)) for n in range(12)))
        return stub.peak

    assert asyncio.run(run()) == 3


def test_cancelled_calls_do_not_ask_again() -> None:
    async def run() -> int:
        stub = Stub(endless)
        async with stub.served() as url, OpenAI(base_url=url, concurrency=4) as engine:
            calls = [asyncio.create_task(engine.complete(question())) for _ in range(8)]
            await asyncio.sleep(0.1)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.sleep(0.05)
        return len(stub.asked)

    assert asyncio.run(run()) == 4


def greeting(make: Callable[[], OpenAI]) -> EngineError:
    """The error of opening an engine."""

    async def run() -> None:
        async with make():
            pass

    with pytest.raises(EngineError) as caught:
        asyncio.run(run())
    return caught.value


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    error = greeting(lambda: OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY))
    assert time.perf_counter() - start < 2
    assert isinstance(error, EngineUnavailable)
    assert str(error) == (
        f"http://127.0.0.1:{port}/v1: no server answers there (connection refused); start it, or"
        " correct engine.base_url."
    )


def test_greeting_tolerates_servers_without_a_list_of_models() -> None:
    for models in (fixed(404), fixed(500), raw(b"<html>", "text/html"), raw(b"[1]")):
        assert isinstance(ask(Stub(chat(), models=models), model="m")[0], Completion)
        with pytest.raises(EngineError, match=r"set engine\.model"):
            ask(Stub(chat(), models=models), model="")
    with pytest.raises(EngineError, match="API key"):
        ask(Stub(chat(), models=fixed(401, error=KEY)), model="m")


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://x/v1", "http://", "http://[::1", "http://me:pw@host/v1"]
)
def test_wrong_addresses(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"engine\.base_url") as caught:
        OpenAI(base_url=url)
    assert "pw" not in str(caught.value)


def test_the_key_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = fixed(400, error={"message": f"min_p refused for {KEY}", "param": KEY})
    ask(Stub(echo, fixed(500, error=KEY), fixed(500, error=KEY), chat()), times=2, tries=2)
    for status in (400, 401, 404, 429, 500):
        (error,) = ask(Stub(fixed(status, error={"message": f"{KEY} is wrong"})))
        assert KEY not in str(error) and KEY not in repr(error)
    engine = OpenAI("m", base_url="http://localhost:1/v1", api_key=f" {KEY}\n")
    assert KEY not in repr(engine) and KEY not in str(vars(engine))
    assert KEY not in caplog.text
    with pytest.raises(ConfigurationError) as caught:
        OpenAI(base_url="http://localhost:1/v1", api_key=f"{KEY}\nX: y")
    assert KEY not in str(caught.value)
