"""Near-duplicates in a dataset: moved away, replaced, and not coming back."""

import asyncio
import json
import random
from contextlib import asynccontextmanager

import polars as pl
import pytest

from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.errors import ConfigurationError
from crowdglot.writing.ending import duplicates as room
from crowdglot.writing.ending.references import check_against
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.write import write_dataset
from tests.writing.builders import (
    Canned,
    make_opened,
    rejudge,
    rows_of,
    seed_of,
    timeless,
    with_engine,
    write,
)

WHO = "Ma sœur|Mon voisin|Le facteur|Notre cousine|Le boulanger|Ton oncle|La maîtresse".split("|")
DID = "a trouvé|a vendu|a perdu|voulait réparer|a dessiné|cherchait partout|a caché".split("|")
WHAT = (
    "un vieux vélo rouge|trois lettres anciennes|le chapeau de grand-mère|une boîte de biscuits"
    "|deux billets de concert|une lampe en cuivre|le chat des voisins|un carnet de voyage"
).split("|")
WHERE = (
    "derrière la grange|pendant les vacances|avant le petit déjeuner|près de la gare"
    "|sous l'escalier du salon|la veille de Noël|au marché du samedi|dans la forêt"
).split("|")


def talk(number, turns=4):
    """French turns that differ from number to number."""
    rng = random.Random(number)
    return [
        " ".join(map(rng.choice, (WHO, DID, WHAT, WHERE)))
        + ", et "
        + " ".join(map(rng.choice, (WHO, DID, WHAT, WHERE))).lower()
        + "."
        for _ in range(turns)
    ]


def answers(request, number):
    keys = request.schema["required"]
    return json.dumps(dict(zip(keys, talk(number, len(keys)), strict=True)), ensure_ascii=False)


def make(folder, *changes):
    return make_opened(
        folder, "languages=fr", "dialogues_per_language=12", "turns=4", "duplicates.rounds=3",
        "events=catching_up,making_plans", *changes,
    )  # fmt: skip


def copying(opened, copies):
    """An engine for which (index, attempt) of ``copies`` says what the given index says."""
    same = {seed_of(opened, i, a): of for (i, a), of in copies.items()}
    first = {seed_of(opened, i): i for i in range(60)}

    def write(request):
        number = same.get(request.seed, first.get(request.seed, request.seed))
        return answers(request, number)

    return Canned(write)


def run(opened, engine, *, backwards=False):
    """The funnel after a whole run."""
    return write(opened, engine, backwards=backwards).funnel


def table(folder):
    return [timeless(rows_of(folder, part)).to_dicts() for part in ("data", "rejected")]


COPIES = {(3, 0): 1, (8, 0): 1, (8, 1): 2, (11, 0): 0}


def test_copies_are_moved_and_their_places_filled(tmp_path):
    opened = make(tmp_path / "d")
    engine = copying(opened, COPIES)
    funnel = run(opened, engine)
    assert funnel.accepted == 12
    assert funnel.short == ()
    assert funnel.reasons == {"duplicates.near_duplicate": 4}
    assert len(engine.asked) == 12 + 4
    rows, rejected = (
        rows_of(opened.folder),
        rows_of(opened.folder, "rejected").sort("index", "attempt"),
    )
    assert sorted(rows["index"]) == list(range(12))
    assert rows.filter(pl.col("index") == 8)["attempt"].to_list() == [2]
    ids = dict(rows.select("index", "id").iter_rows())
    told = [row["verdicts"][-1] for row in rejected.to_dicts()]
    assert rejected.select("index", "attempt").rows() == [(3, 0), (8, 0), (8, 1), (11, 0)]
    assert [t["evidence"].split(":")[0] for t in told] == [ids[1], ids[1], ids[2], ids[0]]
    assert {t["critic"] for t in told} == {"duplicates"}
    assert list((opened.folder / "journal").glob("*/*")) == []
    # Nothing is left to do, to ask, or to write.
    before = table(opened.folder)
    again = Canned(lambda request: pytest.fail("asked again"))
    assert read_withdrawals(opened.folder).up_to_date
    run(opened, again)
    assert table(opened.folder) == before


def test_the_order_of_writing_makes_no_difference(tmp_path):
    tables = []
    for name in ("forwards", "backwards"):
        opened = make(tmp_path / name)
        run(opened, copying(opened, COPIES), backwards=name == "backwards")
        tables.append(table(opened.folder))
    assert tables[0] == tables[1]


@pytest.mark.parametrize("survived", [0, 2])
def test_a_crash_while_shards_are_written_anew(tmp_path, monkeypatch, survived):
    undisturbed = make(tmp_path / "undisturbed")
    run(undisturbed, copying(undisturbed, COPIES))
    opened = make(tmp_path / "d")
    written = 0

    async def dying(run, shard):
        nonlocal written
        written += 1
        if written > survived:
            raise KeyboardInterrupt
        return await fill_shard(run, shard)

    monkeypatch.setattr(room, "fill_shard", dying)
    with pytest.raises(KeyboardInterrupt):
        run(opened, copying(opened, COPIES))
    monkeypatch.undo()
    assert not read_withdrawals(opened.folder).up_to_date
    assert rows_of(opened.folder).height == 12 - survived
    funnel = run(opened, copying(opened, COPIES))
    assert funnel.accepted == 12
    assert table(opened.folder) == table(undisturbed.folder)


def test_judging_anew_finds_the_same_and_follows_the_threshold(tmp_path):
    opened = make(tmp_path / "d")
    run(opened, copying(opened, COPIES))
    before = table(opened.folder)
    funnel, short = rejudge(opened.folder)
    assert (funnel.accepted, short) == (12, 0)
    assert table(opened.folder) == before
    funnel, short = rejudge(opened.folder, "duplicates.rounds=0")
    assert (funnel.accepted, short) == (12, 0)
    assert funnel.reasons == {"surplus": 4}
    funnel, short = rejudge(opened.folder, "duplicates.rounds=3")
    assert table(opened.folder) == before


def test_a_draft_asked_anew_is_not_held_to_the_old_verdict(tmp_path):
    opened = make(tmp_path / "d")
    run(opened, copying(opened, COPIES))
    for shard in opened.shards():
        shard.accepted(opened.folder).unlink()
        shard.rejected(opened.folder).unlink()
    assert run(opened, copying(opened, {})).reasons == {}


def test_a_model_that_says_one_thing_only_falls_short_and_ends(tmp_path):
    opened = make(tmp_path / "d", "max_attempts=1", "max_replacements=1")
    funnel = run(opened, Canned(lambda request: answers(request, 1)))
    assert funnel.accepted == 1
    assert funnel.reasons == {"duplicates.near_duplicate": 22}
    assert sum(wanted - got for _, _, wanted, got in funnel.short) == 11
    again = Canned(lambda request: pytest.fail("asked again"))
    run(opened, again)


def test_earlier_datasets_are_named_by_the_recipe(tmp_path):
    old = make(tmp_path / "old")
    run(old, copying(old, {}))
    new = make(tmp_path / "new", f"duplicates.against=['{old.folder}']")
    check_against(new)
    first = copying(new, {})
    run(new, first)
    rejected = rows_of(new.folder, "rejected")
    assert rejected.height == 12
    assert all(
        row["verdicts"][-1]["evidence"].startswith(f"old:{row['id']}: ")
        for row in rejected.to_dicts()
    )
    for against, told in ((tmp_path / "none", "no dataset's folder"), (new.folder, "own folder")):
        with pytest.raises(ConfigurationError, match=rf"duplicates\.against: .*{told}"):
            check_against(make(tmp_path / "new", f"duplicates.against=['{against}']"))


def test_one_engine_writes_and_the_search_follows_in_turn(tmp_path):
    opened = make(tmp_path / "d")
    engine = copying(opened, COPIES)
    entered = []

    @asynccontextmanager
    async def once(*arguments):
        entered.append(1)
        async with with_engine(engine)(*arguments) as write_shards:
            yield write_shards

    outcome = asyncio.run(write_dataset(opened.recipe, shards=once))
    assert (outcome.state, outcome.wrote, outcome.unfinished) == ("complete", True, 0)
    assert rows_of(opened.folder).height == 12
    assert rows_of(opened.folder, "rejected").height == 4
    assert (len(entered), len(engine.asked)) == (1, 16)
    outcome = asyncio.run(write_dataset(opened.recipe, shards=once))
    assert (outcome.state, outcome.wrote) == ("complete", False)
    assert (len(entered), len(engine.asked)) == (1, 16)
