"""What is in doubt is told before the first call, once, wherever a dataset is written from."""

import pytest

import crowdglot
from crowdglot.writing.watch import Watch
from tests.writing.builders import Canned, good, make_opened, write

UNVERIFIED = "nobody here can verify this language"


def opened_in_doubt(folder):
    changes = ("languages=fr,hi-Latn", "dialogues_per_language=2", "judges=harm")
    return make_opened(folder, *changes)


def test_every_doubt_is_told_before_the_first_call_and_once(tmp_path):
    opened = opened_in_doubt(tmp_path / "d")
    told_then = []
    watch = Watch(warn=lambda sentence: told_then.append(sentence))

    def write_one(request):
        assert told_then == opened.doubts
        return good(request)

    write(opened, Canned(write_one), watch)
    assert told_then == watch.told == opened.doubts
    assert any(UNVERIFIED in sentence for sentence in told_then)
    assert any("harm" in sentence for sentence in told_then)
    # Where nothing is written, nothing is told.
    again = Watch(warn=lambda sentence: pytest.fail(sentence))
    write(opened, Canned(good), again)


def test_the_python_api_logs_them(tmp_path, caplog):
    opened = opened_in_doubt(tmp_path / "d")
    recipe = opened.recipe.model_copy(
        update={"engine": opened.recipe.engine.model_copy(update={"kind": "scripted"})}
    )
    crowdglot.synthesize(recipe)
    assert [record.message for record in caplog.records] == opened.doubts
