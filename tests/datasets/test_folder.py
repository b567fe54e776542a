"""The dataset folder: whose it is, also after a crash in its first moments."""

import pytest

from crowdglot.datasets.folder import RECIPE, bind, read_stored_recipe
from crowdglot.errors import StorageError


@pytest.mark.parametrize("left", ["", "name = "])
def test_a_crash_while_the_recipe_was_written_blocks_nothing(tmp_path, left):
    (tmp_path / f"{RECIPE}.tmp").write_text(left)
    bind(tmp_path, {"name": "one"}, {"seed": 0})
    assert read_stored_recipe(tmp_path) == {"name": "one", "identity": {"seed": 0}}
    assert [path.name for path in tmp_path.iterdir()] == [RECIPE]


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(StorageError, match=r"holds 'thesis.tex' but no recipe.toml"):
        bind(tmp_path, {"name": "one"}, {"seed": 0})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
