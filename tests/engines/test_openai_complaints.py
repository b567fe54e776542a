"""What servers say they do not take, in the words of many, and what is asked then."""

import json
from typing import Any

import pytest

from crowdglot.engines.engine import Completion
from crowdglot.engines.openai.complaint import complaint_of
from crowdglot.engines.openai.optional_fields import refused_fields
from crowdglot.errors import ContextTooSmall, RequestRefused
from tests.engines.asking import TEXT, answer_of, ask
from tests.stub_server import Reply, Stub, chat, fixed, raw

pytestmark = pytest.mark.server
SENT = [
    "messages", "temperature", "top_p", "max_tokens", "seed", "response_format", "logprobs",
    "top_logprobs", "min_p", "repeat_penalty", "repetition_penalty", "chat_template_kwargs",
]  # fmt: skip
UNKNOWN = "chat_template_kwargs min_p repeat_penalty repetition_penalty"
ECHO = {
    "model": "m", "messages": [{"role": "user", "content": "keys {A1} in json_schema"}],
    "temperature": 0.8, "seed": 1, "response_format": {"type": "json_schema"},
}  # fmt: skip


def named(told: Any, status: int = 400) -> str:
    """The fields that a complaint means, of a request with all of them."""
    body = dict.fromkeys(SENT, None) | {"messages": [{"role": "system"}, {"role": "user"}]}
    content = told.encode() if isinstance(told, str) else json.dumps(told).encode()
    return " ".join(sorted(refused_fields(complaint_of(content, status), body)))


def error(message: Any, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    ("told", "status", "fields"),
    [
        # OpenAI's param says it, whatever else the message speaks of.
        (error("Unsupported value: 'temperature' … seed", param="temperature"), 400, "temperature"),
        (error("Unknown parameter: 'min_p'.", param="min_p"), 400, "min_p"),
        (error("Invalid schema.", param="response_format.json_schema"), 400, "response_format"),
        (error("Use 'max_completion_tokens'.", param="max_tokens"), 400, "max_tokens"),
        (error("unsupported: 'seed'", param=None, code=400), 400, "seed"),
        (error("litellm: no support for ['min_p', 'top_p']", param="None"), 400, "min_p top_p"),
        # pydantic, as JSON (FastAPI, Mistral), as Python within a message (vLLM, SGLang), as text.
        ({"detail": [{"loc": ["body", "min_p"], "msg": "Extra", "input": ECHO}]}, 422, "min_p"),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra"}]}},
            422,
            "seed",
        ),
        (
            error(
                "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': "
                "\"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}]"
            ),
            500,
            "response_format",
        ),
        (
            error(
                "2 validation errors:\n  {'type': 'extra_forbidden', 'loc': ('body', 'min_p'), "
                f"'input': 0.05}}\n  {{'loc': ('body', 'seed'), 'input': {ECHO}}}"
            ),
            400,
            "min_p seed",
        ),
        (
            error(
                "1 validation error for ChatCompletionRequest\nresponse_format.type\n  Input should"
                " be 'text' [type=literal_error, input_value='json_schema']\n    For the seed …"
            ),
            400,
            "response_format",
        ),
        # Go (Ollama), Rust (TGI), C++ (llama.cpp), Google, and what a router passes on.
        (
            error("json: cannot unmarshal string into Go struct field Request.seed of type int"),
            400,
            "seed",
        ),
        (
            "Failed to deserialize the JSON body into the target type: response_format: unknown "
            "variant `json_schema`, expected one of `json`, `regex` at line 1 column 2345",
            422,
            "response_format",
        ),
        (error("failed to parse grammar", type="server_error"), 500, "response_format"),
        (error("response_format is not supported by this model"), 500, "response_format"),
        ({"error": "'response_format.type' must be 'json_schema'"}, 400, "response_format"),
        ([error('Unknown name "min_p": Cannot find field.', code=400)], 400, "min_p"),
        (
            error("Provider error", metadata={"raw": json.dumps(error("x", param="top_p"))}),
            400,
            "top_p",
        ),
        (error("temperature and top_p cannot both be specified."), 400, "top_p"),
        # Errors that repeat the request speak of the one field, or of none.
        ({"detail": [{"loc": ["body", "messages", 3], "msg": "no", "input": ECHO}]}, 422, ""),
        (error(f"{json.dumps(ECHO)} was blocked", param=None), 400, ""),
        (error(f"Rejected body {ECHO}: min_p is unknown"), 400, "min_p"),
        (error("messages[3].content: response_format in a text", param="messages"), 400, ""),
        (error("The schema has a maxLength; guidedness, reseeding, logprobsx"), 400, ""),
        # Of which fields is not said: of those beyond OpenAI's.
        ({"error": "Request has unknown fields"}, 400, UNKNOWN),
        ({"message": "Unrecognized request arguments supplied"}, 422, UNKNOWN),
        (error("unexpected argument in messages", param="messages"), 400, ""),
        (error("unknown field", type="server_error"), 500, ""),
        (error("enable_thinking is restricted to true"), 400, "chat_template_kwargs"),
        # Statuses that do not speak of fields, and ordinary words in a failure.
        (error("the temperature of the GPU is too high; seed lost"), 500, ""),
        (error("response_format queue is full"), 503, ""),
        (error("response_format quota"), 429, ""),
        # The system role.
        (error("System role not supported"), 400, "system"),
        (error("Conversation roles must alternate user/assistant/user/…"), 400, "system"),
        (error("Conversation roles must alternate", type="server_error"), 500, "system"),
        ({"error": "Server error: Conversation roles must alternate"}, 424, "system"),
        (error("Only user, assistant and tool roles are supported, got system"), 500, "system"),
        (error("Developer instruction is not enabled for models/gemma"), 400, "system"),
        (error("does not support 'system'", param="messages[0].role"), 400, "system"),
        ({"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "not it"}]}, 422, "system"),
        (error("Unsupported role: system", param="messages"), 400, "system"),
        (error("model requires more system memory than is available"), 500, ""),
    ],
)  # fmt: skip
def test_a_complaint_means_the_fields_it_names(told: Any, status: int, fields: str) -> None:
    assert named(told, status) == fields


TOO_SMALL = [
    fixed(400, error={"message": "This model's maximum context length is 1024 tokens. However, you "
          "requested 2100 tokens (1200 in the messages, 900 in the completion)."}),
    fixed(400, error={"message": "'max_tokens' or 'max_completion_tokens' is too large: 900. This "
          "model's maximum context length is 1024 tokens and your request has 200."}),
    fixed(400, error={"message": "max_tokens must be at least 1, got -176."}),
    fixed(400, error={"message": "the request exceeds the available context size, try more",
          "type": "exceed_context_size_error", "n_ctx": 1024}),
    fixed(500, error={"message": "the request exceeds the available context size."}),
    fixed(error={"code": 400, "message": "the request exceeds the available context size"}),
    fixed(400, error="Trying to keep the first 1200 tokens when context the overflows. However, "
          "the model is loaded with context length of only 1024 tokens"),
    fixed(422, error="Input validation error: `inputs` tokens + `max_new_tokens` must be <= 1024. "
          "Given: 1200 `inputs` tokens and 900 `max_new_tokens`"),
    fixed(400, message="The input (1200 tokens) is longer than the model's context length (1024)"),
    fixed(400, message="Requested tokens (2285) exceed context window of 1024"),
    fixed(400, error={"message": "litellm.ContextWindowExceededError: …"}),
    fixed(400, error={"message": "prompt is too long: 1200 tokens > 1024 maximum"}),
    fixed(400, error={"message": "no room", "code": "context_length_exceeded"}),
    raw(b'[{"error": {"code": 400, "message": "The input token count (1200) exceeds the maximum '
        b'number of tokens allowed (1024)."}}]', status=400),
]  # fmt: skip


@pytest.mark.parametrize("refusal", TOO_SMALL)
def test_a_context_that_is_too_small_is_told_as_that(refusal: Reply) -> None:
    stub = Stub(refusal)
    (outcome,) = ask(stub)
    assert isinstance(outcome, ContextTooSmall) and isinstance(outcome, RequestRefused)
    assert "sampling.max_tokens" in str(outcome)
    assert len(stub.bodies) == 1  # no field is tried without


def test_other_refusals_are_no_matter_of_context() -> None:
    for words in ("content blocked", "Invalid schema in this context", "too many requests"):
        (outcome,) = ask(Stub(fixed(400, error={"message": words})))
        assert isinstance(outcome, RequestRefused) and not isinstance(outcome, ContextTooSmall)


def test_a_system_message_that_is_not_taken_goes_to_the_user() -> None:
    stub = Stub(fixed(400, error={"message": "System role not supported"}), chat())
    outcomes = ask(stub, times=2)
    assert all(isinstance(one, Completion) and one.dropped == ("system",) for one in outcomes)
    first, *others = (
        [(one["role"], one["content"]) for one in body["messages"]] for body in stub.bodies
    )
    system, (_, asked), *rest = first
    assert others == [[("user", f"{system[1]}\n\n{asked}"), *rest]] * 2
    # Where that does not help, the server's words are told.
    (outcome,) = ask(Stub(fixed(400, error={"message": "Conversation roles must alternate"})))
    assert isinstance(outcome, RequestRefused) and "must alternate" in str(outcome)


def test_what_was_dropped_is_told_with_each_answer() -> None:
    refusal = fixed(400, error={"message": "Unrecognized arguments: min_p, repeat_penalty"})
    rename = fixed(400, error={"message": "max_tokens: use 'max_completion_tokens' instead."})
    stub = Stub(refusal, rename, chat())
    outcomes = ask(stub, times=2)
    # A limit that goes by another name was not dropped.
    assert [getattr(one, "dropped", None) for one in outcomes] == [("min_p", "repeat_penalty")] * 2
    assert stub.bodies[-1]["max_completion_tokens"] == 160
    assert answer_of(chat()).dropped == ()


def test_an_error_that_repeats_the_request_drops_nothing_and_tells_its_own_words() -> None:
    detail = [{"type": "value_error", "loc": ["body", "messages", 3, "content"], "msg": "blocked",
               "input": ECHO}]  # fmt: skip
    stub = Stub(fixed(422, detail=detail), chat())
    refused, answered = ask(stub, times=2)
    assert isinstance(refused, RequestRefused)
    assert str(refused).endswith("(422: body.messages.3.content: blocked).")
    assert isinstance(answered, Completion) and answered.dropped == ()
    assert all("response_format" in body for body in stub.bodies)


def test_a_failure_that_speaks_of_structured_output_means_without_it() -> None:
    message = "[{'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text'\"}]"
    stub = Stub(fixed(500, error={"message": message}), chat())
    outcomes = ask(stub, times=2)
    assert [getattr(one, "text", one) for one in outcomes] == [TEXT, TEXT]
    assert ["response_format" in body for body in stub.bodies] == [True, False, False]
    assert isinstance(outcomes[0], Completion) and outcomes[0].dropped == ("response_format",)
