"""What a dataset's card says of where the dataset comes from, and how good it is.

Text of models and of users stands in it only as code, on one line or in a block that it cannot end.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.metrics.measuring.figure import Figure
from crowdglot.printable import one_line
from crowdglot.statistics import wilson

# What stands for the dataset's place in a card, until it has one on the hub.
PLACE = "PATH_OR_REPOSITORY"
_MOST_CODE = 200  # characters
# The figures of a card; ``metrics.json`` has all of them.
_FIGURES = ("distinct_2", "self_bleu", "compression_ratio", "mtld", "turn_length_mean", "vendi")
_HUB = re.compile(r"(hf:)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(:[^|]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the dataset was made from. ``what``: "model", "model (judge)" …, "demonstrations" or
    "personas". ``licence``: "" where it is not known here."""

    what: str
    name: str
    revision: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """``license``: the recipe's, or "". ``prompt``: role and text of each message of one question.
    ``critics``: their thresholds. ``recipe``: its hash."""

    license: str
    origins: Sequence[Origin]
    prompt: Sequence[tuple[str, str]]
    critics: Mapping[str, Mapping[str, Any]]
    figures: Sequence[Figure]
    recipe: str

    def header(self) -> dict[str, Any]:
        """What the card's YAML says of it."""
        licences = {origin.licence.lower() for origin in self.origins}
        own = licences.pop() if len(licences) == 1 else ""
        return {
            "license": self.license or own or "unknown",
            "annotations_creators": ["machine-generated"],
            "language_creators": ["machine-generated"],
            "source_datasets": ["original"],
        }

    def sections(self, name: str, tags: Sequence[str], funnel: Funnel) -> str:
        """The card's sections, as Markdown."""
        return "\n".join(
            (
                *_loading(tags),
                *_provenance(self),
                *_thresholds(self.critics),
                *_figures(tags, self.figures, funnel),
                *_limits(),
                *_citation(name, self.recipe),
            )
        )


def code(text: str) -> str:
    """Any text as code on one line, which can stand in a table."""
    line = one_line(text[:_MOST_CODE]).replace("`", "'").replace("|", "¦")
    return f"`{line}`" if line else ""


def _block(text: str) -> str:
    """Any text as a block of code that it cannot end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _table(*rows: Iterable[str]) -> list[str]:
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return [head, "|---" * (head.count(" | ") + 1) + "|", *others, ""]


def _loading(tags: Sequence[str]) -> list[str]:
    return [
        "## How to load it",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        f'dialogues = load_dataset("{PLACE}", "{tags[0]}", split="train")',
        'print(dialogues[0]["messages"])',
        "```",
        "",
        "polars, DuckDB and pandas read the Parquet files below `data/` and `rejected/` as they",
        "are; `docs/columns.md` of crowdglot explains every column. `crowdglot export` writes the",
        "dialogues in the shapes that trainers read.",
        "",
    ]


def _provenance(about: About) -> list[str]:
    rows = [
        (origin.what, code(origin.name), code(origin.revision), _licence(origin))
        for origin in about.origins
    ]
    lines = ["## Where it comes from", ""]
    lines += _table(("what", "name", "revision", "licence"), *rows)
    lines += [
        "What is named *model* wrote the dialogues. Names, speech events and common grounds are",
        "crowdglot's own (Apache-2.0). This is one question, without its demonstrations; others",
        "differ in language, personas, event and common ground:",
        "",
    ]
    for role, text in about.prompt:
        lines += [f"*{role}*", "", _block(text), ""]
    return lines


def _licence(origin: Origin) -> str:
    if origin.licence:
        return origin.licence
    if found := _HUB.fullmatch(origin.name):
        kind = "" if origin.what.startswith("model") else "datasets/"
        return f"see https://huggingface.co/{kind}{found[2]}"
    return "not known here"


def _thresholds(critics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        (f"`{name}`", ", ".join(f"{key} {value:g}" for key, value in told.items()) or "–")
        for name, told in critics.items()
    ]
    return [
        "## What the critics asked",
        "",
        "A draft was kept where none of these found a fault with it. Each threshold was chosen by",
        "how often the critic rejects dialogues that people wrote (`crowdglot calibrate`).",
        "",
        *_table(("critic", "thresholds"), *rows),
    ]


def _figures(tags: Sequence[str], figures: Sequence[Figure], funnel: Funnel) -> list[str]:
    rows = []
    for tag in tags:
        kept = funnel.accepted_by_language.get(tag, 0)
        of = kept + funnel.rejected_by_language.get(tag, 0)
        if of:
            low, high = wilson(kept, of)
            rows.append(
                (tag, "acceptance rate", f"{kept / of:.3f}", f"{low:.3f}–{high:.3f}", str(of))
            )
    for one in figures:
        if one.group == "all" and one.metric in _FIGURES:
            low_high = (
                "" if one.low is None or one.high is None else f"{one.low:.3f}–{one.high:.3f}"
            )
            rows.append((one.language, one.metric, f"{one.value:.3f}", low_high, str(one.count)))
    return [
        "## Figures",
        "",
        "With 95% intervals where there are enough dialogues. `metrics.json` has all figures, each",
        "with a signature that says how it was computed.",
        "",
        *_table(("language", "figure", "value", "95%", "of"), *rows),
    ]


def _limits() -> list[str]:
    return [
        "## Limits",
        "",
        "- A language model wrote all of it: it may state falsehoods and carry the model's biases,",
        "  and the people in it are invented. Nobody who speaks the language need have read it.",
        "- The critics find what they were made for. That a dialogue passed does not mean that",
        "  people would have had it.",
        "- Personas and demonstrations are English, and so is what speakers are told of their",
        "  situation. What is usual in a community was put down by hand and is a small part of it.",
        "- What the licences above ask of the output of a model binds whoever uses the dialogues.",
        "",
    ]


def _citation(name: str, recipe: str) -> list[str]:
    return [
        "## How to cite it",
        "",
        f"Name the dataset {code(name)}, where you got it, its revision, and the recipe",
        f"`{recipe}`.",
        "The idea is that of Njifenjou, Sucal, Jabaian and Lefèvre, *Open-Source Large Language",
        "Models as Multilingual Crowdworkers* (SIGDIAL 2025).",
        "",
    ]
