"""Whether the speakers take turns as planned."""

from dataclasses import dataclass
from itertools import pairwise

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Speakers:
    """Reasons: "no_alternation" (one speaks twice in a row), "unknown_speaker", "silent"."""

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge the sequence of speakers."""
        order = "".join(turn.speaker for turn in dialogue.turns)
        for number, (before, now) in enumerate(pairwise(order), start=2):
            if before == now:
                return Verdict("speakers", "no_alternation", f"turn {number}: {now} again")
        if unknown := set(order) - set(dialogue.scenario.speakers):
            return Verdict("speakers", "unknown_speaker", ", ".join(sorted(unknown)))
        if silent := set(dialogue.scenario.speakers) - set(order):
            return Verdict("speakers", "silent", ", ".join(sorted(silent)))
        return Verdict("speakers")
