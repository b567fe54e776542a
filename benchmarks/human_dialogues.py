"""XPersona's human dialogues, and the swaps that language verification is tested with."""

import json
from dataclasses import dataclass
from pathlib import Path

from crowdglot.draws import Draws
from crowdglot.errors import MaterialError
from crowdglot.languages.language import Language, resolve_language
from crowdglot.languages.scripts import count_letters

# XPersona's files begin with a language; all but one of these are tags as they stand.
_TAGS = {"jp": "ja"}
# A swapped-in turn has at least so many letters ("ok" belongs to no language).
FEWEST_LETTERS, FEWEST_LETTERS_DENSE = 7, 4
DENSE = frozenset({"Hans", "Hant", "Jpan", "Kore", "Thai"})


@dataclass(frozen=True, slots=True)
class Swapped:
    """A dialogue in ``language`` whose turn ``position`` is in ``intruder``."""

    language: Language
    intruder: str
    turns: tuple[str, ...]
    position: int


def read_folder(folder: Path, most_dialogues: int) -> dict[str, list[tuple[str, ...]]]:
    """Language tag to the turns of its first dialogues, for every JSON file of ``folder``."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for path in sorted(folder.glob("*.json")):
        code = path.name.split("_")[0].lower()
        tag = resolve_language(_TAGS.get(code, code)).tag
        records = json.loads(path.read_text("utf-8"))[:most_dialogues]
        spoken = [[t for pair in record["dialogue"] for t in pair] for record in records]
        found[tag] = [tuple(t for t in turns if t != "__SILENCE__") for turns in spoken]
    if len(found) < 2:
        raise MaterialError(
            f"{folder}: {len(found)} languages found; give XPersona's JSON files of two or more."
        )
    return found


def swap(dialogues: dict[str, list[tuple[str, ...]]], seed: int) -> list[Swapped]:
    """Every dialogue with one turn swapped in from another language, in every second one English.

    English dialogues get a turn of any other language.
    """
    swapped = []
    for tag, own in dialogues.items():
        others = [other for other in dialogues if other != tag]
        for number, turns in enumerate(own):
            draws = Draws(seed, "swap", tag, number)
            english = "en" in others and number % 2 == 0
            intruder = "en" if english else draws.choice(others)
            turn = _any_turn(dialogues[intruder], resolve_language(intruder).script, draws)
            at = draws.below(len(turns))
            changed = (*turns[:at], turn, *turns[at + 1 :])
            swapped.append(Swapped(resolve_language(tag), intruder, changed, at))
    return swapped


def _any_turn(dialogues: list[tuple[str, ...]], script: str, draws: Draws) -> str:
    fewest = FEWEST_LETTERS_DENSE if script in DENSE else FEWEST_LETTERS
    while True:
        turn = draws.choice(draws.choice(dialogues))
        if count_letters(turn) >= fewest:
            return turn
