"""The tables that the command prints."""

from collections.abc import Sequence

from rich.table import Column, Table
from rich.text import Text

from crowdglot.command.output.console import console, name_cell, new_table, print_left_out
from crowdglot.critics.calibration import MOST_REJECTED, Calibration
from crowdglot.critics.calibration.trials import Trial
from crowdglot.datasets.exports.making.exporting import Exported
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.publishing.publish import Published
from crowdglot.datasets.storage.location import Location
from crowdglot.languages.language import Language, packed_tags, resolve_language
from crowdglot.languages.verification import verification
from crowdglot.printable import one_line
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.writing.estimate import CHARACTERS, TOKENS_PER_TURN, estimate
from crowdglot.writing.opened import OpenedRecipe

_MOST_EVIDENCE = 2_000  # characters


def print_funnel(funnel: Funnel) -> None:
    """The acceptance rate, by language, and the reasons for rejection."""
    title = f"Acceptance: {funnel.accepted} of {funnel.drafts} drafts "
    table = new_table(f"{title}({funnel.acceptance_rate:.1%})", "language", "accepted", "rejected")
    kept, others = funnel.accepted_by_language, funnel.rejected_by_language
    for tag in sorted({*kept, *others}):
        name = name_cell(f"{resolve_language(tag).name} ({tag})")
        table.add_row(name, str(kept.get(tag, 0)), str(others.get(tag, 0)))
    console.print(table)
    if funnel.reasons:
        reasons = new_table("Reasons for rejection", "reason", "drafts")
        for reason, count in funnel.reasons.items():
            reasons.add_row(name_cell(reason), str(count))
        console.print(reasons)


def print_exported(made: Exported) -> None:
    """Where an export is, how much of what is in it, and what to mind."""
    counts = ", ".join(f"{count} {split}" for split, count in made.records.items())
    console.print(Text(f"{made.folder}: {counts}"), soft_wrap=True)
    for why, count in made.noted.items():
        console.print(Text(f"Left out: {count} {why}."))
    if made.warning:
        console.print(Text(f"Mind: {made.warning}", style="yellow"))


def print_published(done: Published) -> None:
    """Where a dataset is published, and what that took."""
    files = f"{len(done.uploaded)} files uploaded" if done.uploaded else "all is there already"
    gone = f", {len(done.deleted)} deleted" if done.deleted else ""
    console.print(Text(f"{done.url}: {files}{gone}."), soft_wrap=True)
    console.print(Text(f'This very dataset: revision="{done.tag}"'))


def print_languages() -> None:
    """The languages with a pack, and how well each is verified."""
    first = Column("tag", no_wrap=True)
    table = Table(first, "name", "autonym", "script", "direction", "spoken in", "own accepted",
                  "relatives")  # fmt: skip
    for tag in packed_tags():
        language = resolve_language(tag)
        regions = ", ".join(c.region for c in language.pack.communities) if language.pack else ""
        facts = (language.name, language.autonym, language.script, language.direction)
        table.add_row(tag, *facts, regions, *_verified(language))
    console.print(table)
    console.print(
        "own accepted: of human dialogues in the language. Relatives are told apart in one turn, "
        "by whole dialogues only, or not at all; of some there was no text. Any other BCP-47 tag "
        "works without a pack; a run says what nobody can verify. Regional varieties are not told "
        "apart."
    )


def _verified(language: Language) -> tuple[str, str]:
    state = verification(language)
    own = "unknown" if state.own is None else f"{state.own:.1%}"
    groups = {
        "": state.told, "by whole dialogues: ": state.as_whole, "not: ": state.untold,
        "no text: ": state.unmeasured,
    }  # fmt: skip
    told = (f"{what}{', '.join(names)}" for what, names in groups.items() if names)
    return own if state.known else "nobody can verify it", "; ".join(told)


def print_events() -> None:
    first = Column("event", no_wrap=True)
    table = Table(first, "group", "speakers", "turns", "relations", "definition")
    for name in event_names():
        event = read_event(name)
        low, high = event.speakers
        speakers = str(low) if low == high else f"{low}-{high}"
        turns = f"{event.turns[0]}-{event.turns[1]}"
        relations = ", ".join(event.relations).replace("_", " ")
        group = event.group.replace("_", "-")
        table.add_row(name, group, speakers, turns, relations, event.definition)
    console.print(table)


def print_estimate(
    opened: OpenedRecipe, like: Location | None = None, price_in: float = 0, price_out: float = 0
) -> None:
    """The costs as a table; prices are per million tokens of prompts and of answers."""
    print_left_out(opened.left_out)
    costs = estimate(opened, like)
    columns = ("language", "dialogues", "drafts", "prompt tokens", "answer tokens", "hours")
    table = new_table(f"{opened.recipe.name}: what is still to be written", *columns)
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
        where = one_line(like or opened.folder)
        console.print(Text(f"By the tokens, times and acceptance rates in {where}."))
    else:
        console.print(
            f"A rule of thumb where nothing was measured: {CHARACTERS:g} characters to a token of "
            f"the prompt, {TOKENS_PER_TURN:g} tokens a turn, every draft passed. Write a few "
            "dialogues first, then ask again, or name a dataset with --like."
        )
        if opened.asks_judges:
            console.print("What the judges ask is not in it.")
    if iterations := opened.recipe.pool.iterations:
        console.print(f"The {iterations} iterations of the pool are not in it.")


def print_calibration(calibration: Calibration, examples: int = 3) -> None:
    """The rates as a table of critic by language, then examples of what was rejected."""
    tags = sorted(calibration.dialogues)
    table = new_table("Human dialogues rejected", "critic", *tags)
    for critic in calibration.critics:
        table.add_row(critic, *(_rate(calibration, critic, tag) for tag in tags))
    table.add_section()
    table.add_row("dialogues", *(str(calibration.dialogues[tag]) for tag in tags))
    console.print(table)
    for (critic, tag), found in calibration.evidence.items():
        for reason, evidence in found[:examples]:
            told = one_line(f"{critic}.{reason} {tag}  {evidence}", _MOST_EVIDENCE)
            console.print(Text(told, style="dim"))
    if broken := calibration.broken:
        names = ", ".join(f"{critic} in {tag}" for critic, tag in broken)
        console.print(f"[red]More than {MOST_REJECTED:.0%} rejected:[/] {names}.")


def print_trials(trials: Sequence[Trial]) -> None:
    """One table a kind of damage: each critic's AUC by language, and what it finds at 1%."""
    tags = sorted({trial.language for trial in trials})
    for kind in dict.fromkeys(trial.damage for trial in trials):
        table = new_table(f"Damage: {kind} (AUC, found at 1% false rejection)", "critic", *tags)
        by_critic: dict[str, dict[str, str]] = {}
        for trial in trials:
            if trial.damage == kind:
                cell = f"{trial.auc:.2f} {trial.found:.0%}" if trial.dialogues else "unscored"
                by_critic.setdefault(trial.critic, {})[trial.language] = cell
        for critic, cells in by_critic.items():
            table.add_row(critic, *(cells.get(tag, "") for tag in tags))
        console.print(table)


def _rate(calibration: Calibration, critic: str, tag: str) -> Text:
    count, rate = calibration.rejected.get((critic, tag), 0), calibration.rate(critic, tag)
    style = "red" if rate > MOST_REJECTED else "" if count else "dim"
    return Text(f"{rate:.2%}" if count else "0", style=style)
