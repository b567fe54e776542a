"""The inverse of the prompt: a draft (the raw completion) becomes a dialogue, or a fault.

It is strict about the dialogue: a JSON object with exactly the keys asked for, each a text. What
stands around the object is looked past where that leaves no doubt; see ``wrapping``.
"""

import re
from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.dialogues.scene import THINKS, Thought, thinker
from crowdglot.dialogues.wrapping import Read, read_json
from crowdglot.languages.folding import composed
from crowdglot.scenarios.scenario import Scenario

_SPACES = re.compile(r"[^\S\n]+")


def parse(draft: str, scenario: Scenario, demonstrations: Sequence[Demonstration] = ()) -> Dialogue:
    """Read ``draft`` as the answer to ``scenario``; never raises.

    Turns are in Unicode NFC with runs of blanks collapsed. An unreadable draft has no turns and
    its ``fault`` begins with "not_json", "only_thinking", "several_objects", "not_an_object",
    "wrong_keys" or "not_text".
    """
    read = read_json(draft)
    keys = turn_keys(scenario.order)
    told, fault = _answer(read, turn_keys(scenario.order, thinker(scenario)))
    if fault:
        return Dialogue(scenario, (), demonstrations, fault, read.around)
    spoken = zip(scenario.order, keys, strict=True)
    turns = tuple(Turn(speaker, told[key]) for speaker, key in spoken)
    kept = [told.get(f"{key}{THINKS}", "") for key in keys]
    thoughts = tuple(Thought(number, text) for number, text in enumerate(kept, start=1) if text)
    return Dialogue(scenario, turns, demonstrations, "", read.around, thoughts=thoughts)


def read_answer(draft: str, keys: Sequence[str]) -> tuple[dict[str, str], str]:
    """The texts of a JSON object with exactly these keys in their order, tidied; or the fault.

    Never raises. Every way of writing reads its answers by it.
    """
    return _answer(read_json(draft), keys)


def within(fault: str, where: str) -> str:
    """The fault of one answer of several, with the place where it is in its evidence."""
    reason, _, evidence = fault.partition(": ")
    return f"{reason}: {where}: {evidence}"


def _answer(read: Read, wanted: Sequence[str]) -> tuple[dict[str, str], str]:
    fault = read.fault or _fault(read.value, wanted)
    return ({} if fault else {key: tidy(text) for key, text in read.value}), fault


def _fault(answer: object, wanted: Sequence[str]) -> str:
    if not isinstance(answer, tuple):
        return f"not_an_object: {type(answer).__name__}"
    keys = [key for key, _ in answer]
    if keys != list(wanted):
        odd = [key for at, key in enumerate(keys) if key not in wanted or key in keys[:at]]
        odd = odd or [key for key in wanted if key not in keys]
        return f"wrong_keys: {len(keys)} turns instead of {len(wanted)}, see {odd[:4]}"
    if not all(isinstance(text, str) for _, text in answer):
        return "not_text: a turn is not a string"
    return ""


def tidy(text: str) -> str:
    """Valid Unicode in NFC, blanks collapsed and trimmed, line ends kept.

    Zero-width spaces are deleted; joiners stay, because Persian and Hindi are spelled with them.
    """
    text = composed(text).replace("\u200b", "")
    if "\n" not in text:
        return " ".join(text.split())
    return _SPACES.sub(" ", text).strip()
