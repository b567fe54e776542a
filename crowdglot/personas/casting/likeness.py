"""How well two people go together: alike, unlike, or matched."""

from dataclasses import dataclass

_OPPOSITE = {"warm": "cool", "cool": "warm", "leads": "follows", "follows": "leads"}


@dataclass(frozen=True, slots=True)
class Manner:
    """``marks``: topics and traits by which two are alike. ``sides``: of "warm", "cool", "leads",
    "follows" what somebody is."""

    marks: frozenset[str]
    sides: frozenset[str]


def likeness(first: Manner, second: Manner) -> float:
    """The share of their topics and traits that two have in common, 0 to 1."""
    either = first.marks | second.marks
    return len(first.marks & second.marks) / len(either) if either else 0.0


def match(first: Manner, second: Manner) -> float:
    """How well two complement each other, from -2 to 3.

    After the interpersonal circle (Kiesler 1983): warmth calls for warmth, and who leads for who
    follows. What they have in common counts less: it is what they can talk about.
    """
    score = 0  # whole numbers first: a sum of floats depends on the order of a set, which is random
    for side in first.sides & _OPPOSITE.keys():
        other = _OPPOSITE[side]
        good, bad = (side, other) if side in ("warm", "cool") else (other, side)
        score += (good in second.sides) - (bad in second.sides)
    return score + likeness(first, second)


def score(by: str, first: Manner, second: Manner) -> float:
    """By "similarity", "contrast" or "match"; more is better."""
    if by == "match":
        return match(first, second)
    return likeness(first, second) if by == "similarity" else -likeness(first, second)


def told(by: str, first: Manner, second: Manner) -> str:
    """One clause on how two meet, or on what they have in common."""
    if by == "match":
        one, other = (
            " and ".join(sorted(of.sides & _OPPOSITE.keys())) or "neither" for of in (first, second)
        )
        return f"{one} meets {other}, match {match(first, second):+.2f}"
    common = ", ".join(sorted(first.marks & second.marks)) or "nothing"
    return f"in common: {common}; likeness {likeness(first, second):.2f}"
