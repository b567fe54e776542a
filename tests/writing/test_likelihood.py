"""The judge by likelihood with served models: in a run and in a trial, told or not told."""

import asyncio

import pytest

from crowdglot.datasets.journal import read_journal
from crowdglot.recipes import build_recipe
from crowdglot.writing.judging.trials import try_judges
from crowdglot.writing.watch import Watch
from crowdglot.writing.write import write_dataset
from tests.reading_server import vllm
from tests.stub_server import Stub, answer, chat
from tests.writing.builders import rows_of
from tests.writing.test_judges import believing, human

pytestmark = pytest.mark.server
ENGINE = {"kind": "openai", "model": "first-model", "concurrency": 4}
LIKELIER_LATER = vllm(likely=lambda at: -100 / (at + 10))


def served(read):
    """A server that writes turns, and answers by ``read`` to a text as it is."""

    async def reply(request, asked):
        return await (read if "prompt" in asked else chat(answer(asked)))(request, asked)

    return Stub(reply)


def write(stub, folder, watch=None):
    async def run():
        async with stub.served() as url:
            table = {
                "name": "test", "languages": ["fr"], "dialogues_per_language": 3, "turns": [4, 4],
                "output": str(folder / "d"), "judges": ["likelihood"],
                "believed": str(believing(folder, "likelihood", model="first-model")),
                "duplicates": {"rounds": 0},
                "engine": ENGINE | {"base_url": url},
            }  # fmt: skip
            return await write_dataset(build_recipe(table, (), "test"), watch)

    return asyncio.run(run())


def verdicts(folder):
    rows = rows_of(folder / "d").to_dicts()
    return [one for row in rows for one in row["verdicts"] if one["critic"] == "likelihood"]


def test_a_served_model_judges_by_one_question_a_dialogue(tmp_path):
    stub = served(LIKELIER_LATER)
    assert write(stub, tmp_path).funnel.accepted == 3
    found = verdicts(tmp_path)
    assert len(found) == 3 and all(one["score"] > 0.6 and not one["reason"] for one in found)
    read = [body for body in stub.bodies if "prompt" in body]
    assert len(read) == 1 + 3  # the first of them before the run, to see whether it is told
    assert [len(body["prompt"]) for body in read] == [1, 4, 4, 4]
    calls = [call for row in rows_of(tmp_path / "d").to_dicts() for call in row["calls"][1:]]
    assert all(len(call["logprobs"]) == 7 and call["prompt_logprob"] < 0 for call in calls)


def test_a_server_that_does_not_tell_is_told_of_and_leaves_all_unscored(tmp_path):
    stub, watch = served(chat()), Watch(warn=lambda _: None)
    assert write(stub, tmp_path, watch).funnel.accepted == 3
    (said,) = (one for one in watch.told if "likelihood" in one)
    assert said.startswith("judge 'likelihood' leaves all unscored: http://127.0.0.1:")
    assert "does not tell how likely a text is" in said
    for one in verdicts(tmp_path):
        assert one["score"] is None and one["reason"] is None
        assert one["evidence"].startswith("unscored: refused: ")
    assert sum("prompt" in body for body in stub.bodies) == 2  # one in each way


def test_a_trial_asks_nothing_of_a_server_that_does_not_tell(tmp_path, caplog):
    path, kept = human(tmp_path), tmp_path / "t.calls"

    def measure(read):
        stub = served(read)

        async def run():
            async with stub.served() as url:
                table = {
                    "name": "test", "languages": ["fr"], "dialogues_per_language": 1,
                    "judges": ["likelihood"],
                    "engine": ENGINE | {"base_url": url},
                }  # fmt: skip
                recipe = build_recipe(table, (), "test")
                return await try_judges(recipe, path, most_turns=6, most=50, journal=kept)

        return asyncio.run(run()), stub

    trials, stub = measure(chat())
    assert trials and all((one.dialogues, one.auc, one.low) == (0, 0.5, 0.0) for one in trials)
    assert len(stub.bodies) == 2 and read_journal(kept) == []
    assert "judge 'likelihood' leaves all unscored" in caplog.text
    # With a better server it is tried, and stopped or not, no text is read twice.
    trials, stub = measure(LIKELIER_LATER)
    assert {one.damage for one in trials} == {"mixed", "strangers", "shuffled"}
    assert all(one.dialogues >= 20 and 0 <= one.auc <= 1 for one in trials)
    asked = len(stub.bodies)
    again, stub = measure(LIKELIER_LATER)
    assert asked > 24 and len(stub.bodies) == 1
    assert [one.auc for one in again] == [one.auc for one in trials]
