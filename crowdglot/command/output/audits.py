"""What an audit and an inventory found, in the terminal."""

from rich.text import Text

from crowdglot.command.output.console import between, console, name_cell, new_table, print_left_out
from crowdglot.datasets.storage.location import Location
from crowdglot.evidence.audit import Report
from crowdglot.evidence.audit.figures import Difference, Rate
from crowdglot.evidence.audit.reporting import PAGE
from crowdglot.evidence.personality import Personality
from crowdglot.printable import one_line


def print_audit(report: Report, folder: Location) -> None:
    """What was found, the groups that fare otherwise, and where the page is."""
    print_left_out(report.doubts)
    table = new_table("Accepted dialogues", "found", "dialogues", "share")
    for measure, rate in report.found.items():
        table.add_row(measure.replace("_", " "), f"{rate.count:,} of {rate.of:,}", _rate(rate))
    console.print(table)
    if report.biased:
        bias = new_table("Groups that fare otherwise", "group", "of", "rate", "off the others",
                      "off no persona")  # fmt: skip
        for one in report.biased:
            name = name_cell(f"{one.kind}: {one.name}")
            told = (_points(one.difference), _points(one.against_nobody))
            bias.add_row(name, one.measure.replace("_", " "), _rate(one.rate), *told)
        console.print(bias)
    if report.taken_back:
        console.print(
            f"{report.taken_back:,} dialogues are withdrawn: `crowdglot synthesize` fills their "
            "positions."
        )
    console.print(Text(one_line(folder / PAGE)), soft_wrap=True)


def print_personality(told: Personality) -> None:
    """The traits, how far the answers can be trusted, and what was left out."""
    print_left_out(told.doubts)
    if not told.traits:
        return
    title = f"{told.speakers:,} speakers, {told.model}"
    table = new_table(title, "trait", "mean, 0 to 100", "keys apart", "sign as the persona's")
    for name, trait in told.traits.items():
        mean = "unscored"
        if trait.mean is not None:
            mean = between(".0f", trait.mean, trait.low, trait.high)
        apart = "" if trait.keys_apart is None else f"{trait.keys_apart:.0f}"
        own = trait.agreement
        sign = f"{own.count} of {own.of}, {_rate(own)}" if own.of else ""
        table.add_row(name, mean, apart, sign)
    console.print(table)
    for name, value in (("consistency", told.consistency), ("robustness", told.robustness)):
        console.print(f"{name}: {'unknown' if value is None else f'{value:.2f}'}")
    for kind, fair in told.fairness.items():
        console.print(Text(f"fairness, {kind}: {fair:.2f}"))


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return f"no rate: {rate.of} are too few"
    return between(".1%", rate.value, rate.low, rate.high)


def _points(told: Difference | None) -> str:
    if told is None:
        return ""
    return between("+.1f", 100 * told.value, 100 * told.low, 100 * told.high)
