"""How a judge asks: questions with given answers, and what comes back as shares of these answers.

Where the engine tells the probabilities of an answer's first token, one call gives the shares.
Elsewhere the question is asked again with the answers in another order, and each call is a vote: a
model that always takes the first answer then votes for all of them alike.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import ascii_letters
from typing import Any

from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import JUDGE, Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import template, text_hash
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion

# Of each answer its share, 0 to 1, together 1; None where too few answers could be read.
Shares = tuple[float, ...] | None

_FOLDER = Path(__file__).parent
_MOST_VOTES = 3
_LEAST_MASS = 0.5  # of the first token's probability that must be on the labels
# The labels are single tokens: digits, which no speaker is called by, and letters where more are
# needed. OpenAI's interface tells the probabilities of 20 tokens at most.
_DIGITS, _LETTERS = "123456789", ascii_letters
_TOLD = 20
_HOW = {"temperature": 0.0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "max_tokens": 8}
_THINKING = re.compile(r"\A.*?</think>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One question with its possible answers, 2 to 52. ``ids``: a character for each, such as
    letters that tell of no order; by default digits, or letters where these are too few."""

    question: str
    answers: tuple[str, ...]
    ids: str = ""

    @property
    def votes(self) -> int:
        """How often it is asked where no probabilities are told."""
        return min(len(self.answers), _MOST_VOTES)

    @property
    def labels(self) -> str:
        """One character an answer."""
        enough = _DIGITS if len(self.answers) <= len(_DIGITS) else _LETTERS
        return self.ids or enough[: len(self.answers)]

    def order(self, vote: int) -> list[int]:
        """The numbers of the answers in the order in which this vote shows them: turned round."""
        count = len(self.answers)
        by = vote * count // self.votes
        return [(by + at) % count for at in range(count)]

    def asked(self, about: str, vote: int) -> Asked:
        """The question of this vote, on a dialogue that ``about`` shows."""
        shown = zip(self.labels, self.order(vote), strict=True)
        listed = "\n".join(f"{label}) {self.answers[at]}" for label, at in shown)
        kind = "number" if self.labels[0].isdigit() else "letter"
        question = f"{self.question}\n{listed}\nAnswer with the {kind} alone."
        messages = (Message("system", about), Message("user", question))
        return Asked(messages, sampling=_HOW, of=JUDGE, logprobs=_TOLD)

    def told(self, answer: Completion) -> Shares:
        """The shares by the probabilities of the first token; None where they are not told."""
        mass = [0.0] * len(self.answers)
        for token, logprob in answer.logprobs:
            if len(label := token.strip()) == 1 and (at := self.labels.find(label)) >= 0:
                mass[at] += math.exp(logprob)
        whole = sum(mass)
        return tuple(one / whole for one in mass) if whole >= _LEAST_MASS else None

    def vote(self, answer: Completion, vote: int) -> int | None:
        """The number of the answer that was chosen; None where none was, or more than one."""
        if answer.finish_reason == REFUSED:
            return None
        text = _THINKING.sub("", answer.text).strip()
        label = f"([{re.escape(self.labels)}])"
        found = re.findall(rf"\A\W*{label}(?!\w)", text) + re.findall(rf"(?<!\w){label}\W*\Z", text)
        return self.order(vote)[self.labels.index(found[0])] if len(set(found)) == 1 else None

    def counted(self, answers: Sequence[Completion]) -> Shares:
        """The shares by votes; None where half of them or more cannot be read."""
        votes = [self.vote(answer, number) for number, answer in enumerate(answers)]
        valid = [vote for vote in votes if vote is not None]
        if 2 * len(valid) <= len(votes):
            return None
        return tuple(valid.count(at) / len(valid) for at in range(len(self.answers)))


def poll(
    dialogue: Dialogue, ballots: Sequence[Ballot], answers: Sequence[Completion]
) -> Asked | list[Shares]:
    """The next question of an interview that puts all ``ballots`` in turn; else the shares."""
    return poll_about(show(dialogue), ballots, answers)


def poll_about(
    about: str, ballots: Sequence[Ballot], answers: Sequence[Completion]
) -> Asked | list[Shares]:
    """The same on what ``about`` shows, which need not be a dialogue."""
    shares, left = list[Shares](), answers
    for ballot in ballots:
        told = settle(about, ballot, left)
        if isinstance(told, Asked):
            return told
        shares.append(told[0])
        left = left[told[1] :]
    return shares


def settle(about: str, ballot: Ballot, answers: Sequence[Completion]) -> Asked | tuple[Shares, int]:
    """The next question of one ballot; else its shares, and how many answers these took."""
    if not answers:
        return ballot.asked(about, 0)
    if (told := ballot.told(answers[0])) is not None:
        return told, 1
    if len(answers) < ballot.votes:
        return ballot.asked(about, len(answers))
    return ballot.counted(answers[: ballot.votes]), ballot.votes


def show(dialogue: Dialogue) -> str:
    """What a judge is told of the dialogue before each question, so that a cache keeps it."""
    scenario = dialogue.scenario
    named = zip(scenario.speakers, scenario.names, strict=True)
    return fill(
        "dialogue",
        language=scenario.language.name,
        speakers=[(who, name.removeprefix(f"speaker {who}")) for who, name in named],
        turns=[(number, turn) for number, turn in enumerate(dialogue.turns, 1)],
    )


def template_hash(name: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a judge's template and the common one."""
    return text_hash(_text(part) for part in ("dialogue", name))


def fill(name: str, **fields: Any) -> str:
    """The template of this name in this folder, filled."""
    return template(_text(name)).render(fields).strip()


@lru_cache(maxsize=32)
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.jinja").read_text("utf-8")
