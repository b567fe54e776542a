"""A second opinion on the language of accepted dialogues, by one that did not accept them.

langdetect has no part in the verdicts. It is good at whole texts in the 49 languages that it knows,
and too slow for every turn, so it reads some whole dialogues once all is written.
"""

from functools import lru_cache
from typing import Any

from crowdglot.languages.identifiers import readable
from crowdglot.languages.language import Language


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
