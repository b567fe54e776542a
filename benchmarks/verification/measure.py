"""Choosing the lowest margins on one half of the sentences, and measuring on the other half."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.verification.texts import TURNS, Texts, dialogues, well_filed
from crowdglot.critics import THRESHOLDS
from crowdglot.draws import Draws
from crowdglot.languages import identification, relatives
from crowdglot.languages.identification import identify_dialogue
from crowdglot.languages.language import Language, resolve_language
from crowdglot.languages.relatives import Kind, Lowest, Measured, labels_of
from crowdglot.languages.scripts import count_letters
from crowdglot.languages.words import grams
from crowdglot.languages.words.frequencies import lower_words
from crowdglot.strict_toml import read_toml

SEED = 31
# A turn of so many letters shows its language; the share of fewer than so many turns says nothing.
LONG, _FEWEST_LONG = 30, 10
DIALOGUES = 60  # of each language, and of each relative of it
# The share of own texts that may lie below a lowest margin, and what is taken off it besides: the
# sentences are few, and the language has more of them.
_MOST_BELOW = {"whole": 0.005, "turn": 0.002}
_OFF = {"whole": 0.2, "turn": 0.3}
_OFF_WHERE_FEW, _FEW = 2.0, 100
# Where the tail of the margins ends, by its distance between the lowest 2% and 10% (as a normal
# distribution's lowest 0.2% lies).
_TAIL = 1.2
# Lowest margins are lowered in steps until so few own dialogues are rejected.
_MOST_HUMAN_REJECTED, _SMALL_STEP = 0.0065, 0.05
_MOST_REJECTED, _STEP, _FEW_STEPS, _MOST_STEPS = 0.015, 0.2, 2, 6
# A lowest margin is no higher, however sure the evidence is on these sentences: talk is looser.
_HIGHEST = {"whole": (0.0, -0.5), "turn": (-0.6, -2.0)}
_LEAST_OTHERS = -5.0
# Of so many turns of a relative, so large a share lies below what counts as theirs.
_FOREIGN, _FOREIGN_BELOW = 60, 0.92
# Fewer sentences are learnt of and chosen on in two parts, more in four.
_FEW_TO_LEARN = 200
_LIMITS = read_toml(THRESHOLDS)["language"]


@dataclass(frozen=True, slots=True)
class Halves:
    """The sentences of a language: those to choose on, and those to measure on, by their source.

    ``learnt_of``: those of the first on which its profile is learnt; not talk, of which there is
    little in relatives, so that it would tell what people spoke of.
    """

    chosen_on: list[str]
    learnt_of: list[str]
    measured_on: dict[str, list[str]]

    def rest(self) -> list[str]:
        """All sentences to measure on."""
        return [line for lines in self.measured_on.values() for line in lines]


def halve(sources: dict[str, Texts]) -> dict[str, Halves]:
    """Each language's sentences, every second one to choose on."""
    tags = sorted({tag for texts in sources.values() for tag in texts})
    return {
        tag: Halves(
            [line for texts in sources.values() for line in texts.get(tag, [])[::2]],
            [
                line
                for name, texts in sources.items()
                for line in texts.get(tag, [])[::2]
                if name != "XPersona"
            ],
            {name: well_filed(texts.get(tag, [])[1::2]) for name, texts in sources.items()},
        )
        for tag in tags
    }


def relatives_with_text(target: Language, halves: dict[str, Halves]) -> dict[str, str]:
    """The target's relatives (labels) of which there is text in its script, with its tag."""
    named: dict[str, str] = {}
    for tag in halves:
        language = resolve_language(tag)
        if language.detected_as and language.script == target.script:
            for label in labels_of(language.detected_as[0]):
                named.setdefault(label, tag)
    return {label: named[label] for label in target.confusables if label in named}


def learn(target: Language, lines: Iterable[str]) -> None:
    """Learn the language's profile."""
    words = [word for line in lines for word in lower_words(line, target)]
    grams.learn(grams.profile_name(target.detected_as, target.script), grams.profile(words))
    relatives.forget()


def choose(
    target: Language,
    half: Halves,
    others: Mapping[str, Halves],
    human: Sequence[Sequence[str]] = (),
) -> Measured:
    """The lowest margins of ``lines``, over each relative and over any other language.

    ``human``: whole dialogues of which next to none may be rejected.
    """
    turns: dict[str, dict[str, float]] = {}
    spoken: list[tuple[str, ...]] = []
    wholes = []
    # The margins of sentences on which the profile was learnt would be too high.
    folds = 1 if not others else 2 if len(half.chosen_on) < _FEW_TO_LEARN else 4
    for fold in range(folds):
        lines = half.chosen_on[fold::folds]
        if others:
            held_out = frozenset(lines)
            learn(target, [line for line in half.learnt_of if line not in held_out])
        turns |= {line: identification.margins_of(line, target, "turn") for line in lines}
        drawn = dialogues(list(lines), SEED, f"choose {target.tag}", 2 * DIALOGUES)
        wholes += [identification.margins_of(" ".join(said), target, "whole") for said in drawn]
        spoken += drawn
    if others:
        learn(target, half.learnt_of)
    lowest = {
        other: {
            "whole": _lowest(list(_over(wholes, target, other)), len(wholes), "whole", not other),
            "turn": _lowest(list(_over(turns.values(), target, other)), len(turns), "turn",
                            not other),
        }
        for other in ("", *others)
    }  # fmt: skip
    for other, text in others.items():
        lowest[other]["turn"] = _between(lowest[other]["turn"], target, other, text.chosen_on)
    talks: dict[Kind, list[list[dict[str, float]]]] = {
        "whole": [[whole] for whole in wholes],
        "turn": [[turns[line] for line in said] for said in spoken],
    }
    for kind, dialogues_of in talks.items():
        # Where there are human dialogues, these say more than dialogues of sentences.
        _lower(lowest, kind, dialogues_of, _FEW_STEPS if human else _MOST_STEPS)
    _spare(lowest, target, human)
    unrelated = Lowest(rejected=None, found=None, **lowest.pop(""))
    each = {label: Lowest(rejected=None, found=None, **pair) for label, pair in lowest.items()}
    return Measured(texts=len(half.chosen_on), own=0.0, others=unrelated, relatives=each)


def _over(texts: Iterable[dict[str, float]], target: Language, other: str) -> Iterator[float]:
    """The margins over one relative, or the lowest over all that are none."""
    for margins in texts:
        if other:
            yield from (margins[name] for name in (other,) if name in margins)
        elif foreign := [m for name, m in margins.items() if name not in target.confusables]:
            yield min(foreign)


def _lowest(margins: list[float], texts: int, kind: Kind, unrelated: bool) -> float:
    """Below which hardly any of ``texts`` lies; one odd sentence is not believed."""
    ordered, highest = sorted(margins), _HIGHEST[kind][unrelated]
    few, more, most = (int(texts * share) for share in (_MOST_BELOW[kind], 0.02, 0.10))
    off = _OFF[kind] * (_OFF_WHERE_FEW if texts < _FEW else 1.0)
    if most >= len(ordered):
        return round(min(highest, ordered[0] - off), 2) if ordered else highest
    tail = ordered[more] - _TAIL * (ordered[most] - ordered[more])
    return round(min(highest, max(ordered[few], tail) - off), 2)


def _between(lowest: float, target: Language, other: str, foreign: Sequence[str]) -> float:
    """Where the relative's turns lie far below ``lowest``: half of the way to them, own's gain."""
    lines = Draws(SEED, "between", target.tag, other).shuffled(foreign)[:_FOREIGN]
    margins = [identification.margins_of(line, target, "turn") for line in lines]
    ordered = sorted(each[other] for each in margins if other in each)
    if not ordered:
        return lowest
    theirs = ordered[int(len(ordered) * _FOREIGN_BELOW)]
    return round(min(lowest, (lowest + theirs) / 2), 2)


def _lower(
    lowest: dict[str, dict[str, float]],
    kind: Kind,
    spoken: Sequence[list[dict[str, float]]],
    steps: int,
) -> None:
    """Lower the margins in steps until few own dialogues are rejected."""
    for _ in range(steps):
        rejected = sum(any(_below(text, lowest, kind) for text in texts) for texts in spoken)
        if rejected <= _MOST_REJECTED * len(spoken):
            return
        for each in lowest.values():
            each[kind] = round(each[kind] - _STEP, 2)


def _spare(
    lowest: dict[str, dict[str, float]], target: Language, human: Sequence[Sequence[str]]
) -> None:
    """Lower the margin that rejects most human dialogues, until hardly any is rejected."""
    judged = [
        [("whole", identification.margins_of(" ".join(turns), target, "whole"))]
        + [("turn", identification.margins_of(turn, target, "turn")) for turn in turns]
        for turns in human
    ]
    while True:
        blamed = [
            {
                (other if other in lowest else "", kind)
                for kind, margins in texts
                for other, margin in margins.items()
                if margin < lowest.get(other, lowest[""])[kind]
            }
            for texts in judged
        ]
        if sum(map(bool, blamed)) <= _MOST_HUMAN_REJECTED * len(human):
            return
        counted = Counter(
            one
            for each in blamed
            for one in each
            # One odd turn must not let every turn of any language pass.
            if one[0] or lowest[""][one[1]] > _LEAST_OTHERS
        )
        if not counted:
            return
        # Among equals a single turn of a relative is what is hardest to find, so it comes last.
        other, kind = max(counted, key=lambda one: (counted[one], one[1] == "whole", one[0] == ""))
        lowest[other][kind] = round(lowest[other][kind] - _SMALL_STEP, 2)


def _below(margins: dict[str, float], lowest: dict[str, dict[str, float]], kind: Kind) -> bool:
    return any(m < lowest.get(other, lowest[""])[kind] for other, m in margins.items())


def accepted(turns: Sequence[str], target: Language) -> bool:
    """Whether the critic of language accepts a dialogue, code-switching aside."""
    whole, found = identify_dialogue(turns, target)
    by_turns = all(turn.probability >= _LIMITS["least_turn"] for turn in found)
    return whole.probability >= _LIMITS["least_whole"] and by_turns


def share_accepted(target: Language, lines: list[str], most: int = DIALOGUES) -> float | None:
    """The share of dialogues drawn from ``lines`` that is accepted; None where they are few."""
    spoken = dialogues(lines, SEED, target.tag, most)
    return sum(accepted(turns, target) for turns in spoken) / len(spoken) if spoken else None


def shares_found(
    target: Language, own: list[str], foreign: list[str]
) -> tuple[float, float | None] | None:
    """The share of dialogues in which one foreign turn is found, which stands anywhere.

    Of all such turns, and of those of ``LONG`` letters or more, None where these are few.
    """
    spoken = dialogues(own, SEED, f"found {target.tag}", DIALOGUES)
    if not spoken or len(foreign) < 2 * TURNS:
        return None
    found, found_long = [], []
    for number, turns in enumerate(spoken):
        draws = Draws(SEED, "intruder", target.tag, number)
        at = draws.below(TURNS)
        changed = (*turns[:at], draws.choice(foreign), *turns[at + 1 :])
        whole, judged = identify_dialogue(changed, target)
        found.append(
            judged[at].probability < _LIMITS["least_turn"]
            or whole.probability < _LIMITS["least_whole"]
        )
        if count_letters(changed[at]) >= LONG:
            found_long.append(found[-1])
    enough = len(found_long) >= _FEWEST_LONG
    return fmean(found), fmean(found_long) if enough else None
