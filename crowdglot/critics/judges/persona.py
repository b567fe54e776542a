"""Do the speakers keep to their personas, and how much of them do they show?

APC (active, passive, constraint; arXiv 2405.07726): for a statement of the persona, the probability
that it is relevant to the talk and that the talk entails it, or that it is not relevant and the
talk does not contradict it.
"""

from collections.abc import Iterable, Sequence

from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.asking import Ballot, fill, poll
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.engine import Completion

_RELEVANT = ("Yes.", "No.")
_STANCE = ("It shows that the statement is true.", "It contradicts the statement.", "Neither.")

# Of one statement: the probabilities that it is relevant, entailed and contradicted.
Reading = tuple[float, float, float]


def apc(readings: Iterable[Reading]) -> float:
    return sum(
        relevant * entailed + (1 - relevant) * (1 - contradicted)
        for relevant, entailed, contradicted in readings
    )


def delta_apc(readings: Sequence[Reading]) -> float:
    """APC less that of a talk which neither shows nor contradicts anything."""
    return apc(readings) - sum(1 - relevant for relevant, _, _ in readings)


class PersonaJudge:
    """Asks of each statement of each speaker's persona whether it matters, and what the talk says
    of it.

    Score: 1 less the largest probability that a statement is contradicted. Evidence: that
    statement. Parts: ``delta_apc`` of all statements, and of each speaker.
    """

    reason = "contradicts_persona"
    damages = ("contradicted",)

    def next(self, dialogue: Dialogue, answers: Sequence[Completion]) -> Asked | Opinion:
        scenario = dialogue.scenario
        people = zip(scenario.speakers, dialogue.personas, strict=True)
        stated = [(who, fact) for who, persona in people for fact in persona.facts]
        if not stated:
            return Opinion(None, "no persona is told")
        ballots = [
            Ballot(fill("persona", stance=stance, speaker=who, fact=fact), choices)
            for who, fact in stated
            for stance, choices in ((False, _RELEVANT), (True, _STANCE))
        ]
        told = poll(dialogue, ballots, answers)
        if isinstance(told, Asked):
            return told
        known = [
            ((relevance[0], stance[0], stance[1]), *said)
            for relevance, stance, said in zip(told[::2], told[1::2], stated, strict=True)
            if relevance and stance
        ]
        if 2 * len(known) <= len(stated):
            return Opinion(None, f"{len(known)} of {len(stated)} statements could be judged")
        worst, who, fact = max(known, key=lambda one: one[0][2])
        parts = {"delta_apc": delta_apc([one for one, _, _ in known])}
        for speaker in scenario.speakers:
            own = [one for one, said_by, _ in known if said_by == speaker]
            parts[f"delta_apc_{speaker}"] = delta_apc(own)
        return Opinion(1 - worst[2], f"{who} ({worst[2]:.2f}): {fact}", parts)
