"""Near-duplicates in a dataset: moved away, replaced, and not coming back."""

import asyncio
import json
import logging
import random

import polars as pl
import pytest

from crowdglot.datasets.duplicates import read_ledger
from crowdglot.datasets.folder import claim
from crowdglot.datasets.shards import is_complete
from crowdglot.errors import ConfigurationError
from crowdglot.writing.ending import deduplicate as room
from crowdglot.writing.ending.deduplicate import check_against, deduplicate, take_out, touched
from crowdglot.writing.ending.finish import finish
from crowdglot.writing.judging import Here
from crowdglot.writing.rejudge import rejudge
from crowdglot.writing.shards.filling import fill_shard
from crowdglot.writing.watch import Tally
from tests.flows.test_shard import Canned, make_job, rows_of, running

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
    return make_job(
        folder, "languages=fr", "dialogues_per_language=12", "turns=4", "duplicates.rounds=3",
        "events=catching_up,making_plans", *changes,
    )  # fmt: skip


def copying(job, copies):
    """An engine for which (index, attempt) of ``copies`` says what the given index says."""
    plan = job.materials.plan
    same = {job.request(plan.scenario(i), a).seed: of for (i, a), of in copies.items()}
    first = {job.request(plan.scenario(i), 0).seed: i for i in range(60)}

    def write(request):
        number = same.get(request.seed, first.get(request.seed, request.seed))
        return answers(request, number)

    return Canned(write)


def run(job, engine, *, backwards=False):
    """The loop of the flow, without Prefect."""

    async def loop():
        claim(job.folder, job.recipe.model_dump(mode="json"), job.identity())
        await take_out(job, Tally())
        for _ in range(max(1, job.recipe.duplicates.rounds)):
            missing = [s for s in job.shards() if not is_complete(job.folder, s)]
            if missing:
                touched(job)
            for shard in reversed(missing) if backwards else missing:
                await fill_shard(running(job, engine), shard)
            if not await deduplicate(job, Tally()):
                break

    asyncio.run(loop())
    return finish(job)


def table(folder):
    return [rows_of(folder, part).drop("created_at").to_dicts() for part in ("data", "rejected")]


COPIES = {(3, 0): 1, (8, 0): 1, (8, 1): 2, (11, 0): 0}


def test_copies_are_moved_and_their_places_filled(tmp_path):
    job = make(tmp_path / "d")
    engine = copying(job, COPIES)
    funnel = run(job, engine)
    assert funnel.accepted == 12
    assert funnel.short == ()
    assert funnel.reasons == {"duplicates.near_duplicate": 4}
    assert len(engine.asked) == 12 + 4
    rows, rejected = rows_of(job.folder), rows_of(job.folder, "rejected").sort("index", "attempt")
    assert sorted(rows["index"]) == list(range(12))
    assert rows.filter(pl.col("index") == 8)["attempt"].to_list() == [2]
    ids = dict(rows.select("index", "id").iter_rows())
    told = [row["rejections"][0] for row in rejected.to_dicts()]
    assert rejected.select("index", "attempt").rows() == [(3, 0), (8, 0), (8, 1), (11, 0)]
    assert [t["evidence"].split(":")[0] for t in told] == [ids[1], ids[1], ids[2], ids[0]]
    assert {t["critic"] for t in told} == {"duplicates"}
    assert list((job.folder / "journal").glob("*/*")) == []
    # Nothing is left to do, to ask, or to write.
    before = table(job.folder)
    again = Canned(lambda request: pytest.fail("asked again"))
    assert read_ledger(job.folder).settled
    run(job, again)
    assert table(job.folder) == before


def test_the_order_of_writing_makes_no_difference(tmp_path):
    tables = []
    for name in ("forwards", "backwards"):
        job = make(tmp_path / name)
        run(job, copying(job, COPIES), backwards=name == "backwards")
        tables.append(table(job.folder))
    assert tables[0] == tables[1]


@pytest.mark.parametrize("survived", [0, 2])
def test_a_crash_while_shards_are_written_anew(tmp_path, monkeypatch, survived):
    undisturbed = make(tmp_path / "undisturbed")
    run(undisturbed, copying(undisturbed, COPIES))
    job = make(tmp_path / "d")
    written = 0

    async def dying(run, shard):
        nonlocal written
        written += 1
        if written > survived:
            raise KeyboardInterrupt
        return await fill_shard(run, shard)

    monkeypatch.setattr(room, "fill_shard", dying)
    with pytest.raises(KeyboardInterrupt):
        run(job, copying(job, COPIES))
    monkeypatch.undo()
    assert not read_ledger(job.folder).settled
    assert rows_of(job.folder).height == 12 - survived
    funnel = run(job, copying(job, COPIES))
    assert funnel.accepted == 12
    assert table(job.folder) == table(undisturbed.folder)


def test_judging_anew_finds_the_same_and_follows_the_threshold(tmp_path):
    job = make(tmp_path / "d")
    run(job, copying(job, COPIES))
    before = table(job.folder)
    funnel, short = rejudge(job.folder, [])
    assert (funnel.accepted, short) == (12, 0)
    assert table(job.folder) == before
    funnel, short = rejudge(job.folder, ["duplicates.rounds=0"])
    assert (funnel.accepted, short) == (12, 0)
    assert funnel.reasons == {"surplus": 4}
    funnel, short = rejudge(job.folder, ["duplicates.rounds=3"])
    assert table(job.folder) == before


def test_a_draft_asked_anew_is_not_held_to_the_old_verdict(tmp_path):
    job = make(tmp_path / "d")
    run(job, copying(job, COPIES))
    for shard in job.shards():
        shard.accepted(job.folder).unlink()
        shard.rejected(job.folder).unlink()
    assert run(job, copying(job, {})).reasons == {}


def test_a_model_that_says_one_thing_only_falls_short_and_ends(tmp_path):
    job = make(tmp_path / "d", "max_attempts=1", "max_replacements=1")
    funnel = run(job, Canned(lambda request: answers(request, 1)))
    assert funnel.accepted == 1
    assert funnel.reasons == {"duplicates.near_duplicate": 22}
    assert sum(wanted - got for _, _, wanted, got in funnel.short) == 11
    again = Canned(lambda request: pytest.fail("asked again"))
    run(job, again)


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
        row["rejections"][0]["evidence"].startswith(f"old:{row['id']}: ")
        for row in rejected.to_dicts()
    )
    for against, told in ((tmp_path / "none", "no dataset's folder"), (new.folder, "own folder")):
        with pytest.raises(ConfigurationError, match=rf"duplicates\.against: .*{told}"):
            check_against(make(tmp_path / "new", f"duplicates.against=['{against}']"))


class Entered(Canned):
    """An engine as the flow enters and leaves it."""

    entered = left = 0

    async def __aenter__(self):
        self.entered += 1
        return self

    async def __aexit__(self, *_):
        self.left += 1


async def unpublished(_job, _funnel):
    """No Prefect, no artifacts."""


def test_the_flow_writes_and_looks_in_turn_with_one_engine(tmp_path, monkeypatch):
    from crowdglot.flows import synthesize as flow_room

    job = make(tmp_path / "d")
    engine = Entered(copying(job, COPIES).write)
    monkeypatch.setattr(flow_room, "write_shards", flow_room.write_shards.fn)
    monkeypatch.setattr(flow_room, "publish", unpublished)
    monkeypatch.setattr(flow_room, "get_run_logger", logging.getLogger)

    async def engage(job):
        return await engine.__aenter__(), Here(job)

    monkeypatch.setattr(flow_room, "engage", engage)
    state = asyncio.run(flow_room._synthesize(job.recipe))
    assert state.name == "Completed"
    assert rows_of(job.folder).height == 12
    assert rows_of(job.folder, "rejected").height == 4
    assert (engine.entered, engine.left, len(engine.asked)) == (1, 1, 16)
    asyncio.run(flow_room._synthesize(job.recipe))
    assert (engine.entered, len(engine.asked)) == (1, 16)
