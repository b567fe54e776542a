"""Talk of an assistant: offers of service between people who are no clients, and refusals."""

from dataclasses import dataclass
from functools import lru_cache

from critics.verdict import Verdict
from dialogues.dialogue import Dialogue
from languages.language import packed_tags, resolve_language


@dataclass(frozen=True, slots=True)
class Assistant:
    """Reasons: "refusal" and "offer" ("how can I help you today").

    The phrases are those of all packs, not only the target's: a model that falls out of its part
    often falls out of the language too.
    """

    def judge(self, dialogue: Dialogue) -> Verdict:
        """Judge by phrases; an offer is in place between a client and a provider."""
        offers, refusals = _phrases()
        served = dialogue.scenario.common_ground.relation == "client_and_provider"
        for number, turn in enumerate(dialogue.turns, start=1):
            text = turn.text.casefold().replace("’", "'")
            for reason, phrases in (("refusal", refusals), ("offer", () if served else offers)):
                for phrase in phrases:
                    if phrase in text:
                        return Verdict("assistant", reason, f"turn {number}: {turn.text[:120]}")
        return Verdict("assistant")


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All offers and all refusals of all packs, casefolded."""
    offers: set[str] = set()
    refusals: set[str] = set()
    for tag in packed_tags():
        pack = resolve_language(tag).pack
        if pack:
            offers.update(p.casefold().replace("’", "'") for p in pack.phrases.offers)
            refusals.update(p.casefold().replace("’", "'") for p in pack.phrases.refusals)
    return tuple(sorted(offers)), tuple(sorted(refusals))
