"""The dataset card, which the hub and ``datasets.load_dataset`` read: one config a language."""

from collections.abc import Sequence

import yaml

from crowdglot import __version__
from crowdglot.datasets.about import About
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report.markdown import escape
from crowdglot.datasets.storage.files import write_text
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import resolve_language
from crowdglot.languages.verification import doubts


def write_card(
    folder: Location,
    name: str,
    languages: Sequence[str],
    model: str,
    funnel: Funnel,
    about: About,
) -> None:
    """Write ``README.md`` into the dataset folder."""
    sizes = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M")
    header = {
        "language": sorted({tag.split("-")[0] for tag in languages}),
        "task_categories": ["text-generation"],
        "tags": ["dialogue", "persona", "synthetic", "crowdglot"],
        "size_categories": [sizes[max(0, min(len(str(funnel.accepted)) - 3, 4))]],
        "configs": [
            {
                "config_name": tag,
                "data_files": [{"split": "train", "path": f"data/{tag}/*.parquet"}],
            }
            for tag in languages
        ]
        + _rejected(funnel),
        **about.header(),
    }
    rows = "\n".join(
        f"| {resolve_language(tag).name} | `{tag}` | {funnel.accepted_by_language.get(tag, 0)} "
        f"| {funnel.rejected_by_language.get(tag, 0)} |"
        for tag in languages
    )
    reasons = "\n".join(
        f"| {escape(reason)} | {count} |" for reason, count in funnel.reasons.items()
    )
    told = "".join(f"- {sentence}\n" for sentence in doubts(map(resolve_language, languages)))
    unsure = f"## What nobody verified\n\n{told}\n" if told else ""
    body = f"""# {name}

Open-domain dialogues written directly in each language by {escape(model)},
with English demonstrations and without machine translation, made with crowdglot {__version__}.
Every dialogue has two or more personas, a speech event and a common ground; the files under
`rejected/` hold what the critics refused, with their reasons.

| language | tag | accepted | rejected drafts |
|---|---|---|---|
{rows}

Acceptance rate: {funnel.acceptance_rate:.1%} of {funnel.drafts} drafts.

| reason for rejection | drafts |
|---|---|
{reasons or "| none | 0 |"}

{unsure}{about.sections(name, languages, funnel)}"""
    written = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    write_text(folder / "README.md", f"---\n{written}---\n\n{body}")


def _rejected(funnel: Funnel) -> list[dict[str, object]]:
    """A config of the rejected drafts in all languages, where there is one."""
    if not funnel.rejected:
        return []
    files = [{"split": "train", "path": "rejected/*/*.parquet"}]
    return [{"config_name": "rejected", "data_files": files}]
