"""Reading what an OpenAI-compatible server sends back, however odd it is."""

import json
from typing import Any, NoReturn

from crowdglot.engines.chat import completion, first_logprobs
from crowdglot.engines.engine import Completion
from crowdglot.engines.openai.exchange import Again, Fault, Reply
from crowdglot.engines.openai.retries import retry_after
from crowdglot.errors import EngineError, RequestRefused

_SHOWN = 300
_OVERLOADED = frozenset({429, 503, 529})  # 529: Anthropic and its imitators
_TRANSIENT = frozenset({408, 409, 425})
_OF_THE_REQUEST = frozenset({400, 413, 422})  # too long, a content filter


def parse(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``, {} where there is none; nothing recurses deep."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def read_answer(reply: Reply, seconds: float, logprobs: int = 0) -> Completion | dict[str, Any]:
    """The completion, or the error object that some routers send with status 200.

    The content type is named, not trusted: what parses is taken. A refusal or empty content is a
    completion (with the refusal's text); no JSON and no choices are reasons to ask again.
    """
    answer = parse(reply.content)
    if not answer:
        told = reply.headers.get("Content-Type") or "not given"
        raise Again(f"the answer is not a JSON object (content type {told})")
    try:
        choice = answer["choices"][0]
        message = choice["message"]
        text = _text(message.get("content")) or _text(message.get("refusal"))
    except (LookupError, TypeError, AttributeError):
        if isinstance(answer.get("error"), dict):
            return dict(answer["error"])
        raise Again("the answer holds no choices with a message") from None
    best = first_logprobs(choice, logprobs)
    return completion(text, choice.get("finish_reason"), answer.get("usage"), seconds, best)


def _text(content: object) -> str:
    """Content as text: a string, null, or a list of parts."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def server_words(content: bytes) -> str:
    """What the server says about an error, as one short line."""
    text = content[:65536].decode("utf-8", "replace")
    if answer := parse(content):
        said = answer.get("error", answer.get("detail", answer.get("message", answer)))
        if isinstance(said, dict):
            said = said.get("message") or said
        text = said if isinstance(said, str) else json.dumps(said)
    elif text.lstrip().startswith("<"):
        text = "an HTML page"
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:4096]


def model_names(content: bytes) -> tuple[str, ...]:
    """The models in a server's list; () where it is none."""
    try:
        return tuple(str(model["id"]) for model in parse(content)["data"])
    except (KeyError, TypeError):
        return ()


def judge_status(
    reply: Reply, words: str, model: str, section: str = "engine", status: int = 0
) -> NoReturn:
    """Raise for a reply of no use: Again where it may pass, RequestRefused where another question
    may be answered, EngineError where none will.

    ``words``: what the server says; ``section``: of the recipe, for the keys that are named;
    ``status``: where the content tells another one than the reply.
    """
    status = status or reply.status
    wait = retry_after(reply.headers.get("Retry-After"))
    said = f"{status}{': ' + words[:_SHOWN] if words else ''}"
    if status == 429 and b"insufficient_quota" in reply.content[:4096]:
        raise EngineError(f"the quota of this API key is used up ({said}); raise it.")
    if status in _OVERLOADED:
        raise Again(f"it answers {said}", Fault.REFUSED, wait)
    if status in _TRANSIENT or status >= 500:
        raise Again(f"it answers {said}", Fault.LATE if status == 504 else Fault.ODD, wait)
    if status in (401, 403):
        raise EngineError(
            f"the server refuses the API key ({said}); set the right one in the environment."
        )
    if status == 404 or status < 400:
        raise EngineError(
            f"nothing is found there ({said}); check {section}.base_url, which often ends with"
            f" /v1, and {section}.model '{model}'."
        )
    kind = RequestRefused if status in _OF_THE_REQUEST else EngineError
    raise kind(f"the server refuses the request ({said}).")
