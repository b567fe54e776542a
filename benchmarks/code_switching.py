"""Code-switching inside a turn: precision and recall on spliced human turns.

Into a human turn of another language a span of 1, 2, 3 or 5 words of a human English turn is put,
at a random place; a span found counts as right if it overlaps the spliced one. Beside every
spliced turn stands one left as it was; what is found in those counts against precision, as does
every second span. Human turns hold English of their own ("call of duty"), which counts as wrong.
"""

import re
from typing import Any

from benchmarks.human_dialogues import DENSE
from crowdglot.critics import load_critics
from crowdglot.critics.language import LanguageCritic
from crowdglot.draws import Draws
from crowdglot.languages.language import resolve_language
from crowdglot.languages.switching import switched_words

SPANS = (1, 2, 3, 5)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def measure_switching(dialogues: dict[str, list[tuple[str, ...]]], seed: int) -> dict[str, Any]:
    """``by_span``: span length to precision and recall; ``false_rate``: by language, of turns."""
    critic = next(c for c in load_critics() if isinstance(c, LanguageCritic))
    least = critic.least_switching
    english = [words for turns in dialogues["en"] for t in turns if (words := _WORD.findall(t))]
    others = {tag: [t for turns in own for t in turns] for tag, own in dialogues.items()}
    others.pop("en")
    false_rate = {
        tag: round(sum(bool(switched_words([t], resolve_language(tag), least)) for t in turns)
                   / len(turns), 5)
        for tag, turns in others.items()
    }  # fmt: skip
    by_span = {str(n): _one_length(n, english, others, least, seed) for n in SPANS}
    return {"by_span": by_span, "false_rate": false_rate}


def _one_length(
    length: int, english: list[list[str]], others: dict[str, list[str]], least: float, seed: int
) -> dict[str, float]:
    spliced = right = wrong = 0
    long_enough = [words for words in english if len(words) >= length]
    for tag, turns in others.items():
        target = resolve_language(tag)
        gap = "" if target.script in DENSE and target.script != "Kore" else " "
        for number in range(400):
            draws = Draws(seed, "splice", length, tag, number)
            clean, turn = draws.choice(turns), draws.choice(turns)
            words = draws.choice(long_enough)
            at = draws.below(len(words) - length + 1)
            text, start, end = _splice(turn, " ".join(words[at : at + length]), gap, draws)
            found = switched_words([text], target, least)
            hits = sum(_overlaps(text, span, start, end) for span, _ in found)
            spliced += 1
            right += hits > 0
            wrong += len(found) - hits + len(switched_words([clean], target, least))
    precision = right / (right + wrong) if right + wrong else 1.0
    return {"precision": round(precision, 4), "recall": round(right / spliced, 4)}


def _splice(turn: str, span: str, gap: str, draws: Draws) -> tuple[str, int, int]:
    """``turn`` with ``span`` between two of its words (characters, where there is no gap)."""
    pieces = turn.split() if gap else list(turn)
    at = draws.below(len(pieces) + 1)
    before = gap.join(pieces[:at]) + gap if at else ""
    after = gap + gap.join(pieces[at:]) if at < len(pieces) else ""
    return before + span + after, len(before), len(before) + len(span)


def _overlaps(text: str, span: str, start: int, end: int) -> bool:
    """Whether ``span``, wherever it stands in ``text``, overlaps the range."""
    return span in text[max(0, start - len(span) + 1) : end + len(span) - 1]
