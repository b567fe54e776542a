"""Reading what an OpenAI-compatible server sends back, however odd it is."""

import json
from enum import Enum
from typing import Any, NoReturn

from crowdglot.engines.chat import completion, first_logprobs
from crowdglot.engines.engine import Completion
from crowdglot.errors import EngineError, RequestRefused

_SHOWN = 300
_TRANSIENT = frozenset({408, 409, 425})
_OVERLOADED = frozenset({429, 503, 529})  # 529: Anthropic and those who learnt from it
_OF_THE_REQUEST = frozenset({400, 413, 422})  # too long, a content filter
_PERMANENT_5XX = frozenset({501, 505})


class Fault(Enum):
    """What is wrong with a server whose answer is of no use."""

    REFUSED = "it has too much to do"
    LATE = "its answer took too long"
    GONE = "it cannot be reached, or cut the connection"
    ODD = "its answer makes no sense, or it failed on this request"


class Again(Exception):
    """The answer is of no use now; the same request may do better. ``wait``: seconds, if told."""

    def __init__(self, reason: str, fault: Fault = Fault.ODD, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fault = fault
        self.wait = wait


def parse(content: bytes) -> Any:
    """The JSON in ``content``; raises ValueError. Nothing is evaluated, nothing recurses deep."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_answer(
    content: bytes, content_type: str, seconds: float, logprobs: int = 0
) -> Completion | dict[str, Any]:
    """The completion, or the error object that some routers send with status 200.

    The content type is named, not trusted: what parses is taken. A refusal or empty content is a
    completion (with the refusal's text); no JSON and no choices are reasons to ask again.
    """
    try:
        answer = parse(content)
    except ValueError:
        raise Again(
            f"the answer is not JSON (content type {content_type or 'not given'})"
        ) from None
    if not isinstance(answer, dict):
        raise Again("the answer is not a JSON object")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        if isinstance(answer.get("error"), dict):
            return dict(answer["error"])
        raise Again("the answer holds no choices")
    choice, message = choices[0], choices[0].get("message")
    if not isinstance(message, dict):
        raise Again("the answer's first choice holds no message")
    text = _text(message.get("content")) or _text(message.get("refusal"))
    told = first_logprobs(choice, logprobs)
    return completion(text, choice.get("finish_reason"), answer.get("usage"), seconds, told)


def _text(content: object) -> str:
    """Content as text: a string, null, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def server_words(content: bytes) -> str:
    """What the server says about an error, as one short line."""
    text = content[:65536].decode("utf-8", "replace")
    try:
        answer = parse(content)
    except ValueError:
        answer = None
    if isinstance(answer, dict):
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
    except (ValueError, KeyError, TypeError):
        return ()


def judge_status(
    status: int, words: str, wait: float | None, model: str, section: str = "engine"
) -> NoReturn:
    """Raise for a status that is not 200: Again where it may pass, RequestRefused where another
    question may be answered, EngineError where none will. ``section``: of the recipe, for the keys
    that are named."""
    said = f"{status}{': ' + words[:_SHOWN] if words else ''}"
    if status == 429 and "insufficient_quota" in words:
        raise EngineError(f"the quota of this API key is used up ({said}); raise it.")
    if status in _OVERLOADED:
        raise Again(f"it answers {said}", Fault.REFUSED, wait)
    if status == 504:
        raise Again(f"it answers {said}", Fault.LATE, wait)
    if status in _TRANSIENT or (status >= 500 and status not in _PERMANENT_5XX):
        raise Again(f"it answers {said}", Fault.ODD, wait)
    if status in (401, 403):
        raise EngineError(
            f"the server refuses the API key ({said}); set the right one in the environment."
        )
    if status == 404:
        raise EngineError(
            f"nothing is found there ({said}); check {section}.base_url, which often ends with"
            f" /v1, and {section}.model '{model}'."
        )
    if 300 <= status < 400:
        raise EngineError(
            f"the server points elsewhere ({said}); set {section}.base_url to that place."
        )
    if status in _OF_THE_REQUEST:
        raise RequestRefused(f"the server refuses the request ({said}).")
    raise EngineError(f"the server refuses the request ({said}).")
