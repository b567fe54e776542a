"""Which sentences make one person together: an interview with a judge, and what it is worth.

The judge is asked as in natural language inference: beside what is known of a person, is a further
sentence new, a contradiction, or the same again? It is asked first about pairs of which that is
known, and where it does not tell these apart it is not believed: then the rules alone decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from crowdglot.critics.judges.asking import Ballot, Shares, poll_about, settle
from crowdglot.critics.judges.belief import BAR
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion
from crowdglot.personas.casting.life import life_of
from crowdglot.personas.persona import ADULT, Persona
from crowdglot.statistics import auc, bootstrap
from crowdglot.strict_toml import Strict, read_toml, validate
from crowdglot.writing.judging.asker import Asker
from crowdglot.writing.personas.made import Refusal

_PAIRS = Path(__file__).parent / "known_pairs.toml"
_ABOUT = (
    "You are a careful reader. You are shown what is known of one person, and one more sentence "
    "that is said to be by the same person. Judge by what the sentences say. Every question has a "
    "list of answers: choose one and write its label alone, without a reason."
)
_QUESTION = (
    "Known of the person:\n{known}\nThe further sentence: {said}\n"
    "What is the further sentence, beside what is known?"
)
_ANSWERS = (
    "Something new, which can be true of the same person.",
    "Something that cannot be true of the same person.",
    "The same as a sentence that is known, in other words.",
)
# What a sentence says of an age that says nothing; signs of casting that exclude each other.
_NO_AGE = (ADULT, 110)
_NEVER_BOTH = (
    {"childless", "children"}, {"childless", "grandchildren"}, {"orphan", "with_parents"},
    {"alone", "with_parents"}, {"pupil", "retired"},
)  # fmt: skip
# Of sentences that fit, so many may be refused: others are at hand.
_REFUSED_IN_VAIN = 0.1


class _Pair(Strict):
    known: tuple[str, ...]
    fits: str
    contradicts: str


class _Pairs(Strict):
    pairs: tuple[_Pair, ...]


@dataclass(frozen=True, slots=True)
class FitJudge:
    """What the judge showed on known pairs. ``auc``: that a sentence which fits is taken for new
    rather than one which does not, with its interval; ``least``: the share of "new" that a sentence
    needs, None where the judge is not believed. ``told``: the same in words."""

    auc: float
    low: float
    high: float
    least: float | None

    @property
    def told(self) -> str:
        figures = f"{self.auc:.2f} ({self.low:.2f} to {self.high:.2f})"
        if self.least is not None:
            return f"The judge tells contradictions in known pairs: AUC {figures}."
        return (
            f"The judge does not tell contradictions in known pairs (AUC {figures}, the bar is "
            f"{BAR}); it is not asked, and the rules alone decide."
        )


UNTRIED = FitJudge(0.5, 0.0, 1.0, None)


async def try_judge(asker: Asker) -> FitJudge:
    """The judge, as far as known pairs tell. Raises what the engine raises."""
    known = validate(_Pairs, read_toml(_PAIRS), _PAIRS).pairs
    steps = [
        partial(poll_about, _ABOUT, [ballot(p.known, said) for said in (p.fits, p.contradicts)])
        for p in known
    ]
    told = await asker.interviews("fits.known", steps)
    read = [(one[0][0], one[1][0]) for one in told if one and one[0] and one[1]]
    if 2 * len(read) <= len(known):
        return UNTRIED
    fits, others = np.array(read).T
    low, high = bootstrap(len(read), lambda drawn: auc(fits[drawn], others[drawn]))
    least = float(np.quantile(fits, _REFUSED_IN_VAIN, method="lower")) if low >= BAR else None
    return FitJudge(auc(fits, others), low, high, least)


@lru_cache(maxsize=1024)
def ballot(known: tuple[str, ...], said: str) -> Ballot:
    """The question on one more sentence; the first answer is that it fits."""
    listed = "\n".join(f"- {line}" for line in known)
    return Ballot(_QUESTION.format(known=listed, said=said), _ANSWERS)


def assemble(
    hand: Sequence[str], wanted: int, least: float | None, answers: Sequence[Completion]
) -> Asked | tuple[tuple[str, ...], tuple[Refusal, ...]]:
    """The next question; else the sentences of one persona out of ``hand``, and those refused.

    Pure. ``wanted``: how many it takes; ``least``: see ``FitJudge``, None to ask nothing.
    """
    facts, refused, left = list(hand[:1]), list[Refusal](), answers
    for line in hand[1:]:
        if len(facts) == wanted:
            break
        reason = against_rules((*facts, line))
        if not reason and least is not None:
            told = settle(_ABOUT, ballot(tuple(facts), line), left)
            if isinstance(told, Asked):
                return told
            left = left[told[1] :]
            reason = _reason(told[0], least)
        if reason:
            refused.append(Refusal(reason, line, " ".join(facts)))
        else:
            facts.append(line)
    return tuple(facts), tuple(refused)


def against_rules(facts: Sequence[str]) -> str:
    """Why these sentences cannot be of one person, as far as patterns tell; else "".

    The patterns are those of casting: ages that do not meet, a partner and none, signs of which
    nobody shows both.
    """
    persona = Persona(tuple(facts))
    lives = [life_of(Persona((fact,))) for fact in facts]
    ages = [life.ages for life in lives if life.ages != _NO_AGE]
    signs = frozenset().union(*(life.signs for life in lives))
    apart = bool(ages) and max(low for low, _ in ages) > min(high for _, high in ages)
    alone = persona.partnered and (persona.single or persona.minor)
    return "contradicts" if apart or alone or any(map(signs.issuperset, _NEVER_BOTH)) else ""


def _reason(shares: Shares, least: float) -> str:
    if shares is None:
        return "unjudged"
    new, against, again = shares
    if new >= least:
        return ""
    return "contradicts" if against >= again else "redundant"
