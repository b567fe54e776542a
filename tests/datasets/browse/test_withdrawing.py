"""What raters withdraw leaves the dataset, is written anew, and stays withdrawn."""

from crowdglot.datasets.browse.index import Index
from crowdglot.datasets.browse.ratings import Rating
from crowdglot.datasets.browse.withdrawing import withdraw_rejected
from crowdglot.datasets.withdrawals import read_withdrawals, turns_hash
from tests.writing.builders import Canned, good, make_opened, rejudge, rows_of, write


def rating(row, rater="Ana", decision="reject", *, withdraw=True):
    hashed = turns_hash(turn["text"] for turn in row["turns"])
    draft = {name: row[name] for name in ("language", "index", "attempt")}
    return Rating(**draft, rater=rater, turns=hashed, scores={}, decision=decision,
                  withdraw=withdraw, at=1.0)  # fmt: skip


def accepted(folder):
    return [(row["index"], row["attempt"]) for row in rows_of(folder).to_dicts()]


def test_a_withdrawn_row_is_filled_again_and_never_comes_back(tmp_path):
    opened = make_opened(tmp_path / "d")
    write(opened, Canned(good))
    row = rows_of(opened.folder).to_dicts()[7]
    gone = (row["index"], row["attempt"])
    assert withdraw_rejected(Index(opened.folder), [rating(row)]) == 1
    assert withdraw_rejected(Index(opened.folder), [rating(row)]) == 1
    outcome = write(opened, Canned(good))
    assert outcome.funnel.accepted == 24
    assert outcome.funnel.reasons == {"people.rejected": 1}
    assert gone not in accepted(opened.folder)
    [rejected] = rows_of(opened.folder, "rejected").to_dicts()
    assert rejected["verdicts"][-1]["evidence"] == "1 of 1 raters reject it"
    # Judging anew forgets near-duplicates, and not what people said.
    funnel, unfinished = rejudge(opened.folder)
    assert (funnel.accepted, unfinished) == (24, 0)
    assert gone not in accepted(opened.folder)
    assert withdraw_rejected(Index(opened.folder), [rating(row)]) == 0
    assert [one.by for one in read_withdrawals(opened.folder).every] == ["people"]


def test_most_raters_who_accept_keep_a_row(tmp_path):
    opened = make_opened(tmp_path / "d")
    write(opened, Canned(good))
    row, other = rows_of(opened.folder).to_dicts()[:2]
    keep = [rating(row, who, "accept", withdraw=False) for who in ("Li", "Bo")]
    index = Index(opened.folder)
    assert withdraw_rejected(index, [rating(row), rating(other)]) == 2
    assert withdraw_rejected(index, [rating(row), rating(other), *keep]) == 1
    assert [one.index for one in read_withdrawals(opened.folder).every] == [other["index"]]
    assert withdraw_rejected(index, []) == 0
    assert write(opened, Canned(good)).funnel.reasons == {}
