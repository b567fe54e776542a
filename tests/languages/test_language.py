"""Languages and their packs."""

import shutil

import pytest
import regex

from crowdglot.errors import ConfigurationError
from crowdglot.languages import language
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


@pytest.mark.parametrize("tag", ["zz", "qqq", "french", "", "fr--FR", "und", "mul", "x" * 10_000])
def test_unknown_tag_is_one_sentence(tag):
    with pytest.raises(ConfigurationError, match="is not a language tag; give a BCP-47") as told:
        resolve_language(tag)
    assert len(str(told.value)) < 400


@pytest.fixture
def packs(tmp_path, monkeypatch):
    """A folder of two packs in the place of ours."""
    for name in ("__init__.py", "fr.toml", "sw.toml"):
        shutil.copy(language.PACKS / name, tmp_path)
    monkeypatch.setattr(language, "PACKS", tmp_path)
    caches = (language._packs, resolve_language)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(
    ("name", "tag", "complaint"),
    [
        ("xh.toml", "sw", "'tag' is 'sw'; it must be the file's name"),
        ("xhosa.toml", "xhosa", "'tag': 'xhosa' is not a BCP-47 language tag"),
        ("fr-fr.toml", "fr-fr", "'tag': 'fr-fr' is written 'fr-FR'"),
        ("no.toml", "no", "'no' is written 'nb'"),
        ("xh.tml", "xh", "holds .toml files only; rename the file or move it away"),
        ("xh.toml", 'xh"\nmood = "merry', "'mood' is not a known key"),
        ("xh.toml", 'xh"\nautonym = "', "not valid TOML"),
    ],
)
def test_a_mistake_in_one_pack_is_told_by_every_look_up(packs, name, tag, complaint):
    text = (packs / "sw.toml").read_text("utf-8").replace('tag = "sw"', f'tag = "{tag}"', 1)
    (packs / name).write_text(text, "utf-8")
    for look_up in (packed_tags, lambda: resolve_language("fr"), lambda: resolve_language("wo")):
        with pytest.raises(ConfigurationError) as caught:
            look_up()
        assert str(caught.value).startswith(f"{packs / name}: ")
        assert complaint in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "complaint"), [('"Asha", "Asha"', "'Asha' stands twice"), ('" "', "has blanks")]
)
def test_a_name_given_twice_and_a_blank_one(packs, entry, complaint):
    before, field, after = (packs / "sw.toml").read_text("utf-8").partition("feminine_names = [")
    (packs / "sw.toml").write_text(f"{before}{field}{entry}, {after}", "utf-8")
    where = r"'communities\.0\.feminine_names': "
    with pytest.raises(ConfigurationError, match=f"{where}.*{complaint}"):
        packed_tags()


def test_a_new_pack_is_seen_and_what_systems_leave_behind_is_not(packs):
    text = (packs / "sw.toml").read_text("utf-8")
    (packs / "xh.toml").write_text(text.replace('tag = "sw"', 'tag = "xh"', 1), "utf-8")
    (packs / "__pycache__").mkdir()
    for name in (".DS_Store", "._fr.toml", "fr.toml~", "#fr.toml#", ".fr.toml.swp"):
        (packs / name).write_bytes(b"\xff")
    assert packed_tags() == ("fr", "sw", "xh")
    assert resolve_language("xh").pack is not None
