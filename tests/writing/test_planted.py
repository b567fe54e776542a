"""Answers that come with a stranger's dataset never stand in for those of the user's own model."""

import asyncio
from contextlib import suppress
from functools import partial
from zlib import crc32

import pytest

from crowdglot.datasets.journal import Journal, decode, encode
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.readers import read_material
from crowdglot.engines.engine import Message
from crowdglot.errors import ConfigurationError, MaterialError
from crowdglot.evidence.audit.judging import judge_harm
from crowdglot.evidence.compare.arms import open_arms
from crowdglot.evidence.compare.preference import prefer
from crowdglot.evidence.personality import assess_dataset
from crowdglot.evidence.traits import measure
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.recipes import read_recipe, read_rejudged, trust_dataset
from crowdglot.user_files import state_folder
from crowdglot.writing.binding import bind_dataset
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.judging.trials import try_judges
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.personas.expansion import expand
from crowdglot.writing.personas.extraction import extract
from crowdglot.writing.trust import own_key
from tests.builders import FRENCH
from tests.critics.test_judges import trial
from tests.datasets.report.dataset import row, write_dataset
from tests.evidence.compare.arms import dataset, random_rows
from tests.evidence.compare.test_preference import believing as matching
from tests.evidence.test_audit import recipe_of
from tests.evidence.test_traits import group
from tests.writing.builders import Canned, write
from tests.writing.personas.stopped import Talker, answered_by, recipe
from tests.writing.personas.test_extraction import dialogues
from tests.writing.test_judges import believing, human, opened_with, say


def calibrated(folder):
    files = folder / "people"
    files.mkdir(exist_ok=True)
    asked = recipe("judges=harm")
    work = try_judges(asked, human(files), most_turns=6, most=50, journal=folder / "t.calls")
    return work, folder / "t.calls"


def compared(folder):
    arms = [dataset(folder / name, random_rows(at, 10)) for at, name in enumerate("ab")]
    opened, journal = open_arms(arms, None, 0), folder / "a" / "compare.calls"
    return prefer(opened, matching(folder), most=2, journal=journal), journal


def audited(folder):
    there = write_dataset(folder / "d", [row(0, FRENCH)])
    return judge_harm(there, recipe_of(folder, trial("harm")), 5), there / "audit.calls"


def assessed(folder):
    there = write_dataset(folder / "d", [row(1)])
    return assess_dataset(there, recipe(), 1), there / "personality.calls"


def recovered(folder):
    return measure.recover(
        recipe(), folder, folder / "t.json", keys=["attitude"], most=3, train=None, judge=True
    ), folder / "t.json.calls"


def expanded(folder):
    known = bundled_personas()[:8]
    made = expand(recipe(), known, folder / "p", count=1, sentences=3, tell=lambda _: None)
    return made, folder / "p.calls"


def extracted(folder):
    shown = read_material(str(dialogues(folder, 2))).demonstrations
    return extract(recipe(), shown, "d", folder / "p", tell=lambda _: None), folder / "p.calls"


def asked_of(make, folder, monkeypatch):
    """How often the model is asked, and the journal."""
    engine = Talker(lambda request: "1", model="")
    work, journal = make(folder)
    with answered_by(engine, monkeypatch), suppress(MaterialError):
        asyncio.run(work)
    return len(engine.asked), journal


@pytest.mark.parametrize(
    "make", [calibrated, compared, audited, assessed, recovered, expanded, extracted]
)
def test_a_planted_journal_is_asked_anew_and_left_there(make, tmp_path, monkeypatch):
    people = [*group(8, "optimistic"), *group(8, "pessimistic")]
    monkeypatch.setattr(measure, "members", lambda *_: {("fr", "attitude"): people})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a stranger's"))
    asked, journal = asked_of(make, tmp_path, monkeypatch)
    planted = journal.read_bytes()
    assert asked and asked_of(make, tmp_path, monkeypatch)[0] == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    assert asked_of(make, tmp_path, monkeypatch)[0] == asked
    assert journal.read_bytes().startswith(planted) and planted.count(b"\n") == asked
    assert asked_of(make, tmp_path, monkeypatch)[0] == 0, "of one's own nothing is asked twice"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a stranger's"))
    assert asked_of(make, tmp_path, monkeypatch)[0] == 0, "what others ask is not lost either"


def test_no_line_counts_whose_answer_was_changed_or_that_has_no_seal(tmp_path):
    path, key = tmp_path / "calls", own_key()

    async def ask(engine):
        def step(answers):
            return answers[0].text if answers else Asked((Message("user", "Well?"),))

        with pytest.MonkeyPatch.context() as patch, answered_by(engine, patch):
            async with asking(recipe().engine, path) as asker:
                return await asker.interviews("judge", [step])

    assert asyncio.run(ask(Talker(lambda _: "no"))) == ["no"]
    with Journal(path, key) as journal:
        (call,) = journal.calls
    line = path.read_bytes()
    changed = encode(call, key).replace(b'"text":"no"', b'"text":"ye"')
    for planted in (
        encode(call),
        encode(call, b"another's"),
        b"%08x" % crc32(changed[9:-1]) + changed[8:],
    ):
        assert decode(planted) is not None, "whole, and yet not ours"
        path.write_bytes(planted)
        engine = Talker(lambda _: "perhaps")
        assert asyncio.run(ask(engine)) == ["perhaps"] and len(engine.asked) == 1
        assert path.read_bytes().startswith(planted)
    path.write_bytes(line)
    assert asyncio.run(ask(Talker(lambda _: "perhaps"))) == ["no"]


def test_the_key_is_the_users_alone_and_is_mended(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    key, path = own_key(), state_folder() / "key"
    assert len(key) == 32 and own_key() == key and path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"")
    assert len(own_key()) == 32 and own_key() != key
    monkeypatch.setenv("XDG_STATE_HOME", str(path))  # where nothing can be kept
    assert len(own_key()) == 32 and own_key() == own_key()


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A stranger's dataset, in whose rows a judge has said its own, and trials of the user's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a stranger's"))
    opened = opened_with(tmp_path / "d", "harm", changes=["dialogues_per_language=1"])
    write(opened, Canned(partial(say, share=1.0)))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "mine"))
    return str(opened.folder), [f"believed={believing(tmp_path / 'own', 'harm')}"]


def test_answers_of_judges_in_rows_count_where_they_are_trusted(judged):
    folder, believed = judged
    read_recipe(folder, believed)  # who asks his own judge takes none of them
    with pytest.raises(ConfigurationError, match=r"holds answers of judges.*--trust once"):
        read_recipe(folder, believed, going_on=True)
    with pytest.raises(ConfigurationError, match="holds answers of judges"):
        read_recipe(f"{folder}/recipe.toml", [*believed, f"output={folder}"], going_on=True)
    with pytest.raises(ConfigurationError, match="--trust"):
        read_rejudged(folder, [])
    read_recipe(folder, ["believed="], going_on=True)
    trust_dataset(folder)
    read_recipe(folder, believed, going_on=True)
    read_rejudged(folder, [])


def test_binding_a_strangers_dataset_is_no_word_for_its_answers(judged):
    folder, believed = judged
    bind_dataset(open_recipe(read_recipe(folder, believed)))
    with pytest.raises(ConfigurationError, match="holds answers of judges"):
        read_recipe(folder, believed, going_on=True)
