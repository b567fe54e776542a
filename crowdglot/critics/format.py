"""Whether the draft could be read, and has the turns that were asked for."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Format:
    """Reasons: "turn_count", "ended_early", and those of the fault: "not_json", "not_an_object",
    "wrong_keys", "not_text" …

    Talk that came to an end of its own needs so many turns, and no planned number.
    """

    least_turns: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge what the way of writing made of the answers."""
        if dialogue.fault:
            reason, _, evidence = dialogue.fault.partition(": ")
            return Verdict("format", reason, evidence)
        found, wanted = len(dialogue.turns), len(dialogue.scenario.order)
        if dialogue.ended and found < self.least_turns:
            told = f"{found} turns, then '{dialogue.ended}'"
            return Verdict("format", "ended_early", told, found)
        if found != wanted and not dialogue.ended:
            return Verdict("format", "turn_count", f"{found} turns instead of {wanted}", found)
        return Verdict("format", score=found)
