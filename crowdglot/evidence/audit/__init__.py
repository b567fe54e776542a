"""``audit``: harm, personal data and refusals in a dataset, and whether groups of personas fare
alike. ``auditing`` looks at all rows once, ``reporting`` makes of it a page and ``audit.json``.
"""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from crowdglot.datasets.folder import locked, read_stored_recipe
from crowdglot.datasets.publishing.audited import rows_hash
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, locate
from crowdglot.evidence.audit.abstention import LEARNED, read_learned, write_learned
from crowdglot.evidence.audit.auditing import audit_rows, learn_from
from crowdglot.evidence.audit.judging import judge_harm
from crowdglot.evidence.audit.reporting import Report, report_of, write_audit
from crowdglot.evidence.audit.withdrawing import Withdrawing
from crowdglot.writing.recipe import Recipe

__all__ = ["Report", "audit_dataset"]


async def audit_dataset(
    folder: Location,
    *,
    learn: str = "",
    asking: Recipe | None = None,
    most: int = 200,
    withdraw: bool = False,
) -> Report:
    """Audit a dataset; write ``audit.html`` and ``audit.json`` into its folder.

    ``learn``: a dataset written without personas, whose refusals are learned and whose rates are
    compared with, or the ``abstention.json`` that was learned from one; it is kept in the folder
    and used from then on. ``asking``: the recipe whose judge of harm is asked about ``most`` rows
    of each language, where it is believed. ``withdraw``: take back the accepted rows in which
    something was found. StorageError where a folder is no dataset or a file of it is damaged.
    """
    name = str(read_stored_recipe(folder).get("name") or folder.resolve().name)
    told, doubts = _learned(folder, learn)
    judged, more = (
        await judge_harm(folder, files_of(folder, "data"), asking, most) if asking else ({}, [])
    )
    with locked(folder) if withdraw else nullcontext():
        withdrawing = Withdrawing(folder) if withdraw else None
        rows = rows_hash(folder)
        audit = audit_rows(folder, told["phrases"], judged, withdrawing)
        if withdrawing:
            withdrawing.carry_out()
    audit.doubts += [*doubts, *more]
    taken_back = len(withdrawing.made) if withdrawing else 0
    report = report_of(audit, name, rows, told["control"], taken_back)
    write_audit(folder, report, audit)
    return report


def _learned(folder: Location, learn: str) -> tuple[dict[str, Any], list[str]]:
    """What was learned of refusals, and what could not be."""
    if not learn:
        return read_learned(folder / LEARNED), []
    source = locate(learn)
    if isinstance(source, Path) and source.is_file():
        told = read_learned(source)
    else:
        read_stored_recipe(source)
        told = learn_from(source)
    doubts = told.pop("doubts", [])
    write_learned(folder, told)
    return told, doubts
