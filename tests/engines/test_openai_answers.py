"""Where servers put the answer, and the errors that they send with status 200."""

import json
from typing import Any

import pytest

from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineUnavailable, RequestRefused
from tests.engines.asking import TEXT, answer_of, ask, error_of
from tests.stub_server import Reply, Stub, chat, fixed, raw

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    "reply",
    [
        chat(None, reasoning_content=TEXT),
        chat("", reasoning_content=f"\n{TEXT}"),
        chat("\n\n", reasoning=TEXT),
        chat(None, reasoning_content=None, reasoning=TEXT),
        chat(None, tool_calls=[{"type": "function", "function": {"arguments": TEXT}}]),
        chat(TEXT, reasoning_content="Hm, {A1} …"),
        chat([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"text": TEXT}]),
        chat([{"type": "reasoning", "text": "Hm"}, {"type": "text", "text": TEXT}]),
        chat(json.loads(TEXT)),
        raw(f"\n\n  {json.dumps({'choices': [{'message': {'content': TEXT}}]})}".encode()),
    ],
)
def test_the_answer_is_taken_from_where_the_server_put_it(reply: Reply) -> None:
    assert answer_of(reply).text.strip() == TEXT


def test_thinking_without_an_answer_is_kept_as_thinking() -> None:
    for field in ("reasoning_content", "reasoning", "thinking"):
        assert answer_of(chat(None, **{field: "Il faut"})).text == "<think>Il faut"
    assert answer_of(chat(None, refusal="No.", reasoning="Hm")).text == "No."
    for odd in (None, 3, [], {}, [None], " "):
        assert answer_of(chat(None, reasoning_content=odd, tool_calls=odd)).text.strip() in (
            "",
            "{}",
        )


def in_choice(**choice: Any) -> Reply:
    told = {"index": 0, "message": {"role": "assistant", "content": ""}} | choice
    return fixed(id="x", choices=[told])


FAILED = {"code": 429, "message": "upstream rate limited"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (in_choice(error=FAILED, finish_reason="error"), "429: upstream rate limited"),
        (in_choice(error={"code": "502", "message": "gone"}), "502: gone"),
        (in_choice(error={"message": "no code"}), "500: no code"),
        (in_choice(error="a bare word"), "500: a bare word"),
        (in_choice(error={"code": 10**400, "message": "odd code"}), "500: odd code"),
        (in_choice(error={"code": "rate_limit_exceeded", "message": "slow"}), "429: slow"),
        (in_choice(finish_reason="error", message={"content": '{"A'}), "finish_reason 'error'"),
        (in_choice(finish_reason="abort"), "finish_reason 'abort'"),
        (fixed(error="overloaded, come back"), "429: overloaded, come back"),
        (fixed(error={"code": 503, "message": "busy"}, choices=[]), "503: busy"),
        (fixed(object="error", message="worker died", code=50_001), "500: worker died"),
        (fixed(detail="the model sleeps"), "500: the model sleeps"),
        (
            fixed(error={"message": "Provider returned error", "code": 502,
                         "metadata": {"raw": '{"error": {"message": "out of memory"}}'}}),
            "502: Provider returned error: out of memory",
        ),
    ],
)  # fmt: skip
def test_an_error_with_status_200_is_asked_again_and_costs_nothing(
    fault: Reply, words: str
) -> None:
    stub = Stub(fault, fault, chat())
    (outcome,) = ask(stub)
    assert isinstance(outcome, Completion) and outcome.text == TEXT and len(stub.bodies) == 3
    error = error_of(fault)
    assert isinstance(error, EngineUnavailable)
    assert words in str(error) and "in 3 tries" in str(error)


def test_an_error_of_the_request_with_status_200_is_a_refusal() -> None:
    (outcome,) = ask(Stub(in_choice(error={"code": 400, "message": "blocked"})))
    assert isinstance(outcome, RequestRefused) and "400: blocked" in str(outcome)


def test_no_error_is_no_error() -> None:
    for none in (None, "", {}):
        reply = fixed(error=none, choices=[{"message": {"content": TEXT}, "error": none}])
        assert answer_of(reply).text == TEXT


def piece(**choice: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}


def events(*pieces: Any, between: str = "\n\n", kind: str = "text/event-stream") -> Reply:
    told = [one if isinstance(one, str) else f"data: {json.dumps(one)}" for one in pieces]
    return raw((between.join(told) + between).encode(), kind)


STREAM = (
    piece(delta={"role": "assistant", "content": ""}), piece(delta={"reasoning_content": "Hm"}),
    piece(delta={"content": TEXT[:9]}), ": keep alive", piece(delta={"content": TEXT[9:]}),
    piece(delta={}, finish_reason="length"),
)  # fmt: skip
PARTS = (
    piece(delta={"role": "assistant", "content": None}),
    piece(delta={"content": [{"type": "text", "text": TEXT[:9]}]}),
    piece(delta={"content": TEXT[9:]}, finish_reason="length"),
)
CALL = tuple(
    piece(delta={"tool_calls": [{"index": 0, "function": {"arguments": some}}]}, finish_reason=end)
    for some, end in ((TEXT[:9], None), (TEXT[9:], "length"))
)
USAGE = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}
END = "data: [DONE]"


@pytest.mark.parametrize(
    "reply",
    [
        events(*STREAM, USAGE, END),
        events(*STREAM, USAGE, END, between="\r\n\r\n"),
        events(*STREAM, USAGE, END, between="\n"),
        events(*STREAM, USAGE, kind="application/json"),
        events(*PARTS, USAGE, END),
        events(*CALL, USAGE, END),
        events("event: message\ndata: " + json.dumps(STREAM[2]), *STREAM[3:], USAGE, END),
        events(
            {**piece(message={"content": TEXT}, finish_reason="length"), "usage": USAGE["usage"]}
        ),
    ],
)
def test_an_answer_in_pieces_is_put_together(reply: Reply) -> None:
    answer = answer_of(reply)
    assert (answer.text, answer.finish_reason) == (TEXT, "length")
    assert (answer.prompt_tokens, answer.completion_tokens) == (11, 7)


def test_a_stream_that_is_cut_or_fails_is_asked_again() -> None:
    for fault, words in (
        (events(*STREAM[:4]), "cut before its end"),
        (events(*STREAM[:3], {"error": {"code": 502, "message": "gone"}}), "502: gone"),
        (events(*STREAM[:3], piece(delta={}, finish_reason="error")), "finish_reason 'error'"),
        (events(STREAM[0]), "cut before its end"),
        (events(END), "not a JSON object (content type text/event-stream"),
        (events("data: {", "data: [1, 2]", "data: null"), "not a JSON object"),
        (events({"choices": [3]}, {"choices": [{"delta": [1]}]}, END), "not a JSON object"),
    ):
        assert answer_of(fault, chat()).text == TEXT
        assert words in str(error_of(fault))


def test_names_and_finish_reasons_are_cleaned_and_cut() -> None:
    odd = "sto\ud800p\x1b[31m\n" + "x" * 5000
    choice = {"message": {"content": TEXT}, "finish_reason": odd}
    reason = answer_of(raw(json.dumps({"choices": [choice]}).encode())).finish_reason
    assert reason == f"sto p [31m {'x' * 60}"[:60]
    # Ours means that there is no answer.
    ours = fixed(choices=[{"message": {"content": TEXT}, "finish_reason": REFUSED}])
    assert answer_of(ours).finish_reason == "refused by the server"
    for reason in (None, 3, "", "\n"):
        told = fixed(choices=[{"message": {"content": TEXT}, "finish_reason": reason}])
        assert answer_of(told).finish_reason == "stop"
    listed = raw(
        json.dumps({"data": [{"id": "m\ud800\u202e<h1>\x1b[2J" + "x" * 3_000_000}]}).encode()
    )
    stub = Stub(chat(), models=listed)
    ask(stub)
    (body,) = stub.bodies
    assert body["model"] == ("m <h1> [2J" + "x" * 300)[:300]
