"""Whether the draft could be read, and has the turns that were asked for."""

from dataclasses import dataclass

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Format:
    """Reasons: "not_json", "only_thinking", "several_objects", "not_an_object", "wrong_keys",
    "not_text", "turn_count". What stood around the object of a draft that passes is its evidence.
    """

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge what ``dialogues.draft.parse`` made of the draft."""
        if dialogue.fault:
            reason, _, evidence = dialogue.fault.partition(": ")
            return Verdict("format", reason, evidence)
        found, wanted = len(dialogue.turns), len(dialogue.scenario.order)
        if found != wanted:
            return Verdict("format", "turn_count", f"{found} turns instead of {wanted}", found)
        around = f"read past {', '.join(dialogue.around)}" if dialogue.around else ""
        return Verdict("format", evidence=around, score=found)
