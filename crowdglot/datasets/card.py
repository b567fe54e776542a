"""The dataset card, which the hub and ``datasets.load_dataset`` read: one config a language.

It says where the dataset comes from and how good it is; ``card.md.jinja`` has its sentences.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crowdglot import __version__
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.datasets.report.markdown import markdown_template
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts
from crowdglot.statistics import wilson

CARD = "README.md"
# What stands for the dataset's place in a card, until it has one on the hub.
PLACE = "PATH_OR_REPOSITORY"
_TEMPLATE = Path(__file__).with_name("card.md.jinja")
# The figures of a card; ``metrics.json`` has all of them.
_FIGURES = ("distinct_2", "self_bleu", "compression_ratio", "mtld", "turn_length_mean", "vendi")
_HUB = re.compile(r"(hf:)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:[^|]*)?", re.ASCII)
_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the dataset was made from. ``what``: "model", "model (judge)" …, "demonstrations" or
    "personas". ``licence``: "" where it is not known here."""

    what: str
    name: str
    revision: str = ""
    licence: str = ""

    def licence_or_link(self) -> str:
        """The licence, or where it can be read."""
        found = _HUB.fullmatch(self.name)
        kind = "" if self.what.startswith("model") else "datasets/"
        link = f"see https://huggingface.co/{kind}{found[2]}" if found else "not known here"
        return self.licence or link


@dataclass(frozen=True, slots=True)
class About:
    """``license``: the recipe's, or "". ``prompt``: role and text of each message of one question.
    ``critics``: their thresholds. ``recipe``: its hash. ``untold``: see ``told.untold_in``."""

    license: str
    origins: Sequence[Origin]
    prompt: Sequence[tuple[str, str]]
    critics: Mapping[str, Mapping[str, Any]]
    figures: Sequence[Figure]
    recipe: str
    untold: Sequence[str] = ()


def write_card(
    folder: Location,
    name: str,
    tags: Sequence[str],
    model: str,
    funnel: Funnel,
    about: About,
) -> None:
    """Write ``README.md`` into the dataset folder."""
    languages = [*map(resolve_language, tags)]
    header = yaml.safe_dump(_header(tags, funnel, about), sort_keys=False, allow_unicode=True)
    body = markdown_template(_TEMPLATE).render(
        name=name, model=model, languages=languages, doubts=doubts(languages), funnel=funnel,
        about=about, figures=[*_figures(tags, funnel, about)], place=PLACE, version=__version__,
    )  # fmt: skip
    write_text(folder / CARD, f"---\n{header}---\n\n{body}")


def _header(tags: Sequence[str], funnel: Funnel, about: About) -> dict[str, Any]:
    paths = {tag: f"data/{tag}/*.parquet" for tag in tags}
    paths |= {"rejected": "rejected/*/*.parquet"} if funnel.rejected else {}
    licences = {origin.licence.lower() for origin in about.origins}
    own = licences.pop() if len(licences) == 1 else ""
    return {
        "language": sorted({tag.split("-")[0] for tag in tags}),
        "task_categories": ["text-generation"],
        "tags": ["dialogue", "persona", "synthetic", "crowdglot"],
        "size_categories": [_SIZES[max(0, min(len(str(funnel.accepted)) - 3, 4))]],
        "configs": [
            {"config_name": config, "data_files": [{"split": "train", "path": path}]}
            for config, path in paths.items()
        ],
        "license": about.license or own or "unknown",
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
    }


def _figures(tags: Sequence[str], funnel: Funnel, about: About) -> Iterator[tuple[Any, ...]]:
    """Language, name, value, low, high and count of each figure that is shown."""
    for tag in tags:
        kept = funnel.accepted_by_language.get(tag, 0)
        if of := kept + funnel.rejected_by_language.get(tag, 0):
            yield tag, "acceptance rate", kept / of, *wilson(kept, of), of
    for one in about.figures:
        if one.group == "all" and one.metric in _FIGURES:
            yield one.language, one.metric, one.value, one.low, one.high, one.count
