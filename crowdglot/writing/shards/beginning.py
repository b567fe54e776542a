"""The beginning of a run: where its first drafts all fail for one reason, the others would too.

A model that thinks aloud, a template without an end, a server that refuses what is asked: the first
answers tell it, and ten thousand more would cost as much each. One draft that passes proves that it
can be done, for the whole dataset and for every process that writes it.
"""

import os
from contextlib import suppress
from pathlib import Path

from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.datasets.tables import read_table
from crowdglot.engines.calls import Draft
from crowdglot.errors import CrowdglotError, EngineError
from crowdglot.printable import label
from crowdglot.writing.judging import Judged
from crowdglot.writing.opened import ENGINE, OpenedRecipe
from crowdglot.writing.watch import Progress, Watch

# So many drafts, before anything is said of a run.
FIRST_DRAFTS = 24
# Whatever makes a draft unreadable, it is one reason: the model does not write what is asked for.
_UNREADABLE = "format"
_MOST_SAID = 160  # characters of an answer that a message shows
# It writes for no one: a dry run ends when its plan does.
_WITHOUT_A_MODEL = "scripted"


def check_beginning(opened: OpenedRecipe, watch: Watch) -> None:
    """Stop the run where its drafts so far, 24 or more, all failed for one reason.

    A critic whose thresholds the recipe sets is none: who sets one may mean it to reject them all.
    """
    progress, recipe = watch.progress, opened.recipe
    if watch.stop.wanted or recipe.engine.kind == _WITHOUT_A_MODEL:
        return
    set_by_hand = any(reason.split(".")[0] in recipe.critics for reason in progress.reasons)
    if not set_by_hand and (why := _hopeless(progress)) and not proven(opened.folder, progress):
        watch.stop.because(EngineError(why))


def _hopeless(progress: Progress) -> str:
    """Why going on is pointless; "" where nothing says so."""
    failed = sum(progress.reasons.values())
    kinds = {reason.split(".")[0] for reason in progress.reasons}
    one = len(progress.reasons) == 1 or kinds == {_UNREADABLE}
    if progress.proven or failed < FIRST_DRAFTS or not one:
        return ""
    ordered = sorted(progress.reasons.items(), key=lambda pair: -pair[1])
    told = ", ".join(f"{reason} {count}" for reason, count in ordered)
    what = "were refused" if kinds == {ENGINE} else "failed for one reason"
    return (
        f"the first {failed} drafts all {what} ({told}), and none passed: {progress.last_failure}. "
        "Change the server, the model or the recipe (docs/servers.md tells what helps), then run "
        "the same command again; every answer is kept."
    )


def failure(draft: Draft, judged: Judged) -> tuple[str, str]:
    """Why a draft failed ("critic.reason"), and what was found and said."""
    row = judged.table.slice(judged.at, 1).select(["reason", "verdicts"]).to_pylist()[0]
    found = next((one["evidence"] for one in row["verdicts"] if one["reason"]), "")
    last = draft.written[-1].completion
    said = "" if draft.refused else f"; the model's last answer ({last.finish_reason}"
    if said:
        said += f", asked without {', '.join(last.dropped)}" if last.dropped else ""
        said += f"): {label(last.text, _MOST_SAID) or 'empty'}"
    return row["reason"], f"{label(found)}{said}".rstrip(".")


def note_passed(folder: Location, progress: Progress) -> None:
    """Let all processes that write this dataset know that a draft passed; once in each of them."""
    if progress.proven:
        return
    progress.proven = True
    mark = _mark(folder)
    with suppress(OSError):  # a full disk is told by who writes what must not be lost
        mark.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644))


def proven(folder: Location, progress: Progress) -> bool:
    """Whether a draft of this dataset has passed, in this run or before, here or elsewhere."""
    if not progress.proven:
        progress.proven = _mark(folder).exists() or _has_accepted(folder)
    return progress.proven


def _mark(folder: Location) -> Path:
    return local_folder(folder) / "journal" / "passed"


def _has_accepted(folder: Location) -> bool:
    """Whether a file holds an accepted dialogue; one that is damaged tells nothing."""
    for path in files_of(folder, "data"):
        with suppress(CrowdglotError):
            if read_table(path, ["index"]).num_rows:
                return True
    return False
