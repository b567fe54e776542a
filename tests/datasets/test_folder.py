"""The dataset folder: whose it is, also after a crash in its first moments."""

import pytest

from crowdglot.datasets.folder import FORMAT, RECIPE, bind, locked, read_stored_recipe
from crowdglot.datasets.storage.files import write_text
from crowdglot.errors import StorageError


@pytest.mark.parametrize("left", ["", "name = "])
def test_a_crash_while_the_recipe_was_written_blocks_nothing(tmp_path, left):
    (tmp_path / f".{RECIPE}.0123456789abcdef.tmp").write_text(left)
    with locked(tmp_path):
        bind(tmp_path, {"name": "one"}, {"seed": 0})
    assert read_stored_recipe(tmp_path) == {"name": "one", "identity": {"seed": 0}}
    assert {path.name for path in tmp_path.iterdir()} == {RECIPE, ".lock"}


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_text(tmp_path / "file" / "x.txt", "")


def test_a_folder_without_answers_is_as_good_as_new(tmp_path):
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 1})
    journal = tmp_path / "journal" / "fr" / "train-00000.jsonl"
    write_text(journal, "")
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 2})
    assert read_stored_recipe(tmp_path)["identity"]["seed"] == 2
    assert not journal.exists()


@pytest.mark.parametrize("line", ["", f"format = {FORMAT - 1}\n", f"format = {FORMAT + 1}\n"])
def test_a_dataset_of_another_format_is_left_as_it_is(tmp_path, line):
    (tmp_path / RECIPE).write_text(f'name = "one"\n{line}[identity]\nseed = 0\n')
    (tmp_path / "journal" / "fr").mkdir(parents=True)
    (tmp_path / "journal" / "fr" / "train-00000.jsonl").write_text('{"index": 0}\n')

    def content():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = content()
    for use in (read_stored_recipe, lambda folder: bind(folder, {"name": "one"}, {"seed": 0})):
        with pytest.raises(StorageError) as told:
            use(tmp_path)
        assert str(tmp_path) in str(told.value)
        assert "another version of crowdglot made this dataset" in str(told.value)
        assert "finish it with that version" in str(told.value)
        assert "choose another output" in str(told.value)
        assert "\n" not in str(told.value)
    assert content() == before
