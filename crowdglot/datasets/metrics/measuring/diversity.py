"""All metrics of a dataset, by language, speech event and model, and of the human reference.

Sizes are made equal before anything is compared: every language is measured on the same number of
dialogues. Within a language the groups that are compared ("all" and "human", the events, the
models) have the same number of dialogues and, for metrics that depend on length, of tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import polars as pl

from crowdglot.datasets.metrics import METRICS
from crowdglot.datasets.metrics.measuring.corpus import (
    Corpus,
    Dialogues,
    Embed,
    turn_texts,
    with_meanings,
)
from crowdglot.datasets.metrics.measuring.figure import Details, Figure, Reading, interval, sign
from crowdglot.datasets.metrics.measuring.tokenisation import describe, tokeniser_for
from crowdglot.languages.language import resolve_language
from crowdglot.statistics import some_numbers

# An event or model is measured alone from so many dialogues on; a language with fewer does not
# reduce the others to its size (its figures say how many it has).
FEWEST = 20


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
    embed: Embed | None = None,
) -> list[Figure]:
    """All figures of the rows of ``crowdglot.datasets.record`` (accepted ones, usually).

    ``frame``: columns language, turns, speech_event, model and personas, ``told`` where not all of
    these were told, and verdicts for what the judges said. ``subsample``: at most so
    many dialogues of a language. ``reference``: human dialogues by language tag. ``resamples``: 0
    for no intervals. ``personas_available``: size of the persona pool; by default, those that any
    row uses. ``embed``: gives the vectors of texts, or None if it has none; it is asked for whole
    languages only, because it costs a model. A metric that is not defined on a group (Self-BLEU of
    one dialogue) has no figure.
    """
    parts = {str(tag): rows for (tag,), rows in sorted(frame.group_by("language"))}
    human = {tag: reference_for(tag, reference or {}) for tag in parts}
    counts = [*map(len, parts.values()), *map(len, human.values())]
    size = _equal(counts, subsample)
    available = personas_available or len(set(_personas(frame)))
    all_options = {
        tag: _Options(tag, tokeniser_for(resolve_language(tag).script), seed, resamples, available)
        for tag in parts
    }
    pairs: dict[str, dict[str, Corpus]] = {}
    for tag, rows in parts.items():
        pairs[tag] = {"all": _draw(rows, size, "all", all_options[tag])}
        drawn = min(size, len(rows))
        if len(human[tag]) >= drawn:  # a smaller reference would be no equal measure
            chosen = some_numbers(len(human[tag]), drawn, seed, tag, "human")
            texts = [human[tag][number] for number in chosen]
            pairs[tag]["human"] = Corpus.build(texts, all_options[tag].tokeniser)
    every = with_meanings([one for pair in pairs.values() for one in pair.values()], embed)
    left = iter(every)
    pairs = {tag: {group: next(left) for group in pair} for tag, pair in pairs.items()}
    figures: list[Figure] = []
    for tag, rows in parts.items():
        heights = {"all": len(rows), "human": len(human[tag])}
        figures += _compared(pairs[tag], heights, all_options[tag])
        for kind, column in (("event", "speech_event"), ("model", "model")):
            figures += _by(rows, kind, column, size, all_options[tag])
    return figures


def _by(
    rows: pl.DataFrame, kind: str, column: str, most: int, options: _Options
) -> Iterator[Figure]:
    """The figures of every event, or model, that has enough dialogues."""
    if rows[column].n_unique() < 2:
        return  # the only one of its kind is "all"
    groups = {
        f"{kind}:{name}": group
        for (name,), group in sorted(rows.group_by(column, maintain_order=True))
        if len(group) >= FEWEST
    }
    counts = {name: len(group) for name, group in groups.items()}
    size = _equal(list(counts.values()), most)
    drawn = {name: _draw(group, size, name, options) for name, group in groups.items()}
    yield from _compared(drawn, counts, options)


def _compared(
    corpora: Mapping[str, Corpus], heights: Mapping[str, int], options: _Options
) -> Iterator[Figure]:
    """The figures at an equal token budget; ``heights``: from how many dialogues each was drawn."""
    budget = min((corpus.tokens for corpus in corpora.values() if corpus.tokens), default=0)
    for group, corpus in corpora.items():
        cut, numbers = corpus.cut(budget), np.arange(len(corpus))
        for name in METRICS:
            metric = import_module(f"crowdglot.datasets.metrics.{name}")
            budgeted: Details = {"budget": budget} if getattr(metric, "BUDGETED", False) else {}
            for reading in metric.measure(cut if budgeted else corpus):
                if (value := reading.of(numbers)) is not None:
                    count = heights[group] if reading.whole else len(corpus)
                    yield _figure(reading, group, value, count, budgeted, options)


def _figure(
    reading: Reading, group: str, value: float, count: int, budgeted: Details, options: _Options
) -> Figure:
    ends = interval(reading, value, count, options.seed, options.resamples)
    low, high = ends or (None, None)
    draws = min(options.resamples, reading.resamples)
    details: Details = {
        "tok": describe(options.tokeniser),
        **({} if reading.details.get("tok") == "none" else {"case": "lc"}),
        **reading.details,
        "subsample": "no" if reading.whole else count,
        **budgeted,
        "seed": options.seed,
        "ci": f"{reading.interval}{draws}" if ends else "none",
    }
    signature = sign(reading.metric, details)
    return Figure(
        reading.metric, options.language, group, value, low, high, count, signature, reading.better
    )


def _equal(counts: Sequence[int], most: int) -> int:
    """The number of dialogues at which groups with these counts are compared."""
    there = [count for count in counts if count]
    large = [count for count in there if count >= FEWEST] or there
    return min([*large, most])


def _draw(rows: pl.DataFrame, size: int, group: str, options: _Options) -> Corpus:
    """``size`` of the rows, and the uses of personas and events in all of them."""
    chosen = some_numbers(len(rows), size, options.seed, options.language, group)
    events = () if group.startswith("event:") else tuple(rows["speech_event"].drop_nulls())
    return replace(
        Corpus.build(turn_texts(rows[chosen]), options.tokeniser),
        personas=tuple(_personas(rows)),
        events=events,
        language="" if group.startswith("event:") else options.language,
        planned=tuple(rows[chosen]["speech_event"]),
        judged=_judged(rows[chosen]),
        personas_available=options.personas_available,
    )


def _judged(rows: pl.DataFrame) -> tuple[dict[str, tuple[float | None, str]], ...]:
    """By critic the score and evidence on each row."""
    if "verdicts" not in rows.columns:
        return ({},) * len(rows)
    return tuple(
        {one["critic"]: (one["score"], one["evidence"]) for one in told or ()}
        for told in rows["verdicts"].to_list()
    )


def _personas(rows: pl.DataFrame) -> list[str]:
    """The persona ids of all speakers, one entry a use; none that the model was not told."""
    if "told" in rows.columns:
        rows = rows.filter(pl.col("told").list.contains("personas").fill_null(value=True))
    used = rows["personas"].explode().drop_nulls()
    return used.struct.field("id").drop_nulls().to_list()


def reference_for(tag: str, reference: Mapping[str, Dialogues]) -> Dialogues:
    """The human dialogues in the language of a tag: "pt-BR" takes "pt" where there is no other."""
    return reference.get(tag) or reference.get(tag.split("-")[0]) or ()
