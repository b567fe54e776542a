"""Whether the draft could be read, and has the turns that were asked for."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Format:
    """Reasons: "turn_count", "ended_early", and those of the fault: "not_json", "only_thinking",
    "several_objects", "not_an_object", "wrong_keys", "not_text" …

    Talk that came to an end of its own needs so many turns, and no planned number. What stood
    around the object of a draft that passes is its evidence.
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
        around = f"read past {', '.join(dialogue.around)}" if dialogue.around else ""
        return Verdict("format", evidence=around, score=found)
