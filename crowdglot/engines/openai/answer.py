"""Reading what an OpenAI-compatible server sends back, however odd it is."""

import json
import re
from typing import Any, NoReturn

from crowdglot.engines.chat import completion, first_logprobs
from crowdglot.engines.engine import Completion
from crowdglot.engines.openai.complaint import Complaint, complaint, complaint_of, parse
from crowdglot.engines.openai.exchange import Again, Fault, Reply
from crowdglot.engines.openai.pieces import joined
from crowdglot.engines.openai.retries import retry_after
from crowdglot.errors import ContextTooSmall, EngineError, RequestRefused
from crowdglot.printable import label

_SHOWN = 300
_OVERLOADED = frozenset({429, 503, 529})  # 529: Anthropic and its imitators
_TRANSIENT = frozenset({408, 409, 425})
_OF_THE_REQUEST = frozenset({400, 413, 422, 424})  # too long, a content filter, a template
# An answer that ended so is not the model's, whatever text came before.
_BROKEN = ("error", "abort", "network_error")
_BUSY = re.compile(r"rate.?limit|overload|too many requests|at capacity", re.I)
# A router's filter refuses a question as others refuse a key.
_FLAGGED = re.compile(r"moderation|flagged|content.?(?:policy|filter)|safety", re.I)
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


def read_answer(reply: Reply, seconds: float, logprobs: int = 0) -> Completion | Complaint:
    """The completion, or the error that some servers and routers send with status 200.

    The content type is named, not trusted: what parses is taken, also in pieces. A refusal or empty
    content is a completion (with the refusal's text); no JSON and no choices are reasons to ask
    again.
    """
    if reply.status != 200:
        return complaint_of(reply.content, reply.status)
    answer = parse(reply.content) or joined(reply.content)
    if not answer:
        told = reply.headers.get("Content-Type") or "not given"
        raise Again(f"the answer is not a JSON object (content type {told})")
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    choice = choice if isinstance(choice, dict) else {}
    if error := _error(answer, choice):
        return complaint(error, _status(error))
    if not isinstance(message := choice.get("message"), dict):
        raise Again("the answer holds no choices with a message")
    best = first_logprobs(choice, logprobs)
    reason = choice.get("finish_reason")
    return completion(_answer(message), reason, answer.get("usage"), seconds, best)


def _error(answer: dict[str, Any], choice: dict[str, Any]) -> Any:
    """What an answer with status 200 tells of an error; None, {} or "" where it does not."""
    if error := choice.get("error") or answer.get("error"):
        return error
    if (reason := choice.get("finish_reason")) in _BROKEN:
        return f"the answer ended with finish_reason '{reason}'"
    told = answer.get("object") == "error" or answer.get("detail") or answer.get("message")
    return answer if told and not choice else None


def _status(error: Any) -> int:
    """The status that an error tells; 500 where it tells none."""
    for name in ("code", "status", "http_status") if isinstance(error, dict) else ():
        code = str(error.get(name))[:4]
        if code.isdecimal() and 400 <= int(code) < 600:
            return int(code)
    return 429 if _BUSY.search(str(error)[:1000]) else 500


def _answer(message: dict[str, Any]) -> str:
    """The text of the answer, wherever the server put it.

    A reasoning parser whose end mark the model never wrote, because it did not think or because it
    was cut off, leaves everything in the thinking. What begins as an object is the answer then.
    """
    said = [_text(message.get(name)) for name in ("content", "refusal")]
    calls = message.get("tool_calls")
    if isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict):
        # Servers that turn a wish for JSON into a tool of their own.
        function = calls[0].get("function")
        said.append(_text(function.get("arguments")) if isinstance(function, dict) else "")
    if told := next((text for text in said if text.strip()), ""):
        return told
    thoughts = next((text for name in _THOUGHTS if (text := _text(message.get(name)))), "")
    answers = thoughts.lstrip().startswith(("{", "```"))
    return thoughts if answers or not thoughts.strip() else f"<think>{thoughts}"


def _text(content: object) -> str:
    """Content as text: a string, null, an object, or a list of parts, some of them thoughts."""
    if isinstance(content, dict):
        return json.dumps(content, ensure_ascii=False)
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = (
        part.get("text")
        for part in parts
        if isinstance(part, dict) and part.get("type") in (None, "text", "output_text")
    )
    return "".join(text for text in texts if isinstance(text, str))


def model_names(content: bytes) -> tuple[str, ...]:
    """The models in a server's list, cleaned and cut; () where it is none."""
    try:
        return tuple(label(str(model["id"])) for model in parse(content)["data"])
    except (KeyError, TypeError):
        return ()


def judge_complaint(reply: Reply, said: Complaint, model: str, section: str = "engine") -> NoReturn:
    """Raise for a reply of no use: Again where it may pass, RequestRefused where another question
    may be answered, EngineError where none will.

    ``section``: of the recipe, for the keys that are named.
    """
    status, wait = said.status, retry_after(reply.headers.get("Retry-After"))
    told = f"{status}{': ' + said.words[:_SHOWN] if said.words else ''}"
    if said.of_context:
        raise ContextTooSmall(
            f"the model's context is too small ({told}); serve the model with a larger one, or ask "
            'for less: sampling.max_tokens, turns, demonstrations.count, prompt = "short".'
        )
    if status == 429 and b"insufficient_quota" in reply.content[:4096]:
        raise EngineError(f"the quota of this API key is used up ({told}); raise it.")
    if status in _OVERLOADED:
        raise Again(f"it answers {told}", Fault.REFUSED, wait)
    if status in _TRANSIENT or status >= 500:
        raise Again(f"it answers {told}", Fault.LATE if status == 504 else Fault.ODD, wait)
    if status in (401, 403) and not _FLAGGED.search(said.plain):
        raise EngineError(
            f"the server refuses the API key ({told}); set the right one in the environment."
        )
    if status == 404 or status < 400:
        raise EngineError(
            f"nothing is found there ({told}); check {section}.base_url, which often ends with"
            f" /v1, and {section}.model '{model}'."
        )
    kind = RequestRefused if status in (*_OF_THE_REQUEST, 403) else EngineError
    raise kind(f"the server refuses the request ({told}).")
