"""How likely texts are, told by a server: vLLM's way, SGLang's way, not at all, and lies."""

import asyncio
from dataclasses import replace

import pytest

from crowdglot.engines.engine import Completion, Message
from crowdglot.errors import ContextTooSmall, EngineError, RequestRefused
from tests.engines.asking import KEY, open_ai
from tests.engines.questions import question
from tests.reading_server import sglang, tokens_of, vllm
from tests.stub_server import Stub, chat, fixed, raw

pytestmark = pytest.mark.server
TEXTS = ("Talk.\nA: Où est-il ?\nB: 你好 là.\n", "Talk.\nB: 你好 là.\n")
LINES = ("A: Où est-il ?", "B: 你好 là.", "B: 你好 là.")


def outcomes(stub, texts=TEXTS, times=1, **options):
    """What comes of asking so often, one after another."""
    options = {"first_wait": 0.01, "api_key": KEY, "tries": 2} | options
    asked = tuple(Message("user", text) for text in texts)

    async def run():
        found = []
        async with asyncio.timeout(20), stub.served() as url, open_ai(url, **options) as engine:
            for seed in range(times):
                request = replace(question(seed=seed), messages=asked, scored=True)
                try:
                    found.append(await engine.complete(request))
                except EngineError as error:
                    assert KEY not in str(error) and "\n" not in str(error)
                    found.append(error)
        return found

    return asyncio.run(run())


def right_means():
    """Of the three lines, by the numbers of their tokens."""
    for text in TEXTS:
        names, lines = ["<s>", *tokens_of(text)], [[]]
        for at, name in enumerate(names):
            lines[-1].append(-at / 20)
            if name == "\n":
                lines.append([])
        yield from (sum(line) / len(line) for line in lines[1:-1])


@pytest.mark.parametrize(("reply", "questions"), [(vllm(), 3), (sglang(), 4)])
def test_what_a_server_tells_is_cut_by_lines(reply, questions):
    stub = Stub(reply)
    for told in outcomes(stub, times=3):
        assert isinstance(told, Completion), told
        assert told.text == "" and tuple(line for line, _ in told.logprobs) == LINES
        assert [value for _, value in told.logprobs] == pytest.approx([*right_means()])
        assert told.prompt_logprob < 0
    # The way is learned once, and the text is sent as it is.
    assert len(stub.bodies) == questions and set(stub.paths) == {"/v1/models", "/v1/completions"}
    assert stub.bodies[-1]["prompt"] == [*TEXTS] and stub.bodies[-1]["max_tokens"] == 1


SILENT = [
    fixed(404, detail="Not Found"),
    fixed(405),
    fixed(400, error={"message": "Only no echo is supported", "type": "invalid_request_error"}),
    fixed(422, detail=[{"loc": ["body", "echo"], "msg": "Extra inputs are not permitted"}]),
    fixed(500, error={"message": "2326", "type": "InternalServerError"}),
    raw(b"<html>"),
    chat(),
    fixed(choices=None),
    fixed(choices=[7]),
    fixed(choices=[{"index": 0, "text": "x"}]),
    fixed(choices=[{"index": 0}, {"index": 0}]),
    fixed(choices=[{"index": True}, {"index": 0}]),
    vllm(lambda tokens: None),
    vllm(lambda tokens: [None]),  # of a plug-in that never fills it
    vllm(lambda tokens: tokens[:-4]),
    vllm(lambda tokens: tokens[3:]),
    vllm(lambda tokens: tokens * 400),
    vllm(lambda tokens: tokens[::-1]),
    vllm(lambda tokens: [{"1": {"logprob": -1.0, "decoded_token": "x"}}] * len(tokens)),
    vllm(lambda tokens: [one and one | {"0": {"logprob": -0.1}} for one in tokens]),
    vllm(lambda tokens: "tokens"),
    vllm(lambda tokens: {"0": tokens}),
    vllm(lambda tokens: 7),
    vllm(lambda tokens: [7, [], "x"]),
    vllm(lambda tokens: [one and {"1": 7} for one in tokens]),
    sglang(tokens=None),
    sglang(tokens=7),
    sglang(token_logprobs=[]),
    sglang(token_logprobs={"0": -1}),
    vllm(lambda tokens: [one and {"1": {"logprob": -(10**400)}} for one in tokens]),
]


@pytest.mark.parametrize("reply", SILENT)
def test_a_server_that_does_not_tell_is_asked_once(reply):
    stub = Stub(reply)
    first, second = outcomes(stub, times=2)
    assert len(stub.bodies) == 2  # in both ways, and never again
    for told in (first, second):
        assert type(told) is RequestRefused
        assert "does not tell how likely a text is" in str(told) and "vLLM" in str(told)
        assert len(str(told)) < 600


@pytest.mark.parametrize(
    "value", [None, float("-inf"), float("nan"), -9999.0, 3.0, True, "-1.0", [-1.0]]
)
def test_a_token_of_which_nothing_is_told_costs_this_text_alone(value):
    def hurt(tokens):
        (only,) = tokens[-2].values()
        only["logprob"] = value
        return tokens

    stub = Stub(vllm(hurt), vllm())
    odd, good = outcomes(stub, times=2)
    assert type(odd) is RequestRefused and "no probability" in str(odd)
    assert isinstance(good, Completion) and len(good.logprobs) == len(LINES)


def test_the_first_token_may_have_a_number_or_be_left_out():
    stub = Stub(vllm(lambda tokens: [{"1": {"logprob": -2.0, "decoded_token": ""}}, *tokens[1:]]))
    (told,) = outcomes(stub)
    assert [value for _, value in told.logprobs] == pytest.approx([*right_means()])
    (told,) = outcomes(Stub(vllm(lambda tokens: tokens[1:])))
    assert [value for _, value in told.logprobs] == pytest.approx([*right_means()])


def test_what_may_pass_is_asked_again_and_what_is_too_long_is_told():
    stub = Stub(fixed(503), vllm(), fixed(500), vllm())
    first, second = outcomes(stub, times=2)
    assert isinstance(first, Completion) and isinstance(second, Completion)
    words = "This model's maximum context length is 8 tokens."
    (told,) = outcomes(Stub(fixed(400, error={"message": words})))
    assert type(told) is ContextTooSmall
    (told,) = outcomes(Stub(fixed(401, error={"message": f"bad key {KEY}"})))
    assert type(told) is EngineError and "API key" in str(told)
