"""crowdglot: open-domain dialogues in languages that have none, written by open LLMs.

Everything here is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crowdglot.api import (
        Dataset,
        judge,
        list_critics,
        list_languages,
        list_speech_events,
        open_dataset,
        prompt,
        synthesize,
        write,
    )
    from crowdglot.errors import (
        ConfigurationError,
        CrowdglotError,
        EngineError,
        EngineUnavailable,
        MaterialError,
        RequestRefused,
        StorageError,
    )
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.recipe import Recipe
    from crowdglot.writing.watch import Watch
    from crowdglot.writing.write import Outcome

__version__ = "0.1.0"

__all__ = [
    "ConfigurationError",
    "CrowdglotError",
    "Dataset",
    "EngineError",
    "EngineUnavailable",
    "MaterialError",
    "Outcome",
    "Recipe",
    "RequestRefused",
    "StorageError",
    "Watch",
    "__version__",
    "judge",
    "list_critics",
    "list_languages",
    "list_speech_events",
    "open_dataset",
    "prompt",
    "read_recipe",
    "synthesize",
    "write",
]

_ELSEWHERE = {
    "Outcome": "crowdglot.writing.write",
    "Recipe": "crowdglot.writing.recipe",
    "Watch": "crowdglot.writing.watch",
    "read_recipe": "crowdglot.recipes",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'crowdglot' has no attribute '{name}'")
    errors = name.endswith(("Error", "Unavailable", "Refused"))
    usual = "crowdglot.errors" if errors else "crowdglot.api"
    return getattr(import_module(_ELSEWHERE.get(name, usual)), name)


def __dir__() -> list[str]:
    return __all__
