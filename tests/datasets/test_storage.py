"""Atomic writing and the dataset folder's guard."""

import pytest

from crowdglot.datasets.folder import bind, locked, read_stored_recipe
from crowdglot.datasets.storage.files import replacing, write_text
from crowdglot.errors import StorageError


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_text(tmp_path / "file" / "x.txt", "")


def test_only_one_process_writes(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(StorageError, match="another process is writing this dataset"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        pass


def test_folder_of_another_recipe(tmp_path):
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 1})
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 1})
    answer = tmp_path / "journal" / "fr" / "train-00000.jsonl"
    write_text(answer, "one")
    with pytest.raises(StorageError, match=r"made by another recipe: 'seed' was 1 and is now 2"):
        bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 2})
    assert read_stored_recipe(tmp_path) == {"name": "a", "identity": {"name": "a", "seed": 1}}


def test_a_folder_without_answers_is_as_good_as_new(tmp_path):
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 1})
    journal = tmp_path / "journal" / "fr" / "train-00000.jsonl"
    write_text(journal, "")
    bind(tmp_path, {"name": "a"}, {"name": "a", "seed": 2})
    assert read_stored_recipe(tmp_path)["identity"]["seed"] == 2
    assert not journal.exists()


def test_folder_with_somebody_elses_files(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(StorageError, match=r"holds 'thesis.tex' but no recipe.toml"):
        bind(tmp_path, {}, {})
    assert not (tmp_path / "recipe.toml").exists()


def test_no_dataset(tmp_path):
    with pytest.raises(StorageError, match=r"no dataset of crowdglot"):
        read_stored_recipe(tmp_path)
