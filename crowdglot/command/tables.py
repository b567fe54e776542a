"""The tables that the command prints."""

from rich.table import Column, Table
from rich.text import Text

from crowdglot.command.console import console
from crowdglot.critics import CRITICS
from crowdglot.critics.calibration import MOST_REJECTED, Calibration
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.identification import verifiable
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.writing.estimate import CHARACTERS, TOKENS_PER_TURN, estimate
from crowdglot.writing.opened import OpenedRecipe


def print_funnel(funnel: Funnel) -> None:
    """The acceptance rate, by language, and the reasons for rejection."""
    table = Table(title=f"Acceptance: {funnel.accepted} of {funnel.drafts} drafts "
                  f"({funnel.acceptance_rate:.1%})", title_justify="left")  # fmt: skip
    for column in ("language", "accepted", "rejected"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for tag in sorted({*funnel.accepted_by_language, *funnel.rejected_by_language}):
        accepted = funnel.accepted_by_language.get(tag, 0)
        rejected = funnel.rejected_by_language.get(tag, 0)
        table.add_row(f"{resolve_language(tag).name} ({tag})", str(accepted), str(rejected))
    console.print(table)
    if funnel.reasons:
        reasons = Table(title="Reasons for rejection", title_justify="left")
        reasons.add_column("reason")
        reasons.add_column("drafts", justify="right")
        for reason, count in funnel.reasons.items():
            reasons.add_row(reason, str(count))
        console.print(reasons)


def print_languages() -> None:
    """The languages with a pack."""
    table = Table(
        Column("tag", no_wrap=True),
        "name",
        "autonym",
        "script",
        "direction",
        "spoken in",
        "identified",
    )
    for tag in packed_tags():
        language = resolve_language(tag)
        regions = ", ".join(c.region for c in language.pack.communities) if language.pack else ""
        known = "yes" if verifiable(language) else "no"
        table.add_row(
            tag,
            language.name,
            language.autonym,
            language.script,
            language.direction,
            regions,
            known,
        )
    console.print(table)


def print_events() -> None:
    """The speech events."""
    table = Table(
        Column("event", no_wrap=True), "group", "speakers", "turns", "relations", "definition"
    )
    for name in event_names():
        event = read_event(name)
        low, high = event.speakers
        table.add_row(
            name,
            event.group.replace("_", "-"),
            str(low) if low == high else f"{low}-{high}",
            f"{event.turns[0]}-{event.turns[1]}",
            ", ".join(event.relations).replace("_", " "),
            event.definition,
        )
    console.print(table)


def print_estimate(
    opened: OpenedRecipe,
    like: Location | None = None,
    price_in: float = 0.0,
    price_out: float = 0.0,
) -> None:
    """The costs as a table; prices are per million tokens of prompts and of answers."""
    costs = estimate(opened, like)
    table = Table(title=f"{opened.recipe.name}: what is still to be written", title_justify="left")
    for column in ("language", "dialogues", "drafts", "prompt tokens", "answer tokens", "hours"):
        table.add_column(column, justify="left" if column == "language" else "right")
    for tag, cost in costs.items():
        table.add_row(
            f"{resolve_language(tag).name} ({tag})", f"{cost.dialogues:,}", f"{cost.drafts:,.0f}",
            f"{cost.prompt_tokens:,.0f}", f"{cost.completion_tokens:,.0f}",
            "" if cost.hours is None else f"{cost.hours:,.2f}",
        )  # fmt: skip
    console.print(table)
    asked = sum(cost.prompt_tokens for cost in costs.values())
    answered = sum(cost.completion_tokens for cost in costs.values())
    console.print(f"In all {asked + answered:,.0f} tokens.")
    if price_in or price_out:
        console.print(f"Price: {(asked * price_in + answered * price_out) / 1e6:,.2f}")
    if all(cost.measured for cost in costs.values()):
        console.print(f"By the tokens, times and acceptance rates in {like or opened.folder}.")
    else:
        console.print(
            f"A rule of thumb where nothing was measured: {CHARACTERS:g} characters to a token of "
            f"the prompt, {TOKENS_PER_TURN:g} tokens a turn, every draft accepted. Write a few "
            "dialogues first, then ask again, or name a dataset with --like."
        )


def print_calibration(calibration: Calibration, examples: int = 3) -> None:
    """The rates as a table of critic by language, then examples of what was rejected."""
    tags = sorted(calibration.dialogues)
    table = Table(title="Human dialogues rejected", title_justify="left")
    table.add_column("critic", no_wrap=True)
    for tag in tags:
        table.add_column(tag, justify="right", no_wrap=True)
    for critic in CRITICS:
        table.add_row(critic, *(_rate(calibration, critic, tag) for tag in tags))
    table.add_section()
    table.add_row("dialogues", *(str(calibration.dialogues[tag]) for tag in tags))
    console.print(table)
    for (critic, tag), found in calibration.evidence.items():
        for reason, evidence in found[:examples]:
            console.print(Text(f"{critic}.{reason} {tag}  {evidence}", style="dim"))
    if broken := calibration.broken:
        names = ", ".join(f"{critic} in {tag}" for critic, tag in broken)
        console.print(f"[red]More than {MOST_REJECTED:.0%} rejected:[/] {names}.")


def _rate(calibration: Calibration, critic: str, tag: str) -> Text:
    count, rate = calibration.rejected.get((critic, tag), 0), calibration.rate(critic, tag)
    style = "red" if rate > MOST_REJECTED else "" if count else "dim"
    return Text(f"{rate:.2%}" if count else "0", style=style)
