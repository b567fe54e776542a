"""A set of dialogues of one language, with its n-grams as numbers, counted once for all metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crowdglot.datasets.metrics.measuring.tokenisation import tokenise
from crowdglot.engines.embedding.embedder import Meanings

Numbers = NDArray[np.int64]
Dialogues = Sequence[Sequence[str]]  # the turn texts of each dialogue
Embed = Callable[[Sequence[str]], Meanings | None]


def turn_texts(rows: pl.DataFrame) -> list[list[str]]:
    """The turn texts of each row: its column "turns"."""
    return [[turn["text"] or "" for turn in turns or ()] for turns in rows["turns"].to_list()]


@dataclass(frozen=True, slots=True)
class Grams:
    """All n-grams of one order, in the order of the dialogues.

    ``ids``: which n-gram (0 … kinds - 1). ``owner``: the number of its dialogue. ``start``: the
    position of its first token in the corpus.
    """

    ids: Numbers
    owner: Numbers
    start: Numbers
    kinds: int

    def kinds_among(self, chosen: Numbers, dialogues: int) -> tuple[int, int]:
        """Different n-grams, and all n-grams, in the ``chosen`` of so many ``dialogues``."""
        taken = np.zeros(dialogues, bool)
        taken[chosen] = True
        ids = self.ids[taken[self.owner]]
        seen = np.zeros(self.kinds, bool)
        seen[ids] = True
        return int(seen.sum()), len(ids)


@dataclass(frozen=True, eq=False)
class Corpus:
    """``turns``: the turn texts of each dialogue. ``documents``: the tokens of each, lower-cased.

    ``personas`` and ``events``: one entry a use, over all dialogues of the group, not only those
    that were drawn. ``personas_available``: how many different ones could have been used.
    ``meanings``: a vector for each dialogue, where there is an embedding model. ``language``:
    its tag; ``planned``: the speech event of each; ``judged``: of each the score and evidence of
    every critic and judge.
    """

    turns: tuple[tuple[str, ...], ...]
    documents: tuple[tuple[str, ...], ...]
    tokeniser: str
    personas: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    personas_available: int = 0
    meanings: Meanings | None = None
    language: str = ""
    planned: tuple[str, ...] = ()
    judged: tuple[Mapping[str, tuple[float | None, str]], ...] = ()

    @classmethod
    def build(cls, dialogues: Dialogues, tokeniser: str) -> "Corpus":
        """From the turn texts of dialogues; a dialogue's text is its turns, one a line."""
        documents = tuple(tuple(tokenise("\n".join(d), tokeniser)) for d in dialogues)
        return cls(tuple(tuple(d) for d in dialogues), documents, tokeniser)

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def texts(self) -> list[str]:
        """Each dialogue's turns, one a line."""
        return ["\n".join(turns) for turns in self.turns]

    @cached_property
    def lengths(self) -> Numbers:
        """Tokens of each dialogue."""
        return np.array([len(document) for document in self.documents], np.int64)

    @property
    def tokens(self) -> int:
        """Tokens of all dialogues."""
        return int(self.lengths.sum())

    def grams(self, order: int) -> Grams:
        """All n-grams of this order within dialogues."""
        return _grams(self, order)

    def cut(self, budget: int) -> "Corpus":
        """Every dialogue cut to the same share, so that about ``budget`` tokens remain in all.

        Its text is cut to the same share of its characters.
        """
        if budget >= self.tokens:
            return self
        share = budget / self.tokens
        return replace(
            self,
            documents=tuple(d[: round(len(d) * share)] for d in self.documents),
            turns=tuple((text[: round(len(text) * share)],) for text in self.texts),
        )


def with_meanings(corpora: Sequence[Corpus], embed: Embed | None) -> list[Corpus]:
    """The same corpora with their vectors, all asked for at once, if there are any."""
    texts = [text for corpus in corpora for text in corpus.texts]
    if embed is None or not texts or (meanings := embed(texts)) is None:
        return [*corpora]
    parts = np.split(meanings.vectors, np.cumsum([len(corpus) for corpus in corpora])[:-1])
    return [
        replace(corpus, meanings=replace(meanings, vectors=own))
        for corpus, own in zip(corpora, parts, strict=True)
    ]


@lru_cache(maxsize=8)
def _grams(corpus: Corpus, order: int) -> Grams:
    """Numbered from the order below: an n-gram is an (n-1)-gram and the token behind it."""
    if order == 1:
        known: dict[str, int] = {}
        ids = np.fromiter(
            (known.setdefault(token, len(known)) for d in corpus.documents for token in d),
            np.int64,
            corpus.tokens,
        )
        owner = np.repeat(np.arange(len(corpus)), corpus.lengths)
        return Grams(ids, owner, np.arange(len(ids)), len(known))
    shorter, words = corpus.grams(order - 1), corpus.grams(1)
    ends = np.cumsum(corpus.lengths)
    fits = shorter.start + order <= ends[shorter.owner]
    start = shorter.start[fits]
    pairs = shorter.ids[fits] * words.kinds + words.ids[start + order - 1]
    kinds, ids = np.unique(pairs, return_inverse=True)
    return Grams(ids.astype(np.int64), shorter.owner[fits], start, len(kinds))
