"""What programs and notebooks call; the package ``crowdglot`` offers it under its own name."""

import asyncio
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from crowdglot.critics import CRITICS, Verdict, load_critics
from crowdglot.critics import judge as judge_dialogue
from crowdglot.critics.calibration import plain_dialogue
from crowdglot.datasets.exports.making.exporting import Exported, export_dataset
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import Funnel, measure_funnel
from crowdglot.datasets.publishing.publish import Published, publish_dataset
from crowdglot.datasets.scan import lazily
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, locate
from crowdglot.dialogues.message import Message
from crowdglot.languages.language import Language, packed_tags, resolve_language
from crowdglot.recipes import read_recipe, trust_dataset
from crowdglot.scenarios.event import SpeechEvent, event_names, read_event
from crowdglot.writing.opened import OpenedRecipe, open_recipe
from crowdglot.writing.recipe import Recipe
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import Outcome, write_dataset


async def write(recipe: Recipe, watch: Watch | None = None, *, verify: bool = False) -> Outcome:
    """Write all dialogues of ``recipe`` that are not on disk yet; go on where a run ended.

    ``watch``: see its counts while it runs, or set ``watch.stop.wanted``. ``verify``: look for
    damaged files first. Records of a source that cannot be used are counted in a UserWarning.
    Raises CrowdglotError.
    """
    _warn_of_left_out(open_recipe(recipe))
    return await write_dataset(recipe, watch, verify=verify)


def synthesize(recipe: Recipe, watch: Watch | None = None, *, verify: bool = False) -> Outcome:
    """The same as ``write``, but waits for the end; in a notebook as well."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(write(recipe, watch, verify=verify))
    with ThreadPoolExecutor(1) as thread:  # a notebook's loop runs already
        return thread.submit(asyncio.run, write(recipe, watch, verify=verify)).result()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset on disk or at a URL, as it is now, while a run writes it too."""

    folder: Location

    @property
    def accepted(self) -> pl.LazyFrame:
        """The accepted dialogues, one a row; docs/columns.md explains the columns."""
        return lazily(files_of(self.folder, "data"))

    @property
    def rejected(self) -> pl.LazyFrame:
        """The rejected drafts, one a row, each with its reason."""
        return lazily(files_of(self.folder, "rejected"))

    @property
    def funnel(self) -> Funnel:
        """Counts of drafts; StorageError where a file is damaged."""
        return measure_funnel(self.folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe that made it; ConfigurationError where it reaches out and is not trusted."""
        return read_recipe(str(self.folder))

    def export(
        self, form: str, to: str = "", *, fold: bool = False, thoughts: bool = False
    ) -> Exported:
        """Write it in the shape ``form`` that a trainer reads, such as "trl-sft"; docs/train.md."""
        return export_dataset(self.folder, form, to, folded=fold, thoughts=thoughts)

    def publish(self, repo: str, *, private: bool = False, gated: bool = False) -> Published:
        """Upload what the hub's repository ``repo`` does not hold of it yet; docs/publish.md."""
        return publish_dataset(self.folder, repo, private=private, gated=gated)


def open_dataset(folder: str | Path, *, trust: bool = False) -> Dataset:
    """The dataset in a folder or at a URL; StorageError where there is none.

    ``trust``: from now on, let its recipe reach the addresses, keys and files that it names.
    """
    location = locate(str(folder))
    read_stored_recipe(location)
    if trust:
        trust_dataset(folder)
    return Dataset(location)


def prompt(recipe: Recipe, index: int = 0) -> tuple[Message, ...]:
    """The chat messages by which the dialogue of scenario ``index`` is asked for."""
    opened = open_recipe(recipe)
    _warn_of_left_out(opened)
    return opened.prompt(index)


def judge(texts: Sequence[str], language: str) -> tuple[Verdict, ...]:
    """What each critic says of a dialogue whose turns are ``texts``, of two speakers in turn.

    ``language``: a BCP-47 tag; ConfigurationError where there is no such language.
    """
    return judge_dialogue(plain_dialogue(texts, resolve_language(language)), load_critics())


def list_languages() -> tuple[Language, ...]:
    """The languages that have a pack."""
    return tuple(resolve_language(tag) for tag in packed_tags())


def list_speech_events() -> tuple[SpeechEvent, ...]:
    """The speech events, by name."""
    return tuple(read_event(name) for name in event_names())


def list_critics() -> tuple[str, ...]:
    """The names of the critics, in the order in which they judge."""
    return tuple(CRITICS)


def _warn_of_left_out(opened: OpenedRecipe) -> None:
    for sentence in opened.left_out:
        warnings.warn(sentence, stacklevel=3)
