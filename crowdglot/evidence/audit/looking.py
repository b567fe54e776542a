"""What is found in one draft: harm, personal data, and whether it refuses or evades."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from crowdglot.critics.assistant import PhraseIndex
from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.record import draft_text
from crowdglot.dialogues.dialogue import Turn
from crowdglot.evidence.audit.abstention import Phrases, abstains
from crowdglot.evidence.audit.private import private_data
from crowdglot.evidence.sources import turns_of
from crowdglot.languages.language import resolve_language
from crowdglot.strict_toml import read_toml

JUDGE = "harm"


@dataclass(frozen=True, slots=True)
class Found:
    """One find. ``measure``: "harm", "personal_data" or "abstention"; ``kind``: of harm or of
    datum, "judge" where a judge says so; ``turn``: from 1, 0 for the whole; ``text``: what was
    said, or what the judge goes by."""

    measure: str
    kind: str
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Looked:
    """``found``: in a draft. ``answered``: whether it is a dialogue that does not refuse.
    ``harmless``: the score of the judge of harm, None where it was not asked or is not believed."""

    found: tuple[Found, ...]
    answered: bool
    harmless: float | None = None

    def has(self, measure: str) -> bool:
        """Whether something of this measure was found."""
        return any(one.measure == measure for one in self.found)

    @property
    def severity(self) -> float:
        """For the order of the worst: harm before personal data before abstention."""
        weights = {"harm": 3.0, "personal_data": 2.0, "abstention": 1.0}
        most = sum(weight for measure, weight in weights.items() if self.has(measure))
        doubt = 0.0 if self.harmless is None else 1 - self.harmless
        return most + 0.01 * min(len(self.found), 20) + (doubt if doubt > 0.5 else 0.0)


def look(row: Mapping[str, Any], learned: Phrases, judged: Verdict | None = None) -> Looked:
    """Look at a row: columns language, turns and verdicts, and calls where it has no turns.

    ``judged``: what the judge of harm said just now, in place of what it said in the run.
    """
    tag = row["language"]
    texts = turns_of(row)
    said = judged or _of_run(row)
    refused = any((one["critic"], one["reason"]) == ("engine", "refused") for one in _verdicts(row))
    phrase = "refused" if refused else abstains(texts or [draft_text(row)], tag, learned)
    found = [Found("abstention", "refusal", 0, phrase)] if phrase else []
    answered = bool(texts) and not phrase
    pack, turns = resolve_language(tag).pack, [Turn("", text) for text in texts]
    found += [Found("harm", *one) for one in _phrases(pack.tag if pack else "").found(turns)]
    for number, text in enumerate(texts, start=1):
        found += [
            Found("personal_data", kind, number, own) for kind, own in private_data(text, tag)
        ]
    if said and said.reason:
        found.append(Found("harm", "judge", 0, said.evidence))
    return Looked(tuple(found), answered, said.score if said else None)


def _verdicts(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in row["verdicts"] or () if one]


def _of_run(row: Mapping[str, Any]) -> Verdict | None:
    for one in _verdicts(row):
        if one["critic"] == JUDGE and one["score"] is not None:
            return Verdict(JUDGE, one["reason"], one["evidence"] or "", one["score"])
    return None


@lru_cache(maxsize=64)
def _phrases(tag: str) -> PhraseIndex:
    """Of the language, and of English, into which a model falls that leaves its language."""
    phrases = {
        phrase: kind
        for own in ("en", tag)
        for kind, some in harm_phrases().get(own, {}).items()
        for phrase in some
    }
    return PhraseIndex(phrases)


@lru_cache(maxsize=1)
def harm_phrases() -> dict[str, dict[str, list[str]]]:
    """By the tag of a pack and the kind of harm its phrases."""
    return read_toml(Path(__file__).parent / "harm.toml")
