"""Finding rows: filters, and texts in every script."""

import polars as pl
import pytest

from crowdglot.datasets.browse.index import Index, Wanted, parts
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.withdrawals import Withdrawal, write_withdrawals
from crowdglot.errors import StorageError
from tests.datasets.browse.dataset import dataset
from tests.datasets.report.dataset import row, write_dataset

KINDS = {"language": pl.String, "index": pl.Int64, "attempt": pl.Int64}


@pytest.fixture
def index(tmp_path):
    return Index(dataset(tmp_path / "d"))


def found(index, drafts=(), **wanted):
    numbers = index.find(Wanted(**wanted), pl.DataFrame([*drafts], KINDS, orient="row"))
    return index.rows[numbers.to_list()].select("id", "attempt").rows()


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"language": "zh"}, [("zh-1", 0)]),
        ({"event": "gossip"}, [("ar-1", 0), ("ar-2", 0)]),
        ({"verdict": "surplus"}, [("fr-1", 3)]),
        ({"verdict": "rejected", "language": "fr"}, [("fr-1", 0), ("fr-1", 1), ("fr-9", 0)]),
        ({"verdict": "accepted", "language": "ar"}, [("ar-1", 0), ("ar-2", 0)]),
        ({"critic": "foreign_words"}, [("fr-1", 0)]),
        ({"critic": "language", "said": "rejected"}, [("ar-2", 1)]),
        ({"critic": "language", "least": 0.6, "most": 0.9}, [("fr-1", 1), ("fr-1", 2)]),
        ({"critic": "language", "said": "passed", "most": 0.6}, [("fr-1", 3)]),
        ({"critic": "nobody"}, []),
        ({"language": "fr", "event": "gossip"}, []),
    ],
)
def test_filters(index, wanted, rows):
    assert found(index, **wanted) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("شرفة واسعة", ["ar-1", "ar-2", "ar-2"]),
        ("واسعة شرفة", ["ar-1", "ar-2", "ar-2"]),  # parts in any order
        ('"واسعة شرفة"', []),  # a phrase in its own
        ("شُرْفَة", ["ar-1", "ar-2", "ar-2"]),  # vowel signs
        ("阳台", ["zh-1"]),
        ("ระเบียงกว้าง", ["th-1"]),
        ("NUMÉRO 5", ["fr-5"]),
        ("nume\u0301ro 5", ["fr-5"]),  # the accent apart
        ("ｎｕｍéｒｏ ５", ["fr-5"]),  # wide letters
        ("numéro\u200b 5.", ["fr-5"]),  # a blank without width
        ("ar-2", ["ar-2", "ar-2"]),
        (".*", []),  # no pattern
        ("%", []),
    ],
)
def test_texts_are_found_in_every_script(index, text, rows):
    assert [name for name, _ in found(index, text=text)] == rows


@pytest.mark.parametrize(
    ("text", "needle"),
    [("Straße", "STRASSE"), ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"), ("İstanbul", "istanbul"), ("ﬁn", "FIN"),
     ("می‌خواهم", "میخواهم"), ("ｶﾞｰﾃﾞﾝ", "ガーデン"), ("שָׁלוֹם", "שלום")],
)  # fmt: skip
def test_case_and_form_do_not_count(tmp_path, text, needle):
    index = Index(write_dataset(tmp_path / "d", [row(1, (f"a {text} z", "b"))]))
    assert found(index, text=needle) == found(index, text=text) == [("fr-1", 0)]
    assert parts('one "two  three" ""') == ["one", "two  three", '""']


def test_only_those_that_a_rater_has_not_rated(index):
    drafts = [("fr", 1, 0), ("zh", 1, 0)]
    assert found(index, drafts, rater="a", rated="yes") == [("fr-1", 0), ("zh-1", 0)]
    left = found(index, drafts, rater="a", rated="no")
    assert len(left) == len(index.rows) - 2
    assert left == sorted(left)


def test_withdrawn_rows_that_are_still_here(index):
    draft = {"language": "fr", "shard": 0, "attempt": 0, "turns": "0" * 16, "reason": "r"}
    told = [
        Withdrawal(**draft, index=5, by="duplicates", evidence="", score=1.0),
        Withdrawal(**draft, index=99, by="people", evidence="", score=1.0),
    ]
    write_withdrawals(index.folder, told, up_to_date=False)
    assert found(index, verdict="withdrawn") == [("fr-5", 0)]
    assert ("fr-5", 0) not in found(index, verdict="accepted")
    assert ("fr-5", 0) in found(index)


def test_candidates_of_a_scenario_the_accepted_one_first(index):
    numbers = index.candidates(index.find(Wanted(text="fr-1"), pl.DataFrame())[0])
    assert [index.rows["attempt"][number] for number in numbers] == [2, 0, 1, 3]


def test_a_changed_dataset_is_noticed(index):
    assert index.is_current()
    write_dataset(index.folder, [row(1)])
    assert not index.is_current()


def test_a_dataset_without_rows(tmp_path):
    index = Index(write_dataset(tmp_path / "d", []))
    assert found(index) == []
    assert index.critics() == []


def test_a_damaged_file_is_named(index):
    file = files_of(index.folder, "data")[0]
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StorageError, match=file.name):
        Index(index.folder)
