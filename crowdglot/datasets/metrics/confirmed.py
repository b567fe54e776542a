"""How many dialogues are in their language by an identifier that had no part in the verdicts.

langdetect is good at whole texts in the 49 languages that it knows, and too slow for every turn. So
it reads some whole dialogues once all is written.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.figure import Details, Reading, mean_of
from crowdglot.languages.identifiers import readable
from crowdglot.languages.language import Language, resolve_language

# It reads so many dialogues of a group, at some hundred a second.
_MOST = 100


def measure(corpus: Corpus) -> Iterator[Reading]:
    """language_confirmed: the share, over the dialogues that langdetect can tell anything of."""
    if not corpus.language:
        return
    target = resolve_language(corpus.language)
    told = [confirms("\n".join(turns), target) for turns in corpus.turns[:_MOST]]
    known = np.full(len(corpus), np.nan)
    known[: len(told)] = [np.nan if one is None else float(one) for one in told]
    if np.isfinite(known).any():
        details: Details = {"tok": "none", "by": "langdetect", "most": _MOST}
        yield Reading("language_confirmed", mean_of(known), "higher", "bootstrap", details)


@lru_cache(maxsize=1)
def _langdetect() -> Any:
    from langdetect import DetectorFactory, detector_factory

    DetectorFactory.seed = 0  # without it, langdetect answers differently from call to call
    detector_factory.init_factory()
    return detector_factory._factory


@lru_cache(maxsize=512)
def confirmable(target: Language) -> bool:
    """Whether langdetect knows the language."""
    return not {tag.split("-")[0] for tag in _langdetect().langlist}.isdisjoint(target.detected_as)


def confirms(text: str, target: Language) -> bool | None:
    """Whether langdetect finds the target, or one of its relatives, in ``text``; None where it
    knows the language as little as the text."""
    from langdetect import LangDetectException

    if not confirmable(target):
        return None
    detector = _langdetect().create()
    detector.append(readable(text))
    try:
        found = detector.detect().split("-")[0]
    except LangDetectException:  # no letters it can use
        return None
    return found in {*target.detected_as, *target.confusables}
