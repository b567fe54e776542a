"""The inverse of the prompt: a draft (the raw completion) becomes a dialogue, or a fault.

It is strict: a JSON object with exactly the keys asked for. Only what chat models add without being
asked is removed around it: a thinking block and one code fence.
"""

import json
import re
from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.languages.folding import composed
from crowdglot.scenarios.scenario import Scenario

_WRAPPING = re.compile(
    r"\A(?:<think>.*?</think>\s*)?(?:```(?:json)?\s*(?P<fenced>.*?)\s*```|(?P<bare>.*))\Z",
    re.DOTALL,
)
_SPACES = re.compile(r"[^\S\n]+")


def parse(draft: str, scenario: Scenario, demonstrations: Sequence[Demonstration] = ()) -> Dialogue:
    """Read ``draft`` as the answer to ``scenario``; never raises.

    Turns are in Unicode NFC with runs of blanks collapsed. An unreadable draft has no turns and
    its ``fault`` begins with "not_json", "not_an_object", "wrong_keys" or "not_text".
    """
    told, fault = read_answer(draft, turn_keys(scenario.order))
    spoken = () if fault else zip(scenario.order, told.values(), strict=True)
    turns = tuple(Turn(speaker, text) for speaker, text in spoken)
    return Dialogue(scenario=scenario, turns=turns, demonstrations=demonstrations, fault=fault)


def read_answer(draft: str, keys: Sequence[str]) -> tuple[dict[str, str], str]:
    """The texts of a JSON object with exactly these keys in their order, tidied; or the fault.

    Never raises. Every way of writing reads its answers by it.
    """
    text = draft.strip()
    if not text.startswith("{") and (wrapped := _WRAPPING.match(text)):
        text = wrapped["fenced"] or wrapped["bare"] or ""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, f"not_json: {str(error)[:80]}; the draft ends with {draft[-40:]!r}"
    if not isinstance(answer, dict):
        return {}, f"not_an_object: {type(answer).__name__}"
    if list(answer) != list(keys):
        unknown = [key for key in answer if key not in keys]
        odd = unknown or [key for key in keys if key not in answer]
        return {}, f"wrong_keys: {len(answer)} turns instead of {len(keys)}, see {odd[:4]}"
    if not all(isinstance(text, str) for text in answer.values()):
        return {}, "not_text: a turn is not a string"
    return {key: tidy(text) for key, text in answer.items()}, ""


def within(fault: str, where: str) -> str:
    """The fault of one answer of several, with the place where it is in its evidence."""
    reason, _, evidence = fault.partition(": ")
    return f"{reason}: {where}: {evidence}"


def tidy(text: str) -> str:
    """Valid Unicode in NFC, blanks collapsed and trimmed, line ends kept.

    Zero-width spaces are deleted; joiners stay, because Persian and Hindi are spelled with them.
    """
    text = composed(text).replace("\u200b", "")
    if "\n" not in text:
        return " ".join(text.split())
    return _SPACES.sub(" ", text).strip()
