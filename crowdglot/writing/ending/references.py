"""What a recipe names for the end of a run: earlier datasets, human dialogues, an embedder."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from crowdglot.datasets.folder import RECIPE
from crowdglot.datasets.storage.location import locate
from crowdglot.dialogues.human import human_files
from crowdglot.engines.embedding.embedder import Meanings, build_embedder, embed
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.errors import ConfigurationError
from crowdglot.writing.opened import OpenedRecipe


def check_references(opened: OpenedRecipe) -> None:
    """Tell before a run what would else be told at its end: ConfigurationError, MaterialError."""
    check_against(opened)
    if opened.recipe.reference:
        human_files(Path(opened.recipe.reference))
    embedder(opened.recipe.embedding)


def check_against(opened: OpenedRecipe) -> None:
    """Raise ConfigurationError unless ``duplicates.against`` names datasets, and not this one."""
    for folder in opened.recipe.duplicates.against:
        path = locate(folder)
        if not (path / RECIPE).exists() and not any((path / "data").glob("*")):
            raise ConfigurationError(
                f"duplicates.against: {folder} is no dataset's folder (it has no 'data'); "
                "correct the path or leave it out."
            )
        if path.resolve() == opened.folder.resolve():
            raise ConfigurationError(
                f"duplicates.against: {folder} is the dataset's own folder, which is always "
                "looked through; leave it out."
            )


def embedder(settings: EmbeddingSettings) -> Callable[[Sequence[str]], Meanings] | None:
    """What gives the vectors of texts; None where no model is named.

    ConfigurationError where the settings are wrong; whether the model is there, shows when asked.
    """
    if not settings.kind:
        return None
    build_embedder(settings)
    return partial(embed, settings)
