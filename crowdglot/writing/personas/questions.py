"""What the expanding model is asked, after Synthetic-Persona-Chat (Jandaghi et al. 2023).

First which question a cluster of sentences answers, then more answers to that question. Each is a
pure function from the answers so far to the next question or to the result.
"""

from collections.abc import Sequence

from crowdglot.dialogues.draft import read_answer
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import object_of
from crowdglot.engines.engine import Completion

AT_A_TIME = 6  # sentences of one answer
_MOST_CHARACTERS = 160  # of a question
_SYSTEM = (
    "You help to make up people. A person is told by short sentences in the first person, such as "
    '"I repair clocks." or "My sister lives abroad.": one fact or habit each, everyday and '
    "particular, at most fifteen words."
)
_QUESTION = (
    "Each of these sentences is what another person said when all were asked the same question "
    "about themselves:\n{lines}\n"
    'Which question was it? Write the most specific one that fits them all, to one person ("you").'
)
_LINES = (
    'Different people were asked: "{question}"\nSome of them said:\n{lines}\n'
    "Write what {count} others of them say: each one short sentence in the first person, with a "
    "detail that few people share. Each is another person: nobody repeats what is said above, or "
    "what another one says, in other words."
)


def induce(lines: Sequence[str], answers: Sequence[Completion]) -> Asked | tuple[str, str]:
    """The question that these sentences answer, and "", or the fault by which there is none."""
    if not answers:
        return _asked(_QUESTION.format(lines=_listed(lines)), ["question"], 80)
    told, fault = read_answer(answers[0].text, ["question"])
    question = " ".join(told.get("question", "").split())
    if not fault and not question.endswith(("?", "？", "؟")):
        fault = "no_question"
    if not fault and len(question) > _MOST_CHARACTERS:
        fault = "long_question"
    return question, fault.partition(":")[0]


def bootstrap(
    question: str, lines: Sequence[str], answers: Sequence[Completion]
) -> Asked | tuple[tuple[str, ...], str]:
    """More sentences that answer the question, as the model wrote them, and "", or a fault."""
    keys = [f"person_{number}" for number in range(1, AT_A_TIME + 1)]
    if not answers:
        wanted = _LINES.format(question=question, lines=_listed(lines), count=AT_A_TIME)
        return _asked(wanted, keys, 60 * AT_A_TIME)
    told, fault = read_answer(answers[0].text, keys)
    return tuple(told.values()), fault.partition(":")[0]


def _asked(wanted: str, keys: Sequence[str], most_tokens: int) -> Asked:
    messages = (
        Message("system", _SYSTEM),
        Message("user", f"{wanted}\nAnswer with a JSON object: {', '.join(keys)}."),
    )
    return Asked(messages, object_of(dict.fromkeys(keys)), {"max_tokens": most_tokens})


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
