"""Answers that are broken, endless, enormous or lies: asked again, and told in one sentence."""

import asyncio
import logging
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable
from tests.engines.asking import KEY, TEXT, answer_of, ask, error_of, open_ai
from tests.engines.questions import question
from tests.stub_server import (
    Reply,
    Stub,
    after,
    bomb,
    chat,
    cut_short,
    endless,
    fixed,
    raw,
    reset,
    wire,
)

pytestmark = pytest.mark.server
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWER = b'{"choices": [{"message": {"content": "x"}}]}'


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (fixed(500, error={"message": "boom"}), "500: boom"),
        (fixed(502), "502"),
        (fixed(503), "503"),
        (fixed(504), "504"),
        (fixed(529), "529"),
        (fixed(429), "429"),
        (reset, "the connection was cut;"),
        (cut_short, "cut before the answer's end"),
        (raw(b"<html>gateway</html>", "text/html"), "not a JSON object .content type text/html"),
        (raw(b"{", "application/json"), "not a JSON object"),
        (raw(b""), "not a JSON object"),
        (raw(b'{"choices": [' + b"[" * 200_000), "not a JSON object"),
        (raw(b"[]"), "not a JSON object"),
        (raw(b"null"), "not a JSON object"),
        (raw(b"\xff\xfe\x00"), "not a JSON object"),
        (fixed(choices=[]), "no choices"),
        (fixed(choices=None), "no choices"),
        (fixed(choices={"0": "x"}), "no choices"),
        (fixed(answers=[{"text": "right JSON, wrong keys"}]), "no choices"),
        (fixed(choices=["text"]), "no choices"),
        (fixed(choices=[{"text": "of the older API"}]), "no choices with a message"),
        (fixed(choices=[{"message": None}]), "no choices with a message"),
        (fixed(error={"code": 502, "message": "upstream"}), "502: upstream"),
        (raw(b'"' + b"x" * 10_000_000 + b'"'), "longer than 4 MB"),
        (wire(HEAD + b"\r\n", then=b" " * 65536), "longer than 4 MB"),
        (wire(HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"x" * 65536), "than 4 MB"),
        (wire(HEAD + b"Content-Length: 999\r\n\r\n" + ANSWER), "cut before the answer's end"),
        (
            wire(HEAD + b"Content-Length: 9\r\n\r\n" + ANSWER),
            "no HTTP .Bad status line|not a JSON object",
        ),
        (wire(HEAD + b"Content-Length: -1\r\n\r\n" + ANSWER), "no HTTP"),
        (wire(HEAD + b"Content-Length: many\r\n\r\n" + ANSWER), "no HTTP"),
        (wire(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{}"), "cut before"),
        (wire(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"), "no HTTP"),
        (wire(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno"), "decompressed"),
        (wire(HEAD + b"X: y\r\n" * 20_000 + b"\r\n"), "no HTTP .Too many headers"),
        (wire(HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n"), "no HTTP .Got more than"),
        (wire(HEAD, then=b"X: y\r\n" * 100), "no HTTP .Too many headers"),
        (wire(HEAD + b"X: ", then=b"y" * 9000), "no HTTP .Got more than"),
        (wire(b"SSH-2.0-OpenSSH_9.6\r\n"), "no HTTP .Bad status line"),
    ],
)
def test_what_may_pass_is_asked_again(fault: Reply, words: str) -> None:
    assert answer_of(fault, fault, chat()).text == TEXT
    error = error_of(fault)
    assert isinstance(error, EngineUnavailable)
    assert re.search(words, str(error)), error
    assert "in 3 tries" in str(error) and len(str(error)) < 400


def test_the_bound_holds_for_what_was_decompressed() -> None:
    fault = bomb(64)
    tracemalloc.start()
    try:
        assert "longer than 4 MB" in str(error_of(fault, tries=1))
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()
    small = bomb(1)
    assert "not a JSON object" in str(error_of(small, tries=1))


def test_answers_that_never_end_or_come_too_late() -> None:
    for fault in (endless, after(5, chat()), wire(b"", then=b"HTTP/1.1 100 Continue\r\n\r\n")):
        assert answer_of(fault, chat(), time_out=0.2).text == TEXT
        assert "not answer within 0.1 s" in str(error_of(fault, time_out=0.1, tries=1))


def test_a_cut_answer_is_a_completion_that_says_so() -> None:
    message = {"message": {"content": '{"A1": "Ye'}, "finish_reason": "length"}
    answer = answer_of(fixed(choices=[message]))
    assert (answer.text, answer.finish_reason) == ('{"A1": "Ye', "length")


def test_a_redirect_is_not_followed() -> None:
    elsewhere = Stub(chat())

    async def run() -> None:
        async with elsewhere.served() as url:
            there = fixed(307, headers={"Location": f"{url}/chat/completions"})
            async with Stub(there).served() as here, open_ai(here, api_key=KEY) as engine:
                with pytest.raises(EngineError, match=r"check engine\.base_url"):
                    await engine.complete(question())

    asyncio.run(run())
    assert elsewhere.bodies == []


def test_nothing_is_fetched_but_answers_and_the_list_of_models() -> None:
    """Not a page of figures either, such as vLLM's /metrics, which may be of any size."""
    stub = Stub(fixed(503), chat())

    async def run() -> None:
        async with stub.served() as url, open_ai(url, first_wait=0.01) as engine:
            for _ in range(3):
                await engine.complete(question())

    asyncio.run(run())
    assert set(stub.paths) == {"/v1/chat/completions", "/v1/models"}


def test_retry_after_is_honoured_and_capped() -> None:
    async def wait_for(header: str, longest: float) -> float:
        refusal = fixed(429, headers={"Retry-After": header})
        clock = asyncio.get_running_loop().time
        start = clock()
        async with (
            Stub(refusal, chat()).served() as url,
            open_ai(url, first_wait=0.01, longest_wait=longest) as engine,
        ):
            assert (await engine.complete(question())).text == TEXT
        return clock() - start

    async def run() -> list[float]:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        asked = [("0.6", 9.0), ("3600", 0.3), (date, 9.0), ("nonsense", 9.0), ("nan", 9.0)]
        return await asyncio.gather(*(wait_for(*one) for one in [*asked, ("-5", 9.0)]))

    seconds, capped, date, *unread = asyncio.run(run())
    assert seconds > 0.6
    assert 0.3 < capped < 3
    assert 0.9 < date < 4
    assert max(unread) < 0.6


def test_the_key_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = fixed(400, error={"message": f"min_p refused for {KEY}", "param": KEY})
    ask(Stub(echo, fixed(500, error=KEY), fixed(500, error=KEY), chat()), times=2, tries=2)
    for status in (307, 400, 401, 404, 413, 429, 500, 503):
        error_of(fixed(status, error={"message": f"{KEY} is wrong"}))
    # Cut where the key stands, not even its beginning is told.
    for length in range(270, 310):
        error = error_of(fixed(400, error={"message": "x" * length + f" {KEY}"}), tries=1)
        assert KEY[:6] not in str(error)
    error_of(wire(f"{KEY} {KEY}\r\n".encode()))
    error_of(wire(HEAD + f"X: {KEY * 1000}\r\n\r\n".encode()))
    error_of(raw(f"<html>{KEY}".encode(), "text/html", status=500))
    with pytest.raises(EngineError, match=r"offers '\*\*\*'") as other:
        ask(Stub(chat(), models=fixed(data=[{"id": KEY}])), model="m")
    engine = open_ai("http://localhost:1/v1", model="m", api_key=f" {KEY}\n")
    assert KEY not in repr(engine) and KEY not in str(vars(engine))
    with pytest.raises(ConfigurationError) as caught:
        open_ai("http://localhost:1/v1", api_key=f"{KEY}\nX: y")
    assert KEY not in str(caught.value) and KEY not in str(other.value)
    assert KEY not in caplog.text and "Bearer" not in caplog.text
