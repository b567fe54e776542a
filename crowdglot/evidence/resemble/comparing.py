"""Ours against people's dialogues, language by language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from crowdglot.datasets.metrics.measuring.tokenisation import SPACED, tokeniser_for
from crowdglot.evidence.resemble.distance import Distances, Embed, measure_distances
from crowdglot.evidence.resemble.giveaways import Giveaway, find_giveaways
from crowdglot.evidence.resemble.lengths import equal_turns, first_turns, match_lengths
from crowdglot.evidence.resemble.phrases import find_phrases
from crowdglot.evidence.resemble.style import (
    STYLE,
    Feature,
    function_words,
    measure_style,
    style_features,
)
from crowdglot.evidence.resemble.telling import FEWEST_PAIRS, Auc, Examples, numbered, tell_apart
from crowdglot.evidence.resemble.tokens import Spoken, read_spoken
from crowdglot.evidence.sources import Drawn, Source, by_language, same_language
from crowdglot.languages.language import Language, resolve_language
from crowdglot.statistics import mean_between

MOST, FEWEST = 500, 20  # dialogues of either side in a language: drawn at most, and for a figure
_TALK = 8  # of STYLE, lengths and turn-taking come first
_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """A mean over dialogues of either side, each with its interval of 95%."""

    feature: Feature
    ours: tuple[float, float, float]
    theirs: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Ours and people's dialogues of one language.

    ``drawn`` and ``there``: dialogues of ours and of people's that were compared, and that there
    are; ``left_out``: those withdrawn, or of fewer than two turns, among as many as are drawn.
    ``whole``: of whole dialogues; ``matched``: of ``turns`` turns cut to the same lengths, so many
    ``pairs``, None where these are too few. ``distances``: None without an embedding model.
    """

    language: str
    drawn: tuple[int, int]
    there: tuple[int, int]
    left_out: tuple[int, int]
    whole: Auc
    matched: Auc | None
    turns: int
    pairs: int
    giveaways: tuple[Giveaway, ...]
    talk: tuple[Compared, ...]
    distances: Distances | None = None


def compare_languages(
    ours: Source, theirs: Source, *, embed: Embed | None = None
) -> Iterator[Resemblance | str]:
    """For each language of ours the comparison, or a sentence that says why there is none.

    MaterialError where nothing can be compared, once all was tried.
    """

    def of(tag: str) -> list[Resemblance] | str:
        if not (known := same_language(tag, theirs)):
            return f"{tag}: {ours.counts[tag]:,} of ours, and {theirs.name} has no dialogues in it"
        return _compare(tag, ours.draw(tag, MOST), theirs.draw(known, MOST), embed)

    yield from by_language(ours, of, "nothing to compare with people")


def _compare(tag: str, ours: Drawn, theirs: Drawn, embed: Embed | None) -> list[Resemblance] | str:
    language = resolve_language(tag)
    tokeniser = tokeniser_for(language.script)
    mine, people = (read_spoken(side.talks, tokeniser) for side in (ours, theirs))
    sizes = len(mine), len(people)
    counts = f"{sizes[0]} of ours and {sizes[1]} of people's"
    if min(sizes) < FEWEST:
        return f"{tag}: {counts}, of {FEWEST} each that it takes"
    words = function_words(language, [*mine, *people])
    of = partial(_examples, words, language)
    examples, features = of(mine, people), style_features(words)
    cut = match_lengths(mine, people)
    if (whole := tell_apart(examples)) is None:
        return f"{tag}: {counts}, with fewer than {FEWEST_PAIRS} different pairs of personas"
    matched = None
    if len(cut.ours) >= FEWEST:
        equal = of(cut.ours, cut.theirs)
        free = [at for at, feature in enumerate(features) if not feature.length]
        matched = tell_apart(replace(equal, style=equal.style[:, free]))
    # What gives ours away is looked for in equally many turns, as in many something is said at
    # least once more often than in few; only features of length are those of whole dialogues.
    turns = equal_turns(mine, people)
    first = of(*([first_turns(one, turns) for one in side] for side in (mine, people)))
    length = [at for at, feature in enumerate(STYLE) if feature.length]
    first.style[:, length] = examples.style[:, length]
    said, heard = (
        ["\n".join(talk.turns[:turns]) for talk in side.talks] for side in (ours, theirs)
    )
    made = Resemblance(
        language=tag,
        drawn=sizes,
        there=(ours.there, theirs.there),
        left_out=(ours.left_out, theirs.left_out),
        whole=whole,
        matched=matched,
        turns=cut.turns,
        pairs=len(cut.ours),
        giveaways=tuple(find_giveaways(first, features)),
        talk=tuple(_talk(examples)),
        distances=measure_distances(said, heard, embed) if embed else None,
    )
    return [made]


def _examples(
    words: Sequence[str], language: Language, ours: Sequence[Spoken], theirs: Sequence[Spoken]
) -> Examples:
    both = [*ours, *theirs]
    phrases = find_phrases(both, blanks=tokeniser_for(language.script) == SPACED)
    ours_first = np.arange(len(both)) < len(ours)
    pairs = numbered([one.pair for one in both])
    return Examples(measure_style(both, words, language), phrases, ours_first, pairs)


def _talk(examples: Examples) -> Iterator[Compared]:
    for at, feature in enumerate(STYLE[:_TALK]):
        sides = (examples.style[side, at] for side in (examples.ours, ~examples.ours))
        yield Compared(feature, *(mean_between(values, _RESAMPLES) for values in sides))
