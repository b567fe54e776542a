"""Writing an export: all that is the same for every format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from crowdglot import __version__
from crowdglot.datasets.exports import EXPORTS
from crowdglot.datasets.exports.making.dialogues import read_told
from crowdglot.datasets.exports.making.export import Export, Made, Wanted
from crowdglot.datasets.exports.making.output import (
    FACTS,
    as_line,
    check_target,
    replacing_folder,
    write_records,
)
from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.storage.location import Location, is_url
from crowdglot.errors import ConfigurationError, StorageError


def load_export(name: str) -> Export:
    """The export of this name; ConfigurationError where there is none."""
    if name not in EXPORTS:
        known = ", ".join(EXPORTS)
        raise ConfigurationError(f"--as {name}: no such export; known: {known}.")
    module = import_module(f"crowdglot.datasets.exports.{name.replace('-', '_')}")
    export: Export = module.EXPORT
    return export


@dataclass(frozen=True, slots=True)
class Exported:
    """``records``: how many by split. ``noted``: how often what is in no record, by why it is not.
    ``warning``: one sentence where a trainer's default would cut records, or ""."""

    folder: Path
    records: Mapping[str, int]
    noted: Mapping[str, int]
    warning: str


def export_dataset(
    folder: Location,
    name: str,
    target: str = "",
    *,
    folded: bool = False,
    thoughts: bool = False,
) -> Exported:
    """Write the dataset in ``folder`` as ``name`` to ``target``, which then is there whole.

    ``target``: by default a folder below outputs/exports/. ``folded``: whether the persona stands
    in the first user turn, for chat templates that know no system text. ``thoughts``: whether what
    a character thinks stands, in <think>, before what it says. ConfigurationError where there is no
    such export, StorageError where ``folder`` is no dataset, has nothing to export or is damaged,
    or ``target`` holds something else.
    """
    export, recipe = load_export(name), read_stored_recipe(folder)
    # The recipe may be a stranger's: its name shall not lead anywhere.
    title = re.sub(r"[^\w.-]+", "-", str(recipe.get("name", "")))[:80].strip("-.") or "dataset"
    if is_url(target):
        raise ConfigurationError(f"--to {target}: exports go to a local folder; give its path.")
    to = Path(target or f"outputs/exports/{title}-{name}")
    check_target(to)
    wanted, made = Wanted(folded), Made(title, export.limit)
    with replacing_folder(to) as temporary:
        dialogues = read_told(folder, wanted.noted, rejected=export.rejected, thoughts=thoughts)
        write_records(temporary, export.files, export.records(dialogues, wanted), made)
        noted = {why: count for why, count in wanted.noted.items() if count}
        if not made.records:
            why = "; ".join(f"{count} {what}" for what, count in noted.items()) or "no dialogues"
            raise StorageError(f"{folder}: nothing to export as {name} ({why}); write more first.")
        export.finish(temporary, made)
        facts: dict[str, Any] = {"export": name, "dataset": title, "crowdglot_version": __version__}
        facts |= {"files": sorted(path.name for path in temporary.iterdir())}
        facts |= {"records": made.records, "noted": noted, "warning": made.warning}
        (temporary / FACTS).write_text(f"{as_line(facts)}\n", "utf-8")
    return Exported(to, made.records, noted, made.warning)
