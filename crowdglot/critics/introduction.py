"""Whether people who know each other introduce themselves, as small models have everyone do."""

from dataclasses import dataclass
from functools import lru_cache

import regex

from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Introduction:
    """Reason: "own_name". The score is the number of turns in which speakers say their own names.

    Between people who know each other well, so many turns at most may do so: "it's Ana" on the
    phone. Where they hardly know each other, a name is nothing odd.
    """

    most_turns: int

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge each turn by its speaker's name."""
        scenario = dialogue.scenario
        if scenario.common_ground.knows != "most":
            return Verdict("introduction")
        own = dict(zip(scenario.speakers, scenario.names, strict=False))
        found = [
            (number, turn)
            for number, turn in enumerate(dialogue.turns, start=1)
            if _named(own.get(turn.speaker, "")).search(turn.text)
        ]
        if len(found) <= self.most_turns:
            return Verdict("introduction", score=len(found))
        number, turn = found[0]
        evidence = f"turn {number}: {own[turn.speaker]} says: {turn.text[:120]}"
        return Verdict("introduction", "own_name", evidence, len(found))


@lru_cache(maxsize=4096)
def _named(name: str) -> regex.Pattern[str]:
    """A name as a word; as it stands where the script parts no words."""
    whole = regex.escape(name)
    edge = (
        r"\b" if name.isascii() or regex.search(r"\p{Latin}|\p{Cyrillic}|\p{Greek}", name) else ""
    )
    return regex.compile(rf"{edge}{whole}{edge}" if name else r"(?!)", regex.IGNORECASE)
