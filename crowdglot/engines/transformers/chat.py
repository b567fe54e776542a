"""Messages to tokens by a tokenizer's own chat template, and tokens back to text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from crowdglot.engines.engine import Message
from crowdglot.errors import EngineError

_PROBE = "A system line to be found again."


@dataclass(frozen=True, slots=True)
class Prompt:
    """``tokens`` of a whole prompt; the first ``shared`` of them come from all but the last
    message, so that other prompts may begin with the same."""

    tokens: tuple[int, ...]
    shared: int


class Chat:
    """``tokenizer`` as far as a conversation needs it; raises EngineError if it has no template.

    Models whose template refuses or drops a system message get it at the head of the first user
    message.
    """

    def __init__(self, tokenizer: Any, model: str) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise EngineError(
                f"{model}: this model has no chat template, so it is no instruction-tuned model;"
                " choose one that is."
            )
        self._tokenizer = tokenizer
        self._model = model
        self._merges = False
        asked = (Message("system", _PROBE), Message("user", "Hello."))
        try:
            self._merges = _PROBE not in self._render(asked, answer=True)
        except EngineError:
            self._merges = True

    def encode(self, messages: Sequence[Message]) -> Prompt:
        """The prompt as tokens, ready for the answer's first one."""
        tokens = self._tokens(self._render(messages, answer=True))
        try:
            head = self._tokens(self._render(messages[:-1], answer=False)) if messages[:-1] else []
        except EngineError:
            head = []  # some templates take no conversation that ends with an answer
        pairs = zip(head, tokens[:-1], strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return Prompt(tuple(tokens), shared)

    def read(self, text: str) -> list[int]:
        """A text as it is, as tokens, after BOS where the model knows one."""
        return list(self._tokenizer(text, verbose=False)["input_ids"])

    def decode(self, tokens: Sequence[int], *, special: bool = False) -> str:
        """The text of tokens; ``special``: with that of special tokens."""
        text = self._tokenizer.decode(
            list(tokens), skip_special_tokens=not special, clean_up_tokenization_spaces=False
        )
        return str(text)

    def _tokens(self, text: str) -> list[int]:
        # The template has written the special tokens already.
        return list(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _render(self, messages: Sequence[Message], *, answer: bool) -> str:
        from jinja2 import TemplateError

        chat = [{"role": each.role, "content": each.content} for each in self._merged(messages)]
        try:
            text = self._tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=answer, enable_thinking=False
            )
        except (TemplateError, TypeError, ValueError) as error:
            raise EngineError(
                f"{self._model}: its chat template refuses the messages ({str(error)[:160]});"
                " choose another model."
            ) from None
        return str(text)

    def _merged(self, messages: Sequence[Message]) -> Sequence[Message]:
        if not self._merges or len(messages) < 2 or messages[0].role != "system":
            return messages
        first = Message(messages[1].role, f"{messages[0].content}\n\n{messages[1].content}")
        return (first, *messages[2:])
