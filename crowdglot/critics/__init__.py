"""Critics: each judges one dialogue and gives its reason. One file a critic, the cheapest first.

A critic's module name is its key here, in ``thresholds.toml``, in the recipe and in the rows.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from crowdglot.critics.meaning import MEANING
from crowdglot.critics.verdict import Critic, Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import read_toml

__all__ = ["CRITICS", "MEANING", "Critic", "Verdict", "judge", "judge_all", "load_critics"]

CRITICS = {
    "format": "Format",
    "speakers": "Speakers",
    "length": "Length",
    "artefacts": "Artefacts",
    "assistant": "Assistant",
    "introduction": "Introduction",
    "script": "Script",
    "repetition": "Repetition",
    "copying": "Copying",
    "recital": "Recital",
    "foreign_words": "ForeignWords",
    "leak": "Leak",
    "language": "LanguageCritic",
}

THRESHOLDS = Path(__file__).parent / "thresholds.toml"
OF_MEANING = Path(__file__).parent / "meaning" / "thresholds.toml"


def load_critics(
    overrides: Mapping[str, Mapping[str, Any]] | None = None, *, meaning: bool = False
) -> tuple[Critic, ...]:
    """All critics in order, with the thresholds of their TOML files.

    ``overrides``: by critic other thresholds; ConfigurationError where one does not exist or is no
    number. ``meaning``: whether the critics of meaning judge too, after the others.
    """
    thresholds = read_toml(THRESHOLDS) | (read_toml(OF_MEANING) if meaning else {})
    for name, changed in (overrides or {}).items():
        if name in MEANING and not meaning:
            told = f'critics.{name}: meaning is off; set meaning = "bundled", or leave this out.'
            raise ConfigurationError(told)
        if name not in thresholds:
            known = ", ".join(thresholds)
            raise ConfigurationError(f"critics: there is no critic '{name}'; known: {known}.")
        for key, value in changed.items():
            if key not in thresholds[name]:
                known = ", ".join(thresholds[name]) or "none"
                raise ConfigurationError(
                    f"critics.{name}: there is no threshold '{key}'; known: {known}."
                )
            if isinstance(value, bool) or not isinstance(value, int | float):
                usual = thresholds[name][key]
                raise ConfigurationError(
                    f"critics.{name}.{key}: {value!r} is not a number; give one such as {usual}."
                )
            thresholds[name][key] = value
    classes = [(f"crowdglot.critics.{name}", name, cls) for name, cls in CRITICS.items()]
    if meaning:
        classes += [(f"crowdglot.critics.meaning.{name}", name, c) for name, c in MEANING.items()]
    return tuple(
        getattr(import_module(module), cls)(**thresholds[name]) for module, name, cls in classes
    )


def judge(dialogue: Dialogue, critics: Sequence[Critic]) -> tuple[Verdict, ...]:
    """The verdicts of all critics; only that of the first where there is no text to judge."""
    return judge_all((dialogue,), critics)[0]


def judge_all(
    dialogues: Sequence[Dialogue], critics: Sequence[Critic]
) -> list[tuple[Verdict, ...]]:
    """The verdicts on several dialogues, as ``judge`` gives them.

    Each critic judges all of them before the next one does, so that its tables stay in the
    processor's cache: some critics take half the time.
    """
    first = [critics[0].judge(dialogue) for dialogue in dialogues]
    verdicts = [[verdict] for verdict in first]
    readable = [at for at, dialogue in enumerate(dialogues) if first[at].passed or dialogue.turns]
    for critic in critics[1:]:
        for at in readable:
            verdicts[at].append(critic.judge(dialogues[at]))
    return list(map(tuple, verdicts))
