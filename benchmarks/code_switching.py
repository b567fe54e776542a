"""Code-switching inside a turn, and single foreign words, in human turns that get some spliced in.

Into a human turn of another language a span of 1, 2, 3 or 5 words of a human English turn is put,
at a random place; a span found counts as right if it overlaps the spliced one. Beside every
spliced turn stands one left as it was; what is found in those counts against precision, as does
every second span. Human turns hold English of their own ("call of duty"), which counts as wrong.

Single words: 1, 2 or 3 different English words, of three letters or more, are put each into a turn
of a human dialogue of eight turns, in small letters; found is the share of such dialogues that the
critic ``foreign_words`` rejects, rejected that of the dialogues left as they were.
"""

import re
from collections.abc import Sequence
from typing import Any

from benchmarks.human_dialogues import DENSE
from crowdglot.critics import Critic, load_critics
from crowdglot.critics.calibration import plain_dialogue
from crowdglot.critics.foreign_words import ForeignWords
from crowdglot.critics.language import LanguageCritic
from crowdglot.draws import Draws
from crowdglot.languages.language import resolve_language
from crowdglot.languages.switching import switched_words

SPANS = (1, 2, 3, 5)
WORDS, TURNS = (1, 2, 3), 8
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def measure_switching(dialogues: dict[str, list[tuple[str, ...]]], seed: int) -> dict[str, Any]:
    """``by_span``: span length to precision and recall; ``false_rate``: by language, of turns.

    ``single_words``: by language the share rejected, and found by the number of words.
    """
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
    dialogues = {tag: own for tag, own in dialogues.items() if tag != "en"}
    words = sorted({word.lower() for turn in english for word in turn if len(word) > 2})
    singles = {tag: _single_words(tag, own, words, seed) for tag, own in dialogues.items()}
    return {"by_span": by_span, "false_rate": false_rate, "single_words": singles}


def _single_words(
    tag: str, dialogues: list[tuple[str, ...]], words: list[str], seed: int
) -> dict[str, float]:
    critic = next(c for c in load_critics() if isinstance(c, ForeignWords))
    cut = [turns[:TURNS] for turns in dialogues]
    found = {f"found_{count}": _rejected(critic, tag, [
        _with_words(turns, count, words, tag, Draws(seed, "words", count, tag, number))
        for number, turns in enumerate(cut)
    ]) for count in WORDS}  # fmt: skip
    return {"rejected": _rejected(critic, tag, cut), **found}


def _rejected(critic: Critic, tag: str, dialogues: Sequence[Sequence[str]]) -> float:
    language = resolve_language(tag)
    verdicts = [critic.judge(plain_dialogue(turns, language)) for turns in dialogues]
    return round(sum(not verdict.passed for verdict in verdicts) / len(verdicts), 4)


def _with_words(
    turns: Sequence[str], count: int, words: list[str], tag: str, draws: Draws
) -> list[str]:
    changed = list(turns)
    gap = " " if tag not in ("zh", "ja") else ""
    for _ in range(count):
        at = draws.below(len(changed))
        changed[at], _, _ = _splice(changed[at], draws.choice(words), gap, draws)
    return changed


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
