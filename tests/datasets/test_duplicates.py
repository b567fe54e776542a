"""Shingles, the index of near-duplicates, and withdrawals."""

import errno
import io
import random
from functools import reduce
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdglot.datasets.duplicates import bands, find_duplicates
from crowdglot.datasets.duplicates.index import Index
from crowdglot.datasets.duplicates.shingles import jaccard, shingles
from crowdglot.datasets.shards import Shard
from crowdglot.datasets.withdrawals import (
    Withdrawal,
    read_withdrawals,
    turns_hash,
    write_withdrawals,
)
from crowdglot.errors import StorageError
from crowdglot.languages.language import resolve_language
from tests.builders import FRENCH, shown


@pytest.mark.parametrize(
    ("text", "script", "expected"),
    [
        ("Salut, ça va?", "Latn", {"salut ça", "ça va"}),
        ("नमस्ते, आप कैसे हैं", "Deva", {"नमस्ते आप", "आप कैसे", "कैसे हैं"}),
        ("你好吗，朋友", "Hans", {"你好吗朋", "好吗朋友"}),
        ("ＡＢ １", "Latn", {"ab 1"}),
        ("haha", "Latn", {"haha"}),
        ("ใช่", "Thai", {"ใช่"}),
        ("🙂 …", "Latn", set()),
        ("🙂 …", "Jpan", set()),
    ],
)
def test_shingles_fit_the_script(text, script, expected):
    assert shingles(["ok", text], script) == [{"ok"}, expected]


@settings(max_examples=80, deadline=None)
@given(st.text(), st.sampled_from(["Latn", "Hans", "Thai", "Arab", "Zyyy"]))
def test_shingles_of_any_text(text, script):
    (pieces,) = shingles([text], script)
    assert "" not in pieces
    assert jaccard(pieces, pieces) == (1.0 if pieces else 0.0)
    shouted, plain = shingles([text.upper().casefold() + " !", text.upper().casefold()], script)
    assert shouted == plain


def talk(number, turns=8, words=12, vocabulary=3000):
    """A dialogue of random words; its number decides which."""
    rng = random.Random(number)
    return [" ".join(f"w{rng.randrange(vocabulary)}" for _ in range(words)) for _ in range(turns)]


class Shop:
    """An index whose texts are in memory."""

    def __init__(self, least_similarity=0.7, least_repeated=0.5):
        self.kept = {}
        self.index = Index(least_similarity, least_repeated, self.kept.__getitem__)

    def put(self, key, turns):
        (match,) = self.put_all({key: turns})
        return match

    def put_all(self, dialogues):
        for key, turns in dialogues.items():
            self.kept[key] = shingles(turns, "Latn")
        return self.index.put([(key, self.kept[key]) for key in dialogues])


def test_the_whole_dialogue_is_found_with_one_turn_changed():
    shop = Shop()
    for number in range(200):
        assert shop.put(number, talk(number)) is None
    for number in range(0, 200, 10):
        changed = [*talk(number)[:7], talk(1000 + number)[7]]
        match = shop.put(1000 + number, changed)
        assert (match.reason, match.key) == ("near_duplicate", number)
        assert match.share == pytest.approx(7 / 9, abs=0.02)


def test_turns_gathered_from_several_dialogues_are_found():
    shop = Shop()
    for number in range(10):
        shop.put(number, talk(number))
    mixed = [talk(3)[0], talk(3)[1], talk(4)[2], talk(5)[3], *talk(99)[4:]]
    match = shop.put(50, mixed)
    assert (match.reason, match.key, match.share, match.turn) == ("repeated_turns", 3, 0.5, 1)
    # A dialogue that was refused is nothing that others could duplicate.
    assert shop.put(51, [*talk(99)[4:], *talk(77)[:4]]) is None


def mixed_talk(count):
    """Dialogues by key, of which every third repeats turns of those before it."""
    made = {}
    for number in range(count):
        turns = talk(number)
        if number % 3 == 2:
            turns[: 3 + number % 4] = talk(number - 2)[: 3 + number % 4]
        made[number] = turns
    return made


@pytest.mark.parametrize("in_memory", [10**9, 500])
@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_neither_batches_nor_runs_on_disk_change_what_is_found(monkeypatch, in_memory, at_once):
    dialogues = mixed_talk(120)
    one_by_one = Shop()
    expected = [one_by_one.put(key, turns) for key, turns in dialogues.items()]
    assert 20 < sum(match is not None for match in expected) < 40

    monkeypatch.setattr(bands, "IN_MEMORY", in_memory)
    shop, listed, found = Shop(), list(dialogues.items()), []
    for start in range(0, len(listed), at_once):
        found += shop.put_all(dict(listed[start : start + at_once]))
    assert found == expected
    stored = shop.index._bands._runs
    assert any(isinstance(run.bands.base, np.memmap) for run in stored) == (in_memory == 500)
    lengths = [len(run) for run in stored]
    assert all(before >= 2 * after for before, after in pairwise(lengths))


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5)), min_size=2, max_size=5),
    st.integers(1, 8),
)
def test_a_merged_run_holds_all_pairs_in_order(written, in_memory):
    pairs = [
        (band, number)
        for number, some in enumerate(written)
        for band in (*some, 7)  # no run is empty
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "IN_MEMORY", in_memory)
        each = [
            bands.sorted_run(*np.array([pair for pair in pairs if pair[1] == number], np.uint64).T)
            for number in range(len(written))
        ]
        run = reduce(bands.merged, each)
    assert list(zip(run.bands.tolist(), run.numbers.tolist(), strict=True)) == sorted(pairs)
    asked = np.array(sorted({band for band, _ in pairs} | {6}), np.uint64)
    found = [(int(asked[position]), number) for position, number in run.find(asked)]
    assert found == sorted(pairs)


def test_a_full_disk_is_one_sentence(monkeypatch):
    class Full(io.BytesIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bands, "IN_MEMORY", 1)
    monkeypatch.setattr(bands.tempfile, "TemporaryFile", Full)
    shop = Shop()
    with pytest.raises(StorageError, match=r"temporary files cannot be used \(.*No space"):
        for number in range(200):
            shop.put(number, talk(number))


def test_a_text_has_the_same_bands_alone_and_among_others():
    sign = bands.Signer(64, 0.7, recall=0.95)
    cut = shingles([" ".join(talk(number)) for number in range(5)], "Latn")
    together = sign.sign(cut)
    assert together.shape == (5, 16)
    assert [sign.sign([text])[0].tolist() for text in cut] == together.tolist()
    assert len(set(together.ravel().tolist())) == 5 * 16


def test_small_talk_is_nobodys_copy():
    shop = Shop()
    short = ["Hi!", "Hello, how are you?", "Fine, and you?", "ok", "haha", "🙂"]
    assert shop.put(1, [*short, *talk(1)]) is None
    assert shop.put(2, [*short, *talk(2)]) is None
    assert shop.put(3, ["ok", "haha"]) is None
    assert shop.put(4, ["ok", "haha"]) is None


def test_candidates_below_the_threshold_are_let_go():
    shop = Shop(least_similarity=0.9)
    assert shop.put(1, talk(1)) is None
    assert shop.put(2, [*talk(1)[:3], *talk(2)[3:]]) is None


def write(folder, rows, number=0, count=1, tag="fr"):
    """A shard with only the columns that the search reads."""
    shard = Shard(tag, number, count, number * 100, 100)
    table = {
        "id": [f"{tag}-{index}" for index, _ in rows],
        "index": [index for index, _ in rows],
        "attempt": [0] * len(rows),
        "turns": [[{"speaker": "A", "text": text} for text in turns] for _, turns in rows],
    }
    shard.accepted(folder).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), shard.accepted(folder))
    return shard


def search(folder, shards, tag="fr", **earlier):
    return list(
        find_duplicates(
            folder,
            resolve_language(tag),
            shards,
            least_similarity=0.7,
            least_repeated_turns=0.5,
            **earlier,
        )
    )


def test_the_first_by_index_is_kept_whatever_shard_it_is_in(tmp_path):
    # Index 900 is a replacement in the first shard: it comes after all of the second.
    first = write(tmp_path, [(1, talk(1)), (900, talk(150))], 0, 2)
    second = write(tmp_path, [(101, talk(101)), (150, talk(150)), (151, talk(1))], 1, 2)
    found = search(tmp_path, [first, second])
    assert [(d.index, d.shard, d.evidence.split(":")[0]) for d in found] == [
        (151, 1, "fr-1"),
        (900, 0, "fr-150"),
    ]
    assert {d.reason for d in found} == {"near_duplicate"}
    assert found[0].turns == turns_hash(talk(1))
    assert found[0].by == "duplicates"
    assert found[0].score == 1.0


def test_demonstrations_and_earlier_datasets(tmp_path):
    old = tmp_path / "old"
    write(old, [(7, talk(7))])
    write(old, [(7, talk(8))], tag="es")
    new = write(tmp_path / "new", [(1, talk(7)), (2, talk(8)), (3, list(FRENCH)), (4, talk(4))])
    found = search(
        tmp_path / "new", [new], demonstrations=[demonstration := shown(*FRENCH)], against=[old]
    )
    assert [(d.index, d.evidence.split(": ")[0]) for d in found] == [
        (1, "old:fr-7"),
        (3, f"demonstration {demonstration.id}"),
    ]


def test_a_damaged_shard_is_one_sentence(tmp_path):
    shard = write(tmp_path, [(1, talk(1))])
    shard.accepted(tmp_path).write_bytes(b"PAR1 no more")
    with pytest.raises(StorageError, match=r"damaged .*; run `crowdglot synthesize` with --verify"):
        search(tmp_path, [shard])


def test_a_withdrawal_speaks_of_one_draft_only(tmp_path):
    assert read_withdrawals(tmp_path).every == ()
    assert not read_withdrawals(tmp_path).up_to_date
    named = ("fr", 0, 5, 1, turns_hash(["é"]), "duplicates", "near_duplicate", "fr-1: …\ud800", 0.8)
    one = Withdrawal(*named)
    other = Withdrawal("fr", 0, 2, 0, turns_hash(["b"]), "audit", "repeated_turns", "fr-0", 0.5)
    write_withdrawals(tmp_path, [one, other], up_to_date=True)
    read = read_withdrawals(tmp_path)
    assert read.every == (other, one)
    assert read.up_to_date
    (verdict,) = read.verdicts(5, 1, ["é"])
    assert (verdict.critic, verdict.reason, verdict.score) == ("duplicates", "near_duplicate", 0.8)
    assert read.verdicts(2, 0, ["b"])[0].critic == "audit"
    assert read.verdicts(5, 1, ["asked anew, and it said this"]) == ()
    assert read.verdicts(5, 0, ["é"]) == ()


@pytest.mark.parametrize("text", ["", "{}\n", '{"up_to_date": true}\n{"index"\n', "[]\n"])
def test_damaged_withdrawals_are_one_sentence(tmp_path, text):
    (tmp_path / "withdrawals.jsonl").write_text(text)
    with pytest.raises(StorageError, match=r"withdrawals\.jsonl: damaged .*delete it"):
        read_withdrawals(tmp_path)
