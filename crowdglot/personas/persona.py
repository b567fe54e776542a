"""A persona: three to six short first-person sentences about one person (PersonaChat).

The patterns of its traits were written for the sentences of PersonaChat. One that leaves the age
open ("I hate school.") counts as a minor's: that mistake only keeps an adult out of love talk.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

from crowdglot.errors import MaterialError
from crowdglot.personas.normalise import normalise_fact
from crowdglot.personas.traits import Trait, values_of
from crowdglot.user_files import unprintable

_I_AM = r"\bi(?: am|['’]m)(?: (?:only|just|still|almost|currently|now))?"
_AGE = (
    r"(?:[4-9]|1[0-7]|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen)"
)
_GRADE = (
    r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|eleventh|twelfth)"
)
_SCHOOL = r"(?:elementary|primary|grade|middle|junior high|high|secondary|grammar)[ -]?school"
_STUDENT = r"(?:student|pupil|kid|freshman|sophomore|junior|senior)"
_ENDS = r"(?=\s*(?:[.,!?;]|$)| (?:and|but|who|with|in|so)\b)"
_SAID_BY_MINORS = (
    rf"{_I_AM} {_AGE}(?: years?[ -]old| years of age|{_ENDS})",
    rf"{_I_AM} an? {_AGE}[ -]years?[ -]old",
    rf"{_I_AM} (?:a|the) (?:(?:little|young|small) )?(?:child|kid|boy|girl){_ENDS}",
    rf"{_I_AM} an? (?:(?:pre-?)?teen(?:ager)?\b|minor{_ENDS}|tween)",
    rf"{_I_AM} an? (?:pupil|schoolboy|schoolgirl|\w+ grader)\b",
    rf"{_I_AM} an? {_SCHOOL}(?:er| {_STUDENT})\b",
    rf"{_I_AM} an? (?:\w+ )?{_STUDENT} (?:in|at) {_SCHOOL}",
    rf"{_I_AM} in (?:the |my )?(?:{_GRADE} grade|year (?:[1-9]|1[0-3])\b|kindergarten)",
    rf"{_I_AM} in (?:my )?{_SCHOOL}(?! (?:reunion|alumni))",
    rf"\bi (?:go to|attend) (?:an? |the )?(?:[\w.]+ ){{0,3}}{_SCHOOL}(?! (?:games|reun))",
    rf"{_I_AM} in my (?:\w+ )?year (?:of|at) {_SCHOOL}",
    rf"\bi (?:will )?(?:start|begin|finish) my (?:\w+ )?year (?:of|at) {_SCHOOL}",
    rf"\bi(?: will|['’]ll)? graduate (?:from )?{_SCHOOL}",
    rf"(?<!when )\bi (?:just |recently )?turned {_AGE}{_ENDS}",
    r"\bwhen i grow up\b|\bi hate (?:school|homework|math class)\b",
    r"\bi (?:ride|take) (?:the|my) (?:bus|bike) to school\b",
    r"\bmy (?:allowance|bedtime is|homework|mommy|mummy)\b",
    rf"\bmy (?:{_GRADE} grade )teacher is\b|\bour teacher\b",
)
_MINOR = re.compile("|".join(_SAID_BY_MINORS), re.IGNORECASE)
_MATE = r"(?:wife|husband|spouse|fianc[eé]e?|boyfriend|girlfriend|(?:life )?partner(?! in))"
_PARTNERED = re.compile(
    rf"\bmy {_MATE}\b|\bi(?: have|['’]ve)?(?: got)? a (?:new )?{_MATE}\b"
    r"|\bi(?: am|['’]m|['’]ve been| have been)(?: (?!not|never)\w+)? married\b"
    r"|(?<!when )\b(?:i|we)(?: are| am|['’]re|['’]m)? (?:getting|(?:just )?got) married\b"
    r"|\bi (?:recently )?married\b|\band married to\b|\bon my \w+ marriage\b"
    r"|\bi(?: am|['’]m|(?: currently| just) am) (?:\w+ )?engaged\b(?! in)"
    r"|\bi(?: am|['’]m) in an? (?:\w+ ){0,3}relationship\b|\bdating someone\b",
    re.IGNORECASE,
)
_ENDED = re.compile(
    rf"\bmy {_MATE} (?:\w+ )?(?:died|passed away|left me|broke up|dumped me|divorced me)"
    rf"|\bbroke up with (?:my |a )?{_MATE}",
    re.IGNORECASE,
)
_SINGLE = re.compile(
    r"\bi(?: am|['’]m)(?: (?:still|currently|now|happily|recently))? (?:single\b(?!-)|divorced"
    r"|separated|unmarried|not married|widowed|a widow(?:er)?\b|a bachelor\b(?! of| degree|['’]s))"
    r"|\bi(?: am|['’]m) an? (?:[\w-]+ ){0,4}single (?:dad|mom|mum|mother|father|parent|man|woman)"
    r"|\bi(?: have|['’]ve) been (?:divorced|single|widowed)\b|\bi live (?:alone|by myself)\b"
    r"|\bi(?: was|(?: have|['’]ve)?) never (?:been )?married\b"
    r"|\bi(?: have|['’]ve) never (?:been (?:in love|on a date|kissed)|kissed"
    r"|had a (?:boyfriend|girlfriend|steady relationship))"
    rf"|\bto find (?:someone to marry|a {_MATE})",
    re.IGNORECASE,
)

ADULT = 18  # years
MOST_TOLD, _MOST_CHARACTERS = 1_000, 100_000  # sentences or values of a trait, and all together
_ATTACHED = frozenset({"in a relationship", "married"})


@dataclass(frozen=True)
class Persona:
    """Who a speaker is. ``facts``: English first-person sentences, none empty; () of ``NOBODY``.

    ``traits``: what is known beside the sentences, as keys and values (see ``traits.fault_of``).
    ``origins``: where each fact came from, in their order, or () where nobody says; it makes no
    other persona.
    """

    facts: tuple[str, ...]
    traits: tuple[Trait, ...] = ()
    origins: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not all(fact.strip() for fact in self.facts) or (self.traits and not self.facts):
            raise ValueError("a persona needs at least one sentence, and none may be empty")
        if self.origins and len(self.origins) != len(self.facts):
            raise ValueError("a persona's origins are as many as its sentences, or none")

    @cached_property
    def id(self) -> str:
        """A name that depends on facts and traits alone, so that it is the same in every source."""
        told = [f"\x1f{one.key}\x1f{one.value}\x1f{one.language}" for one in self.traits]
        return blake2b("\n".join((*self.facts, *told)).encode(), digest_size=6).hexdigest()

    def trait(self, key: str) -> str:
        """The first value of a trait, or ""."""
        return next(iter(values_of(self.traits, key)), "")

    @property
    def words(self) -> list[str]:
        """Values of traits that are words of the language that is spoken."""
        return [one.value for one in self.traits if one.language]

    @cached_property
    def minor(self) -> bool:
        """Whether the age or a sentence says that this is a child or a pupil."""
        age = self.trait("age")
        return bool(age and int(age) < ADULT) or any(map(_MINOR.search, self.facts))

    @cached_property
    def partnered(self) -> bool:
        """Whether a trait or a sentence speaks of the person's own spouse or partner of today."""
        if partner := self.trait("partner"):
            return partner in _ATTACHED
        return any(_PARTNERED.search(fact) and not _ENDED.search(fact) for fact in self.facts)

    @cached_property
    def single(self) -> bool:
        """Whether a trait or a sentence says that the person has no partner."""
        if partner := self.trait("partner"):
            return partner not in _ATTACHED
        return any(_SINGLE.search(fact) or _ENDED.search(fact) for fact in self.facts)


NOBODY = Persona(())  # of whom nothing is told


def persona_of(facts: object, where: str, field: str, *, english: bool = True) -> Persona:
    """The persona of a list of sentences, normalised; MaterialError if one is empty or no text.

    ``where`` and ``field``: the record and its field, for errors.
    """
    if not isinstance(facts, list | tuple) or not all(isinstance(fact, str) for fact in facts):
        raise MaterialError(f"{where}: field '{field}' is not a list of sentences; make it one.")
    if len(facts) > MOST_TOLD or sum(map(len, facts)) > _MOST_CHARACTERS:
        raise MaterialError(
            f"{where}: field '{field}' has more than {MOST_TOLD:,} sentences or "
            f"{_MOST_CHARACTERS:,} characters, which is no persona; divide it."
        )
    if not facts:
        raise MaterialError(
            f"{where}: field '{field}' is an empty persona; give it at least one sentence."
        )
    mended = tuple(normalise_fact(fact, english=english) for fact in facts)
    if "" in mended:
        raise MaterialError(
            f"{where}: sentence {mended.index('') + 1} of field '{field}' is empty; write it or "
            "delete it."
        )
    if any(map(unprintable, mended)):
        raise MaterialError(
            f"{where}: field '{field}' holds control characters or half a character; delete them."
        )
    return Persona(mended)
