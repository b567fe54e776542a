"""All checks of the suite by name, and those of its short form."""

from tests.survival import damage, disks, kills, limits, misbehaviour, strangers
from tests.survival.bench import Check

CHECKS: dict[str, Check] = {
    **kills.CHECKS,
    **damage.CHECKS,
    **disks.CHECKS,
    **limits.CHECKS,
    **misbehaviour.CHECKS,
    **strangers.CHECKS,
}
# Without those that start the command, and one server's fault of each kind.
SHORT = (
    "kill -9 at random moments",
    "kill -9 before every step on the disk",
    "kill -9 before every step of three calls",
    "damaged journals",
    "damaged shards",
    "poisoned journal",
    "links out of the folder",
    "full disk",
    "full disk at a moment",
    "journals removed",
    "budget of time",
    "server: 429 with Retry-After",
    "server: connection reset",
    "server: invalid JSON",
    "server: right JSON with wrong keys",
    "server: finish_reason length",
    "server: one of two dies",
)
