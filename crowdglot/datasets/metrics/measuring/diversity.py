"""All metrics of a dataset, by language, speech event and model, beside the human reference.

Sizes are made equal before anything is compared: every language is measured on the same number of
dialogues, and within a language the groups that stand side by side ("all" and "human", the events,
the models) on the same number of dialogues and, for metrics that shift with length, of tokens.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import ModuleType

import numpy as np
import polars as pl

from crowdglot.datasets.metrics import METRICS
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Figure, Reading, sign
from crowdglot.datasets.metrics.measuring.intervals import interval, some_numbers
from crowdglot.datasets.metrics.measuring.tokenisation import describe, tokeniser_for
from crowdglot.engines.embedding.embedder import Meanings
from crowdglot.languages.language import resolve_language

# An event or model is measured alone from so many dialogues on, and a language with fewer does not
# pull the others down to its size (its figures say how many it has).
FEWEST = 20
Dialogues = Sequence[Sequence[str]]  # the turn texts of each dialogue


@dataclass(frozen=True, slots=True)
class _Options:
    language: str
    tokeniser: str
    seed: int
    resamples: int
    personas_available: int


def measure(
    frame: pl.DataFrame,
    *,
    seed: int,
    subsample: int,
    reference: Mapping[str, Dialogues] | None = None,
    resamples: int = 200,
    personas_available: int = 0,
    embed: Callable[[Sequence[str]], Meanings | None] | None = None,
) -> list[Figure]:
    """All figures of the rows of ``crowdglot.datasets.record`` (accepted ones, usually).

    ``frame``: needs language and turns; speech_event, model and personas are measured where they
    are there. ``subsample``: at most so many dialogues of a language. ``reference``: human
    dialogues by language tag. ``resamples``: 0 for no intervals. ``personas_available``: size of
    the persona pool; by default, those that any row uses. ``embed``: gives the vectors of texts for
    what is measured by meaning (None: it has none to give); of whole languages only, for it costs
    a model. A metric that is not
    defined on a group (Self-BLEU of one dialogue) has no figure.
    """
    parts = {str(tag): rows for (tag,), rows in sorted(frame.group_by("language"))}
    human = {tag: _reference_for(tag, reference or {}) for tag in parts}
    counts = [rows.height for rows in parts.values()]
    size = _equal([*counts, *(len(dialogues) for dialogues in human.values())], subsample)
    available = personas_available or len(set(_personas(frame)))
    all_options = {
        tag: _Options(tag, tokeniser_for(resolve_language(tag).script), seed, resamples, available)
        for tag in parts
    }
    pairs: dict[str, dict[str, Corpus]] = {}
    for tag, rows in parts.items():
        pairs[tag] = {"all": _draw(rows, size, "all", all_options[tag])}
        beside = min(size, rows.height)
        if len(human[tag]) >= beside:  # a smaller reference would be no equal measure
            pairs[tag]["human"] = _draw_texts(human[tag], beside, "human", all_options[tag])
    if embed:
        pairs = _with_meanings(pairs, embed)
    figures: list[Figure] = []
    for tag, rows in parts.items():
        options = all_options[tag]
        heights = {"all": rows.height, "human": len(human[tag])}
        figures += _family(pairs[tag], heights, options)
        for kind, column in (("event", "speech_event"), ("model", "model")):
            figures += _by(rows, kind, column, size, options)
    return figures


def _with_meanings(
    pairs: Mapping[str, Mapping[str, Corpus]], embed: Callable[[Sequence[str]], Meanings | None]
) -> dict[str, dict[str, Corpus]]:
    """The same corpora with their vectors, all asked for at once, if there are any."""
    texts = [text for pair in pairs.values() for corpus in pair.values() for text in corpus.texts]
    meanings, first = embed(texts) if texts else None, 0
    if meanings is None:
        return {tag: dict(pair) for tag, pair in pairs.items()}
    found: dict[str, dict[str, Corpus]] = {}
    for tag, pair in pairs.items():
        for group, corpus in pair.items():
            own = replace(meanings, vectors=meanings.vectors[first : first + len(corpus)])
            first += len(corpus)
            found.setdefault(tag, {})[group] = replace(corpus, meanings=own)
    return found


def _by(
    rows: pl.DataFrame, kind: str, column: str, most: int, options: _Options
) -> Iterator[Figure]:
    """The figures of every event, or model, that has enough dialogues."""
    if column not in rows.columns or rows[column].n_unique() < 2:
        return  # the only one of its kind is "all"
    groups = {
        f"{kind}:{name}": group
        for (name,), group in sorted(rows.group_by(column, maintain_order=True))
        if group.height >= FEWEST
    }
    counts = {name: group.height for name, group in groups.items()}
    size = _equal(list(counts.values()), most)
    drawn = {name: _draw(group, size, name, options) for name, group in groups.items()}
    yield from _family(drawn, counts, options)


def _family(
    corpora: Mapping[str, Corpus], heights: Mapping[str, int], options: _Options
) -> Iterator[Figure]:
    """The figures of corpora that stand side by side, at an equal token budget."""
    budget = min((corpus.tokens for corpus in corpora.values() if corpus.tokens), default=0)
    for group, corpus in corpora.items():
        cut = corpus.cut(budget)
        for path in METRICS.values():
            metric = import_module(path)
            budgeted = getattr(metric, "BUDGETED", False)
            for reading in _readings(metric, cut if budgeted else corpus):
                figure = _figure(
                    reading, len(corpus), heights[group], budget if budgeted else None, options
                )
                if figure is not None:
                    yield replace(figure, group=group)


def _readings(metric: ModuleType, corpus: Corpus) -> Iterator[Reading]:
    yield from metric.measure(corpus)


def _figure(
    reading: Reading, drawn: int, height: int, budget: int | None, options: _Options
) -> Figure | None:
    value = reading.of(np.arange(drawn))
    if value is None:
        return None
    ends = interval(reading, drawn, options.seed, options.resamples)
    draws = min(options.resamples, reading.resamples)
    details: Details = {
        "tok": describe(options.tokeniser),
        **({} if reading.details.get("tok") == "none" else {"case": "lc"}),
        **reading.details,
        "subsample": "no" if reading.whole else drawn,
        **({} if budget is None else {"budget": budget}),
        "seed": options.seed,
        "ci": f"{reading.interval}{draws}" if ends else "none",
    }
    return Figure(
        metric=reading.metric,
        language=options.language,
        group="",
        value=value,
        low=ends[0] if ends else None,
        high=ends[1] if ends else None,
        count=height if reading.whole else drawn,
        signature=sign(reading.metric, details),
        better=reading.better,
    )


def _equal(counts: Sequence[int], most: int) -> int:
    """The number of dialogues at which groups with these counts are compared."""
    there = [count for count in counts if count]
    large = [count for count in there if count >= FEWEST] or there
    return min([*large, most])


def _draw(rows: pl.DataFrame, size: int, group: str, options: _Options) -> Corpus:
    """``size`` of the rows, and the uses of personas and events in all of them."""
    chosen = some_numbers(rows.height, size, options.seed, options.language, group)
    dialogues = [
        [turn["text"] or "" for turn in turns or ()] for turns in rows["turns"][chosen].to_list()
    ]
    events = rows["speech_event"].drop_nulls().to_list() if "speech_event" in rows.columns else []
    return replace(
        Corpus.build(dialogues, options.tokeniser),
        personas=tuple(_personas(rows)),
        events=() if group.startswith("event:") else tuple(events),
        personas_available=options.personas_available,
    )


def _draw_texts(dialogues: Dialogues, size: int, group: str, options: _Options) -> Corpus:
    chosen = some_numbers(len(dialogues), size, options.seed, options.language, group)
    return Corpus.build([dialogues[number] for number in chosen], options.tokeniser)


def _personas(rows: pl.DataFrame) -> list[str]:
    """The persona ids of all speakers, one entry a use."""
    if "personas" not in rows.columns or rows.is_empty():
        return []
    used = rows["personas"].explode().drop_nulls()
    return used.struct.field("id").drop_nulls().to_list() if len(used) else []


def _reference_for(tag: str, reference: Mapping[str, Dialogues]) -> Dialogues:
    """The human dialogues in the language of a tag: "pt-BR" takes "pt" where there is no other."""
    return reference.get(tag) or reference.get(tag.split("-")[0]) or ()
