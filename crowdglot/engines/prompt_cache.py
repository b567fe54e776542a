"""The prompt cache of a llama.cpp slot, kept in a state that depends on the prompt alone."""

from collections.abc import Callable

from crowdglot.engines.engine import Message
from crowdglot.errors import EngineError, EngineUnavailable, RequestRefused

Messages = tuple[Message, ...]


class PromptCache:
    """Which beginnings of a prompt a slot has read.

    Kernels round differently for different numbers of tokens, so a token's cached state depends on
    how many were read with it. Here the reading always stops at the same beginnings of a prompt,
    and the first of them is read into an empty cache. Before a new one is read, the last one that
    the cache shares with the prompt is read once more: that drops what the cache holds behind it,
    and reads its last token anew, alone. So each is read twice at once: its last token was then
    read alone in every case.
    """

    def __init__(self) -> None:
        self.beginnings: list[Messages] = []
        self._prompt: Messages = ()

    def prepare(self, messages: Messages, read: Callable[[Messages, bool], None]) -> None:
        """Read ``messages``, so that the answer to them may begin; raises what ``read`` raises.

        ``read(messages, from_nothing)`` reads them into the slot, and keeps what the slot's cache
        shares with them unless ``from_nothing``.
        """
        if messages == self._prompt:
            return
        wanted = beginnings(messages)
        shared = [beginning for beginning in wanted if beginning in self.beginnings]
        self.beginnings, self._prompt = [], ()
        if shared:
            read(shared[-1], False)
            self.beginnings += shared
        for beginning in wanted:
            if beginning in shared:
                continue
            try:
                read(beginning, not self.beginnings)
                read(beginning, False)
            except (EngineUnavailable, RequestRefused):
                raise  # what may go well next time must not decide where the reading stops
            except EngineError:
                continue  # some chat templates take no beginning alone: it never stops there
            self.beginnings.append(beginning)
        read(messages, not self.beginnings)
        self._prompt = messages


def beginnings(messages: Messages) -> list[Messages]:
    """The beginnings of a prompt that other prompts may share, each within the next.

    They end after each message that is not the user's, and after the first line of the last
    message, which in a question names the language. A letter must follow that line: between a line
    break and a letter every tokenizer cuts, whatever else is there.
    """
    found = [messages[:end] for end in range(1, len(messages)) if messages[end - 1].role != "user"]
    first, line_break, rest = messages[-1].content.partition("\n")
    if line_break and rest[:1].isalpha():
        found.append((*messages[:-1], Message(messages[-1].role, first + line_break)))
    return found
