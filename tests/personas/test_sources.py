"""Our own personas, and what a file of them may get wrong."""

from collections import Counter
from pathlib import Path

import pytest

from crowdglot.errors import MaterialError
from crowdglot.personas.lines import read_personas
from crowdglot.personas.sources.bundled import bundled_personas


def test_bundled_personas_are_many_and_different() -> None:
    personas = bundled_personas()
    assert len(personas) >= 48
    assert all(4 <= len(persona.facts) <= 5 for persona in personas)
    facts = Counter(fact for persona in personas for fact in persona.facts)
    assert max(facts.values()) == 1
    assert all(fact[0].isupper() and fact[-1] == "." and len(fact.split()) <= 16 for fact in facts)
    assert all(fact.startswith(("I ", "My ")) for fact in facts)
    assert 3 <= sum(persona.minor for persona in personas) <= 4
    assert sum(persona.partnered for persona in personas) >= 8
    assert sum(persona.single for persona in personas) >= 5
    assert not any(persona.minor and persona.partnered for persona in personas)


def test_reads_repairs_and_keeps_each_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"facts": ["i bake ."]}\n\n{"facts": ["I bake."]}\n{"facts": ["I row"]}\n')
    assert [persona.facts for persona in read_personas(path)] == [("I bake.",), ("I row.",)]


BROKEN = {
    b'{"facts": ["I bake."]}\n{"facts": ["I ro': "line 2, column 12: the file seems cut",
    b'{"facts": []}\n': "line 1: field 'facts' is an empty persona",
    b'{"facts": ["I bake.", "  "]}\n': "line 1: sentence 2 of field 'facts' is empty",
    b'{"facts": "I bake."}\n': "line 1: field 'facts' is not a list",
    b'{"facts": [3]}\n': "line 1: field 'facts' is not a list",
    b'{"fact": ["I bake."]}\n': "line 1: unknown field 'fact'",
    b"{}\n": "line 1: field 'facts' is missing",
    b'{"facts": ['
    + b'"I row.", ' * 1000
    + b'"I."]}\n': "more than 1,000 sentences or 100,000 char",
    b'{"facts": ["' + b"I row. " * 15_000 + b'"]}\n': "is no persona; divide it",
    b'{"facts": ["I row."], "traits": {"interests": [' + b'"a", ' * 1000 + b'"b"]}}\n': (
        "trait 'interests' has more than 1,000 values"
    ),
    b'["I bake."]\n': "line 1: not a JSON object",
    b'{"facts": ["I bake."],}\n': "not valid JSON",
    b'{"facts": ["caf\xe9"]}\n': "byte 15 is not UTF-8",
    b"\n \n": "the file is empty",
}


@pytest.mark.parametrize(("content", "message"), BROKEN.items())
def test_says_what_is_wrong(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(MaterialError) as caught:
        read_personas(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="no such file; check the path"):
        read_personas(tmp_path / "none.jsonl")
    with pytest.raises(MaterialError, match="cannot be read"):
        read_personas(tmp_path)
