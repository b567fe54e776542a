"""``audit``: harm, personal data and refusals in a dataset, and whether groups of personas fare
alike. ``auditing`` looks at all rows once, ``reporting`` makes of it a page and ``audit.json``.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from crowdglot.datasets.folder import RECIPE, locked, read_stored_recipe, store_recipe
from crowdglot.datasets.funnel import METRICS
from crowdglot.datasets.publishing.audited import rows_hash
from crowdglot.datasets.storage.files import storing, write_json
from crowdglot.datasets.storage.location import Location, locate
from crowdglot.datasets.withdrawals import withdraw
from crowdglot.evidence.audit.abstention import LEARNED, Learned, read_learned
from crowdglot.evidence.audit.auditing import audit_rows, learn_from
from crowdglot.evidence.audit.judging import judge_harm
from crowdglot.evidence.audit.reporting import Report, report_of, write_audit
from crowdglot.evidence.sources import name_of
from crowdglot.recipes import changed
from crowdglot.strict_toml import validate
from crowdglot.writing.recipe import AuditSettings, Recipe

__all__ = ["Report", "audit_dataset", "store_limits"]


async def audit_dataset(
    folder: Location,
    *,
    learn: str = "",
    asking: Recipe | None = None,
    most: int = 200,
    withdrawing: bool = False,
) -> Report:
    """Audit a dataset; write ``audit.html`` and ``audit.json`` into its folder.

    ``learn``: a dataset written without personas, whose refusals are learned and whose rates are
    compared with, or the ``abstention.json`` that was learned from one; it is kept in the folder
    and used from then on. ``asking``: the recipe whose judge of harm is asked about ``most`` rows
    of each language, where it is believed. ``withdrawing``: take back the accepted rows in which
    something was found. StorageError where a folder is no dataset or a file of it is damaged.
    """
    name = name_of(folder)
    told, doubts = _learned(folder, learn)
    judged, more = await judge_harm(folder, asking, most) if asking else ({}, [])
    with locked(folder) if withdrawing else nullcontext():
        rows = rows_hash(folder)
        audit = audit_rows(folder, told.phrases, judged, withdrawing=withdrawing)
        if audit.withdrawals:
            with storing(folder):
                (folder / METRICS).unlink(missing_ok=True)
            withdraw(folder, audit.withdrawals)
    audit.doubts += [*doubts, *more]
    report = report_of(audit, name, rows, told.control)
    write_audit(folder, report, audit)
    return report


def store_limits(folder: Location, changes: Sequence[str]) -> None:
    """Store limits (``audit.…=value``) in the recipe of a dataset, which `publish` keeps to.

    ConfigurationError where one is wrong; StorageError where there is no dataset, or another
    process writes it.
    """
    with locked(folder):
        stored = read_stored_recipe(folder)
        identity = stored.pop("identity", {})
        table = changed({"audit": stored.get("audit") or {}}, changes)
        limits = validate(AuditSettings, table["audit"], f"{folder / RECIPE}: audit")
        store_recipe(folder, stored | {"audit": limits.model_dump(mode="json")}, identity)


def _learned(folder: Location, learn: str) -> tuple[Learned, list[str]]:
    """What was learned of refusals, and what could not be."""
    if not learn:
        return read_learned(folder / LEARNED), []
    source, doubts = locate(learn), list[str]()
    if isinstance(source, Path) and source.is_file():
        told = read_learned(source)
    else:
        read_stored_recipe(source)
        told, doubts = learn_from(source)
    write_json(folder / LEARNED, told.model_dump(mode="json"))
    return told, doubts
