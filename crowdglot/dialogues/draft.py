"""The inverse of the prompt: a draft (the raw completion) becomes a dialogue, or a fault.

It is strict about the dialogue: a JSON object with exactly the keys asked for, each a text. What
stands around the object is looked past where that leaves no doubt; see ``wrapping``.
"""

import re
from collections.abc import Sequence

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.prompt import turn_keys
from crowdglot.dialogues.wrapping import read_json
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
    fault = read.fault or _fault(read.value, scenario.order)
    spoken = () if fault else zip(scenario.order, read.value, strict=True)
    turns = tuple(Turn(speaker, tidy(text)) for speaker, (_, text) in spoken)
    return Dialogue(scenario, turns, demonstrations, fault, read.around)


def _fault(answer: object, order: str) -> str:
    if not isinstance(answer, tuple):
        return f"not_an_object: {type(answer).__name__}"
    keys, wanted = [key for key, _ in answer], turn_keys(order)
    if keys != wanted:
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
