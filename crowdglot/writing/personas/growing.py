"""The sentences that a model adds to those of a set: questions first, then answers to them."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import numpy as np

from crowdglot.critics.meaning.space import placed_english
from crowdglot.draws import Draws
from crowdglot.errors import EngineError
from crowdglot.personas.normalise import looks_english
from crowdglot.writing.judging.asker import Asker
from crowdglot.writing.personas.likeness import BY_WORDS, Known, Likeness, Rows, clusters, word_rows
from crowdglot.writing.personas.made import Refusal
from crowdglot.writing.personas.questions import AT_A_TIME, bootstrap, induce
from crowdglot.writing.personas.wording import fault_of_sentence, tidied

_MOST_SENTENCES = 2000  # of the set, that questions are induced from
_MOST_QUESTIONS = 48
_MOST_ROUNDS = 8
_SHOWN = 5  # sentences with a question


_MEANING = 0.7  # of a likeness by meaning; the rest is by words


def likeness_at_hand() -> Likeness:
    """By meaning and words where the bundled model is at hand, else by words.

    By meaning alone, "I have never seen the sea." says "I have never been on a plane." again: the
    model goes by the form of so short a sentence.
    """
    if placed_english(["I bake."]) is None:
        return BY_WORDS
    return Likeness("meaning", _placed, same=0.65, kin=0.38)


def _placed(sentences: Sequence[str]) -> Rows:
    rows = placed_english(sentences)
    if rows is None:
        raise EngineError("The bundled embedding model failed; run the same command again.")
    both = (_MEANING**0.5 * rows, (1 - _MEANING) ** 0.5 * word_rows(sentences))
    return np.concatenate(both, axis=1)


class Growth:
    """The sentences of a set and those that came: by question, in their order.

    ``sentences``: those of the set, each once. ``lines``: the new ones by the number of their
    question; ``refused``: what was not taken.
    """

    def __init__(self, sentences: Sequence[str], likeness: Likeness, seed: int) -> None:
        self._seed, self.likeness = seed, likeness
        self._english = looks_english(sentences)
        drawn = {*Draws(seed, "expand").shuffled(sentences)[:_MOST_SENTENCES]}
        self._sentences = [one for one in sentences if one in drawn]
        self._known = Known(likeness, sentences)
        self.questions: dict[str, list[str]] = {}
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.refused: list[Refusal] = []

    @property
    def size(self) -> int:
        """How many sentences came."""
        return sum(map(len, self.lines.values()))

    async def ask_questions(self, writer: Asker, wanted: int) -> None:
        """Find the questions that the largest clusters of sentences answer."""
        groups = clusters(self.likeness.place(self._sentences), self.likeness.kin)
        shown = [[self._sentences[at] for at in group] for group in groups]
        shown = shown[: min(wanted, _MOST_QUESTIONS)]
        told = await writer.interviews("question", [partial(induce, one) for one in shown])
        asked = Known(self.likeness, ())
        for lines, found in zip(shown, told, strict=True):
            question, fault = found or ("", "refused")
            if not fault and (same := asked.said_before(question)):
                self.refused.append(Refusal("question.redundant", question, same))
            elif fault:
                self.refused.append(Refusal(f"question.{fault}", question))
            else:
                self.questions[question] = lines

    async def ask_lines(self, writer: Asker, wanted: int) -> None:
        """Answers to each question, round after round, until enough came or a round brought
        nothing. Each round is shown what the rounds before it brought."""
        for number in range(_MOST_ROUNDS):
            before = self.size
            steps = [
                partial(bootstrap, question, self._shown(question, number))
                for question in self.questions
            ]
            told = await writer.interviews(f"lines.{number}", steps)
            for question, found in zip(self.questions, told, strict=True):
                self._take(question, *(found or ((), "refused")))
            if self.size >= wanted or self.size == before:
                return

    def _shown(self, question: str, number: int) -> list[str]:
        both = (*self.questions[question], *self.lines[question])
        return Draws(self._seed, "expand", question, number).shuffled(both)[:_SHOWN]

    def _take(self, question: str, texts: Sequence[str], fault: str) -> None:
        if fault:
            self.refused += [Refusal(f"answer.{fault}", question)]
        for text in texts[:AT_A_TIME]:
            line = tidied(text, english=self._english)
            if reason := fault_of_sentence(line, english=self._english):
                self.refused.append(Refusal(reason, text, question))
            elif same := self._known.said_before(line):
                self.refused.append(Refusal("redundant", line, same))
            else:
                self.lines[question].append(line)
