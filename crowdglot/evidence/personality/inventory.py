"""The inventory: statements about a speaker, and an interview that puts them.

Each statement is put twice, with its answers in a random order and in the reverse of it, and with
labels that tell of no order: a model that likes a place or a label contradicts itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdglot.critics.judges.asking import Ballot
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.prompt import template
from crowdglot.draws import Draws
from crowdglot.engines.engine import Completion
from crowdglot.strict_toml import read_toml

_FOLDER = Path(__file__).parent
TRAITS = ("extraversion", "agreeableness", "conscientiousness", "neuroticism", "openness")
ORDERS = 2
# What is said of a statement, and the rating it stands for; the last is no rating.
_ANSWERS = (
    "Very true of this speaker.", "Rather true.", "Half true.", "Rather untrue.",
    "Very untrue of this speaker.", "These turns do not tell.",
)  # fmt: skip
_RATINGS = (5.0, 4.0, 3.0, 2.0, 1.0)
_IDS = "GHJKLMPQRSTVWXZ"  # no speaker is called by one of them

Ratings = NDArray[np.float64]  # of a speaker: items x ORDERS, 1 to 5; NaN where there is none


@dataclass(frozen=True, slots=True)
class Item:
    """A statement; ``keyed``: 1 where it says the trait, -1 where it denies it."""

    trait: str
    text: str
    keyed: int


@lru_cache(maxsize=1)
def _told() -> dict[str, Any]:
    return read_toml(_FOLDER / "items.toml")


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """All statements, traits and keys taking turns."""
    keys = [(trait, name) for trait in TRAITS for name in _KEYS]
    return tuple(
        Item(trait, text, _KEYS[name])
        for texts in zip(*(_told()[trait][name] for trait, name in keys), strict=True)
        for (trait, name), text in zip(keys, texts, strict=True)
    )


_KEYS = {"plus": 1, "minus": -1}


@lru_cache(maxsize=256)
def _order(at: int, order: int) -> tuple[tuple[int, ...], str]:
    """The numbers of the answers in the order in which they are shown, and their labels."""
    shuffled = Draws("inventory", at).shuffled(range(len(_ANSWERS)))
    ids = "".join(Draws("inventory", at, order).shuffled(_IDS)[: len(_ANSWERS)])
    return tuple(reversed(shuffled) if order else shuffled), ids


def _ballot(at: int, order: int) -> tuple[Ballot, tuple[int, ...]]:
    shown, ids = _order(at, order)
    question = f"The statement: this speaker {items()[at].text}.\nHow true is it?"
    return Ballot(question, tuple(_ANSWERS[number] for number in shown), ids), shown


def inventory(
    language: str, texts: Sequence[str], answers: Sequence[Completion]
) -> Asked | Ratings:
    """The next question about a speaker who says ``texts``, or the ratings; pure."""
    number = len(answers)
    if number < len(items()) * ORDERS:
        text = (_FOLDER / "speaker.jinja").read_text("utf-8")
        about = template(text).render(language=language, texts=list(texts)).strip()
        return _ballot(*divmod(number, ORDERS))[0].asked(about, 0)
    read = [_rating(*divmod(at, ORDERS), answer) for at, answer in enumerate(answers)]
    return np.array(read, float).reshape(-1, ORDERS)


def _rating(at: int, order: int, answer: Completion) -> float:
    ballot, shown = _ballot(at, order)
    shares = ballot.told(answer)
    if shares is None:
        chosen = ballot.vote(answer, 0)
        shares = tuple(float(number == chosen) for number in range(len(shown)))
    by = dict(zip(shown, shares, strict=True))
    mass = sum(by[number] for number in range(len(_RATINGS)))
    if mass < 0.5:
        return np.nan
    return sum(by[number] * rating for number, rating in enumerate(_RATINGS)) / mass


def signs_of(traits: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The sign that a persona's traits (keys and values) declare of each trait of the inventory;
    none where they declare nothing, or both."""
    declared: dict[str, set[int]] = {}
    for one in traits:
        key, value = str(one["key"]), str(one["value"])
        told = [_told()["signs"].get(key, {}).get(value, {})]
        if key == "temperament" and len(value) == 4:
            told += [_told()["letters"].get(letter, {}) for letter in value]
        for trait, sign in (pair for some in told for pair in some.items()):
            declared.setdefault(trait, set()).add(1 if sign == "+" else -1)
    return {trait: next(iter(both)) for trait, both in declared.items() if len(both) == 1}
