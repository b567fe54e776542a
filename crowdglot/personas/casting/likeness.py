"""How well two people go together: alike, unlike, or matched."""

from crowdglot.personas.casting.life import Life

_OPPOSITE = {"warm": "cool", "cool": "warm", "leads": "follows", "follows": "leads"}


def likeness(first: Life, second: Life) -> float:
    """The share of their topics and traits that two have in common, 0 to 1."""
    either = first.marks | second.marks
    return len(first.marks & second.marks) / len(either) if either else 0.0


def match(first: Life, second: Life) -> float:
    """How well two complement each other, from -2 to 3.

    After the interpersonal circle (Kiesler 1983): warmth calls for warmth, and who leads for who
    follows. What they have in common counts less: it is what they can talk about.
    """
    score = likeness(first, second)
    for sign, other in _OPPOSITE.items():
        if sign in first.signs:
            wanted, unwanted = (sign, other) if sign in ("warm", "cool") else (other, sign)
            score += (wanted in second.signs) - (unwanted in second.signs)
    return score


def score(by: str, first: Life, second: Life) -> float:
    """By "similarity", "contrast" or "match"; more is better."""
    if by == "match":
        return match(first, second)
    return likeness(first, second) if by == "similarity" else -likeness(first, second)


def told(by: str, first: Life, second: Life) -> str:
    """One clause on what two have in common, or in what they differ."""
    if by == "match":
        sides = [
            " and ".join(sorted(one.signs & _OPPOSITE.keys())) or "neither"
            for one in (first, second)
        ]
        return f"{sides[0]} meets {sides[1]}, match {match(first, second):+.2f}"
    common = ", ".join(sorted(first.marks & second.marks)) or "nothing"
    return f"in common: {common}; likeness {likeness(first, second):.2f}"
