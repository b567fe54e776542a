"""Languages and their packs."""

import pytest
import regex

from crowdglot.errors import ConfigurationError
from crowdglot.languages.identification import identify, verifiable
from crowdglot.languages.language import packed_tags, resolve_language
from crowdglot.languages.scripts import foreign_share


def test_enough_packs_over_enough_scripts():
    languages = [resolve_language(tag) for tag in packed_tags()]
    assert len(languages) >= 30
    assert len({language.script for language in languages}) >= 10
    assert {"ar", "he", "fa", "ur"} <= {
        known.code for known in languages if known.direction == "rtl"
    }


@pytest.mark.parametrize("tag", packed_tags())
def test_pack_keeps_its_contract(tag):
    language = resolve_language(tag)
    pack = language.pack
    assert pack is not None, "the pack does not load under its own tag"
    assert language.tag == tag
    own = regex.compile(r"\p{L}")
    assert own.search(pack.instruction)
    assert foreign_share(pack.instruction, language.script) == 0.0
    assert language.code not in pack.confusables
    for community in pack.communities:
        for field in ("feminine_names", "masculine_names", "towns", "food", "customs", "school",
                      "work"):  # fmt: skip
            entries = getattr(community, field)
            assert len(set(entries)) == len(entries), f"{tag} {community.region} {field}"
            assert all(entry == entry.strip() and entry[-1] != "." for entry in entries)
        for name in (*community.feminine_names, *community.masculine_names, *community.towns):
            assert foreign_share(name, language.script) == 0.0, f"{tag}: {name}"
        assert not set(community.feminine_names) & set(community.masculine_names), tag
    for phrase in (*pack.phrases.offers, *pack.phrases.refusals):
        assert phrase == phrase.lower(), f"{tag}: {phrase}"
        assert len(phrase) >= 5, f"{tag}: {phrase}"


@pytest.mark.parametrize("tag", packed_tags())
def test_instruction_is_in_the_language(tag):
    language = resolve_language(tag)
    instruction = language.pack.instruction
    if not verifiable(language):
        pytest.skip("no identifier here knows this language")
    found = identify(instruction, language)
    assert found.probability >= 0.4, f"{instruction}: {found}"


@pytest.mark.parametrize(
    ("tag", "canonical", "pack"),
    [
        ("fr-CA", "fr-CA", "fr"),
        ("iw", "he", "he"),
        ("zh-TW", "zh-TW", "zh-Hant"),
        ("zh-CN", "zh-CN", "zh"),
        ("PT-br", "pt-BR", "pt"),
        ("sr-Latn", "sr-Latn", None),
        ("wo", "wo", None),
    ],
)
def test_tags_are_resolved(tag, canonical, pack):
    language = resolve_language(tag)
    assert language.tag == canonical
    assert (language.pack.tag if language.pack else None) == pack
    assert language.name
    assert language.autonym


@pytest.mark.parametrize("tag", ["zz", "qqq", "french", "", "fr--FR", "und", "mul"])
def test_unknown_tag_is_one_sentence(tag):
    with pytest.raises(ConfigurationError, match="is not a language tag; give a BCP-47 tag"):
        resolve_language(tag)
