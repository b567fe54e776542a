"""Response selection in every language of a dataset, or of a folder of human dialogues."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from crowdglot.datasets.exports.making.distractors import DISTRACTORS, Answer, answers, enough
from crowdglot.datasets.metrics.measuring.tokenisation import is_word, tokenise, tokeniser_for
from crowdglot.engines.embedding.embedder import Meanings, Vectors
from crowdglot.engines.embedding.means import without
from crowdglot.evidence.selection.ranking import Bm25, Numbers, Share, credit, summarise
from crowdglot.evidence.sources import Drawn, Source, Talk, by_language
from crowdglot.languages.language import resolve_language

MOST = 150  # dialogues of a language: a model is slow
FEWEST = 100  # questions of a language
_REMEMBERED = 4  # turns before the answer that the embedding looks at, each half as much

Embed = Callable[[Sequence[str]], Meanings]
Question = Answer[Talk]


@dataclass(frozen=True, slots=True)
class Selection:
    """``by``: "BM25", or the embedding model's name. ``questions``: turns that were to be chosen;
    ``without``: turns for which there are too few distractors. ``drawn``, ``there``: dialogues."""

    source: str
    language: str
    by: str
    questions: int
    without: int
    drawn: int
    there: int
    shares: tuple[Share, ...]


def select_all(source: Source, *, embed: Embed | None = None) -> Iterator[Selection | str]:
    """For each language the figures of every ranker, or a sentence that says why there are none.

    MaterialError where no language has enough, once all were tried.
    """
    of = partial(_select, source, embed)
    yield from by_language(source, of, "no turn can be chosen among others")


def _select(source: Source, embed: Embed | None, tag: str) -> list[Selection] | str:
    noted, drawn = Counter[str](), source.draw(tag, MOST)
    questions = list(enough(answers(drawn.talks), noted))
    counts = len(questions), sum(noted.values()), len(drawn.talks), drawn.there
    if len(questions) < FEWEST:
        return (
            f"{tag}: {len(drawn.talks)} dialogues give {len(questions)} turns that have "
            f"{DISTRACTORS} distractors, of {FEWEST} that it takes"
        )
    known: dict[str, int] = {}
    owners = np.array([known.setdefault(one.view.id, len(known)) for one in questions])
    return [
        Selection(source.name, tag, by, *counts, summarise(credits, owners))
        for by, credits in _ranked(tag, drawn, questions, embed)
    ]


def _ranked(
    tag: str, drawn: Drawn, questions: Sequence[Question], embed: Embed | None
) -> Iterator[tuple[str, Numbers]]:
    """The name of each ranker, and what each question gives by it."""
    texts = list(dict.fromkeys(text for talk in drawn.talks for text in talk.turns))
    yield "BM25", _by_words(tag, texts, questions)
    if embed:
        meanings = embed(texts)
        # What all turns of a language have in common says nothing about which fits.
        moved = without(meanings.vectors, meanings.vectors.mean(axis=0))
        yield meanings.model, _by_meaning(dict(zip(texts, moved, strict=True)), questions)


def _by_words(tag: str, texts: Sequence[str], questions: Sequence[Question]) -> Numbers:
    tokeniser = tokeniser_for(resolve_language(tag).script)
    words = {text: list(filter(is_word, tokenise(text, tokeniser))) for text in texts}
    bm25 = Bm25(list(words.values()))
    rows = []
    for one in questions:
        query = [word for text in one.history for word in words[text]]
        said = (one.text, *one.distractors)
        rows.append(credit([bm25.score(query, words[text]) for text in said], 0))
    return np.array(rows)


def _by_meaning(vectors: dict[str, Vectors], questions: Sequence[Question]) -> Numbers:
    rows = []
    for one in questions:
        latest = one.history[: -_REMEMBERED - 1 : -1]
        query = np.sum([vectors[text] / 2**back for back, text in enumerate(latest)], axis=0)
        said = np.array([vectors[text] for text in (one.text, *one.distractors)])
        rows.append(credit((said @ query).tolist(), 0))
    return np.array(rows)
