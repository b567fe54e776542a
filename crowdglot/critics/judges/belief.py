"""Where a judge is believed: in languages in which it told whole human dialogues from damaged ones.

``crowdglot calibrate --judges`` writes the file of trials that is read here.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crowdglot.bounded_files import decoded
from crowdglot.critics.judges import KEPT_TO, Judge, Opinion, build_judge
from crowdglot.critics.judges.asking import template_hash
from crowdglot.critics.judges.match import MATCH, Match
from crowdglot.critics.verdict import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.errors import ConfigurationError, MaterialError

# The bar: the lower end of the interval of the AUC, against one of the damages it is tried by.
# Where people rated what it judged, that is one more trial: it may show that the judge is right,
# and where even the upper end is below the bar, it shows that it is not.
BAR = 0.8
PEOPLE = "people"
_MOST_BYTES = 1 << 26

_FIELDS = {"critic": str, "model": str, "prompt": str, "language": str, "damage": str,
           "auc": float, "low": float, "high": float, "threshold": float}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BelievedJudge:
    """A judge with the scores below which it rejects, by the language tags in which it is believed.

    ``doubts``: by language the sentence that says why it is not.
    """

    name: str
    judge: Judge
    least: Mapping[str, float] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)

    def next(
        self, dialogue: Dialogue, answers: Sequence[Completion]
    ) -> Asked | tuple[Verdict, ...]:
        """The next question, or the verdicts: the judge's own first, then those of its parts, which
        never reject. Where it is not believed it asks nothing and leaves the dialogue unscored; of
        a speech event that it is not for, it says nothing."""
        own = KEPT_TO.get(self.name)
        if own and dialogue.scenario.event.name not in own:
            return ()
        least = self.least.get(dialogue.scenario.language.tag)
        if least is None:
            return (Verdict(self.name, evidence="unscored: not believed in this language"),)
        if answers and answers[-1].finish_reason == REFUSED:
            return (Verdict(self.name, evidence=f"unscored: refused: {answers[-1].text}"),)
        told = self.judge.next(dialogue, answers)
        return told if isinstance(told, Asked) else self._verdicts(told, least)

    def _verdicts(self, opinion: Opinion, least: float) -> tuple[Verdict, ...]:
        if opinion.score is None:
            return (Verdict(self.name, evidence=f"unscored: {opinion.evidence}"),)
        reason = self.judge.reason if opinion.score < least else None
        own = Verdict(self.name, reason, opinion.evidence, opinion.score)
        parts = (Verdict(f"{self.name}.{part}", score=s) for part, s in opinion.parts.items())
        return (own, *parts)


def believed_judges(
    names: Sequence[str], languages: Sequence[str], trials: str, model: str
) -> tuple[BelievedJudge, ...]:
    """The judges of these names, each with where it is believed.

    ``trials``: the path of the file, "" for none; ``model``: what is asked, as the trials name it.
    ConfigurationError where a judge is unknown or the file cannot be used.
    """
    judges = {name: build_judge(name) for name in names}
    read = read_trials(Path(trials)) if trials and judges else []
    return tuple(
        BelievedJudge(name, judge, *_belief(name, judge, languages, read, trials, model))
        for name, judge in judges.items()
    )


def believed_match(
    languages: Sequence[str], trials: str, model: str
) -> tuple[Mapping[str, float], Mapping[str, str]]:
    """The languages in which a tournament is believed, and why not in the others; as above."""
    read = read_trials(Path(trials)) if trials else []
    return _belief(MATCH, Match(), languages, read, trials, model)


def _belief(
    name: str,
    judge: Judge | Match,
    languages: Sequence[str],
    trials: Sequence[dict[str, Any]],
    path: str,
    model: str,
) -> tuple[dict[str, float], dict[str, str]]:
    least, doubts, prompt = dict[str, float](), dict[str, str](), template_hash(name)
    for language in languages:
        own = [one for one in trials if (one["critic"], one["language"]) == (name, language)]
        tried = [one for one in own if (one["model"], one["prompt"]) == (model, prompt)]
        best = max(
            (one for one in tried if one["damage"] in (*judge.damages, PEOPLE)),
            key=lambda one: float(one["low"]),
            default=None,
        )
        refuting = (one for one in tried if one["damage"] == PEOPLE and one["high"] < BAR)
        best = next(refuting, best)
        if best is not None and best["low"] >= BAR:
            least[language] = best["threshold"]
            continue
        where = f"judge '{name}' in {language} with {model}"
        if best is not None:
            figures = f"{best['auc']:.2f} ({best['low']:.2f} to {best['high']:.2f})"
            why = f"its AUC of {figures} against '{best['damage']}' is below the bar of {BAR}"
        elif own:
            why = f"{path} tried another model or an earlier question"
        else:
            why = f"{path or 'no file of trials'} shows nothing of it"
        doubts[language] = f"{where}: {why}; it is not asked, and its dialogues stay unscored."
    return least, doubts


def read_trials(path: Path) -> list[dict[str, Any]]:
    """The trials in a file, as it holds them; ConfigurationError where it cannot be used."""
    try:
        told = json.loads(decoded(path, _MOST_BYTES))
    except MaterialError as error:
        raise ConfigurationError(str(error)) from None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, list) or not all(_is_trial(one) for one in told):
        raise ConfigurationError(
            f"{path}: is no list of trials; write it by `crowdglot calibrate --judges --output`."
        )
    return told


def _is_trial(one: Any) -> bool:
    return isinstance(one, dict) and all(
        _is_number(one.get(name)) if kind is float else type(one.get(name)) is str
        for name, kind in _FIELDS.items()
    )


def _is_number(value: Any) -> bool:
    """Whether this can be counted with: JSON has integers that no float can hold."""
    return type(value) is float or (type(value) is int and abs(value) <= sys.float_info.max)
