"""What raters want out of the dataset becomes withdrawals, and the positions are filled again."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from crowdglot.datasets.browse.agreement import decided
from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.browse.ratings import Draft, Rating
from crowdglot.datasets.folder import locked
from crowdglot.datasets.withdrawals import (
    PEOPLE,
    Withdrawal,
    read_withdrawals,
    withdraw,
)

REASON = "rejected"
_one_at_a_time = Lock()


def withdraw_rejected(index: Index, ratings: Sequence[Rating]) -> int:
    """Have the withdrawals by people say what the ratings say now; how many rows that are here are
    withdrawn by people then.

    A row is withdrawn where a rater wants that, unless most raters accept it; it comes back where
    that changes before `crowdglot synthesize` has filled its position again, which the shard's mark
    has it do. StorageError while another process writes the dataset: the ratings stay, and the next
    call does it.
    """
    with _one_at_a_time:
        before, after, _ = _states(index, ratings)
        if before == after:
            return len(after)
        with locked(index.folder):
            before, after, here = _states(index, ratings)
            known = read_withdrawals(index.folder).every
            gone = [one for one in known if one.by == PEOPLE and _draft(one) in before]
            withdraw(
                index.folder, [_withdrawal(one, here[one[:3]], ratings) for one in after], gone
            )
    return len(after)


def _states(
    index: Index, ratings: Sequence[Rating]
) -> tuple[set[Draft], set[Draft], dict[Any, int]]:
    """What people withdrew of the rows that are here, what they want withdrawn now, and of each
    its shard."""
    good = decided(ratings)
    wanted = {one.draft for one in ratings if one.withdraw and not good.get(one.draft)}
    known = {_draft(one) for one in read_withdrawals(index.folder).every if one.by == PEOPLE}
    here = index.shards_of({draft[:3] for draft in wanted | known})
    before, after = ({one for one in some if one[:3] in here} for some in (known, wanted))
    return before, after, here


def _draft(one: Withdrawal) -> Draft:
    return (one.language, one.index, one.attempt, one.turns)


def _withdrawal(draft: Draft, shard: int, ratings: Sequence[Rating]) -> Withdrawal:
    """The file is published with the dataset, so it names no rater."""
    language, number, attempt, turns = draft
    said = [one.decision for one in ratings if one.draft == draft and one.decision]
    rejecting = said.count("reject")
    evidence = f"{rejecting} of {len(said)} raters reject it"
    share = round(rejecting / len(said), 4)
    return Withdrawal(language, shard, number, attempt, turns, PEOPLE, REASON, evidence, share)
