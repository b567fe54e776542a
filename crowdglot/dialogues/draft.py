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
    turns, fault = _turns(draft, scenario.order)
    return Dialogue(scenario=scenario, turns=turns, demonstrations=demonstrations, fault=fault)


def _turns(draft: str, order: str) -> tuple[tuple[Turn, ...], str]:
    text = draft.strip()
    if not text.startswith("{") and (wrapped := _WRAPPING.match(text)):
        text = wrapped["fenced"] or wrapped["bare"] or ""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        return (), f"not_json: {str(error)[:80]}; the draft ends with {draft[-40:]!r}"
    if not isinstance(answer, dict):
        return (), f"not_an_object: {type(answer).__name__}"
    keys = turn_keys(order)
    if list(answer) != keys:
        unknown = [key for key in answer if key not in keys]
        odd = unknown or [key for key in keys if key not in answer]
        return (), f"wrong_keys: {len(answer)} turns instead of {len(keys)}, see {odd[:4]}"
    if not all(isinstance(text, str) for text in answer.values()):
        return (), "not_text: a turn is not a string"
    spoken = zip(order, answer.values(), strict=True)
    return tuple(Turn(speaker, tidy(text)) for speaker, text in spoken), ""


def tidy(text: str) -> str:
    """Valid Unicode in NFC, blanks collapsed and trimmed, line ends kept.

    Zero-width spaces are deleted; joiners stay, because Persian and Hindi are spelled with them.
    """
    text = composed(text).replace("\u200b", "")
    if "\n" not in text:
        return " ".join(text.split())
    return _SPACES.sub(" ", text).strip()
