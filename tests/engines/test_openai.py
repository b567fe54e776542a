"""The OpenAI engine against servers that fail in every way we know of."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from crowdglot.engines.engine import Completion
from crowdglot.engines.openai.engine import OpenAI
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable, RequestRefused
from tests.engines.asking import KEY, TEXT, answer_of, ask, error_of, open_ai
from tests.engines.questions import question
from tests.stub_server import Reply, Stub, chat, endless, fixed, raw

pytestmark = pytest.mark.server


def test_the_request_carries_everything_once() -> None:
    stub = Stub(chat())
    (answer,) = ask(stub, model="")
    assert isinstance(answer, Completion)
    assert (answer.text, answer.finish_reason) == (TEXT, "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (11, 7)
    (body,) = stub.bodies
    assert body["model"] == "first-model"
    assert body["seed"] == 0
    assert (body["min_p"], body["repeat_penalty"], body["repetition_penalty"]) == (0.05, 1.1, 1.1)
    assert body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in body["messages"]][-1] == "user"
    assert stub.keys == [f"Bearer {KEY}"]


def test_text_in_any_script_arrives_as_it_is() -> None:
    async def run() -> None:
        stub = Stub(chat())
        async with stub.served() as url, open_ai(url) as engine:
            # Half a surrogate pair can stand in a persona file; JSON can carry it, UTF-8 cannot.
            for topic in ("中文 — عربي 🙂", "\ud83d alone"):
                await engine.complete(question(topic))
                assert topic in stub.bodies[-1]["messages"][-1]["content"]

    asyncio.run(run())


def test_no_key_no_header() -> None:
    stub = Stub(chat())
    ask(stub, api_key=None)
    assert stub.keys == [None]


@pytest.mark.parametrize(
    ("fault", "words", "of_the_request"),
    [
        (
            fixed(401, error={"message": f"bad key {KEY}"}),
            r"API key \(401: bad key \*\*\*\)",
            False,
        ),
        (fixed(403), "API key", False),
        (fixed(403, error={"message": "Your input was flagged"}), "input was flagged", True),
        (fixed(404, error="model 'x' not found"), "engine.base_url", False),
        (fixed(400, error={"message": "context length exceeded"}), "context length exceeded", True),
        (fixed(422, detail=[{"msg": "Field required"}]), "Field required", True),
        (fixed(413), "413", True),
        (fixed(308, headers={"Location": "http://elsewhere"}), "engine.base_url", False),
        (fixed(429, error={"code": "insufficient_quota", "message": "Pay."}), "quota", False),
        (raw(b"line\r\nbreak \x1b[31m red", "text/plain", 400), "line break", True),
    ],
)
def test_what_will_never_pass_is_told_at_once(
    fault: Reply, words: str, of_the_request: bool
) -> None:
    stub = Stub(fault)
    (error,) = ask(stub)
    assert isinstance(error, EngineError) and not isinstance(error, EngineUnavailable)
    assert error_of(fault).args[0].isprintable()
    with pytest.raises(EngineError, match=words):
        raise error
    # This question alone is refused, or every one would be.
    assert isinstance(error, RequestRefused) == of_the_request
    assert len(stub.bodies) == 1


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
    assert len(stub.bodies) == 5 + 3
    assert stub.bodies[-1]["max_completion_tokens"] == 160
    assert "response_format" in stub.bodies[-1]


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
    assert ["response_format" in body for body in stub.bodies] == [True, False, False, False]


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


def with_logprobs(told: Any) -> tuple[tuple[str, float], ...]:
    """What is read where the first choice's ``logprobs`` are ``told``; two are asked for."""
    choice = {"message": {"content": "A"}, "finish_reason": "stop", "logprobs": told}
    stub = Stub(fixed(choices=[choice]))
    (answer,) = ask(stub, logprobs=2)
    (body,) = stub.bodies
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    assert isinstance(answer, Completion) and answer.text == "A"
    return answer.logprobs


def top(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    told = [{"token": token, "logprob": value, "bytes": []} for token, value in pairs]
    return {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": told}, {"token": "."}]}


def test_the_likeliest_first_tokens_are_read_whatever_else_is_told() -> None:
    assert with_logprobs(top(("A", -0.1), ("B", -2))) == (("A", -0.1), ("B", -2.0))
    assert with_logprobs(top(("B", -2.5), ("A", -0.1), ("C", -9999.0))) == (
        ("A", -0.1), ("B", -2.5),
    )  # fmt: skip
    odd = [(None, -1.0), ("x", "-1"), ("x", None), ("x", True), ("x", 0.5), ("x", -(10**400))]
    assert with_logprobs(top(*odd, ("\ud800", 0), ("B", -1.5))) == (("\ufffd", 0.0), ("B", -1.5))
    for told in (None, [], {}, "A", {"content": None}, {"content": []}, {"content": ["A"]}):
        assert with_logprobs(told) == ()
    for tops in (None, {}, "A", ["A"], [{}]):
        assert with_logprobs({"content": [{"top_logprobs": tops}]}) == ()
    nan = b'{"choices":[{"message":{"content":"A"},"logprobs":{"content":[{"top_logprobs":'
    nan += b'[{"token":"A","logprob":NaN},{"token":"B","logprob":-Infinity}]}]}}]}'
    assert answer_of(raw(nan), logprobs=2).logprobs == ()


@pytest.mark.parametrize("field", ["logprobs", "top_logprobs"])
def test_where_log_probabilities_are_refused_the_answer_comes_without(field: str) -> None:
    refusal = fixed(400, error={"message": f"'{field}' is not supported with this model."})
    stub = Stub(refusal, chat())
    outcomes = ask(stub, times=2, logprobs=5)
    assert all(isinstance(one, Completion) and one.logprobs == () for one in outcomes)
    assert ["logprobs" in body or "top_logprobs" in body for body in stub.bodies] == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        "Requested sample logprobs of 20, which is greater than max allowed: 5",
        "top_logprobs must be between 0 and 5.",
        "top_logprobs: Input should be less than or equal to 5, see pydantic.dev/2.11/v/le",
        "Invalid value for 'top_logprobs': 20 > 5",
    ],
)
def test_where_fewer_first_tokens_are_told_fewer_are_asked_for(words: str) -> None:
    stub = Stub(fixed(400, error={"message": words}), chat())
    outcomes = ask(stub, times=2, logprobs=20)
    assert all(isinstance(one, Completion) and not one.dropped for one in outcomes)
    assert [body["top_logprobs"] for body in stub.bodies] == [20, 5, 5]


def test_a_server_that_refuses_every_number_is_asked_without() -> None:
    words = "gpt-5: the most logprobs (max 8 of 20) are not supported, nor 3."
    stub = Stub(*[fixed(400, error={"message": words})] * 4, chat())
    (answer,) = ask(stub, logprobs=20)
    assert isinstance(answer, Completion) and answer.dropped == ("logprobs", "top_logprobs")
    assert [body.get("top_logprobs") for body in stub.bodies] == [20, 8, 5, 3, None]


def test_no_more_calls_at_once_than_agreed() -> None:
    async def slow(request: web.Request, asked: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return await chat()(request, asked)

    async def run() -> int:
        stub = Stub(slow)
        async with stub.served() as url, open_ai(url, concurrency=3) as engine:
            await asyncio.gather(*(engine.complete(question(seed=n)) for n in range(12)))
        return stub.peak

    assert asyncio.run(run()) == 3


def test_cancelled_calls_do_not_ask_again() -> None:
    async def run() -> int:
        stub = Stub(endless)
        async with stub.served() as url, open_ai(url, concurrency=4) as engine:
            calls = [asyncio.create_task(engine.complete(question())) for _ in range(8)]
            await asyncio.sleep(0.1)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            await asyncio.sleep(0.05)
        return len(stub.bodies)

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
    error = greeting(lambda: open_ai(f"http://127.0.0.1:{port}/v1", api_key=KEY))
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
    # What looks like a secret does not even come into the settings.
    with pytest.raises((ConfigurationError, ValueError), match="base_url") as caught:
        open_ai(url)
    assert "pw" not in str(caught.value)
