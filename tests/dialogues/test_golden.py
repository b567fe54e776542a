"""One prompt a language is as a person last read it."""

import difflib

import pytest

from crowdglot.languages.language import packed_tags
from tests.golden import PROMPTS, prompt_of

REMEDY = "read it, and where it is as it should be, run `python -m tests.golden`"


@pytest.mark.parametrize("tag", packed_tags())
def test_prompt_is_as_it_was_read(tag):
    path = PROMPTS / f"{tag}.txt"
    stored = path.read_text("utf-8") if path.exists() else ""
    found = prompt_of(tag)
    changes = "".join(
        difflib.unified_diff(stored.splitlines(True), found.splitlines(True), "stored", "now", n=1)
    )
    assert found == stored, f"the prompt in '{tag}' changed; {REMEDY}:\n{changes}"


def test_no_prompt_is_left_of_a_language_without_a_pack():
    stored = {path.stem for path in PROMPTS.glob("*.txt")}
    assert stored <= {*packed_tags()}, f"{REMEDY} to delete it"
