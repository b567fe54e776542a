"""One mistake in the folder of packs stops whatever needs a language, with file and key."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.languages import language
from crowdglot.languages.language import packed_tags, resolve_language


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of two packs in the place of ours."""
    folder = tmp_path / "languages"
    folder.mkdir()
    for name in ("__init__.py", "fr.toml", "sw.toml"):
        shutil.copy(language.PACKS / name, folder)
    monkeypatch.setattr(language, "PACKS", folder)
    caches = (language._packs, resolve_language)
    for cache in caches:
        cache.cache_clear()
    yield folder
    for cache in caches:
        cache.cache_clear()


def with_tag(text: str, tag: str) -> str:
    return text.replace('tag = "sw"', f'tag = "{tag}"', 1)


# The name of a new file, what is changed in the pack for Swahili to make it, and the complaint.
WRONG = {
    "broken TOML": ("xh.toml", lambda text: text[:120], "not valid TOML"),
    "empty": ("xh.toml", lambda text: "", "'tag' is missing"),
    "unknown key": (
        "xh.toml", lambda text: 'mood = "merry"\n' + with_tag(text, "xh"),
        "'mood' is not a known key",
    ),
    "missing key": (
        "xh.toml", lambda text: with_tag(text, "xh").replace("instruction =", "# instruction ="),
        "'instruction' is missing",
    ),
    "other name": ("xh.toml", lambda text: text, "'tag' is 'sw'; it must be the file's name"),
    "no tag": (
        "xhosa.toml", lambda text: with_tag(text, "xhosa"),
        "'tag': 'xhosa' is not a BCP-47 language tag",
    ),
    "tag not canonical": (
        "fr-fr.toml", lambda text: with_tag(text, "fr-fr"), "'tag': 'fr-fr' is written 'fr-FR'",
    ),
    "tag of another": ("no.toml", lambda text: with_tag(text, "no"), "'no' is written 'nb'"),
    "misspelt suffix": ("xh.tml", lambda text: with_tag(text, "xh"), "holds .toml files only"),
    "a note": ("notes.txt", lambda text: "To do", "rename the file or move it away"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_in_one_pack_is_told_by_every_look_up(packs: Path, case: str) -> None:
    name, change, complaint = WRONG[case]
    (packs / name).write_text(change((packs / "sw.toml").read_text("utf-8")), "utf-8")
    for look_up in (packed_tags, lambda: resolve_language("fr"), lambda: resolve_language("wo")):
        with pytest.raises(ConfigurationError) as caught:
            look_up()
        assert str(caught.value).startswith(f"{packs / name}: ")
        assert complaint in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_name_given_twice_and_a_blank_one(packs: Path) -> None:
    text = (packs / "sw.toml").read_text("utf-8")
    for entry, complaint in (('"Asha", "Asha"', "'Asha' stands twice"), ('" "', "has blanks")):
        start = text.index("feminine_names = [") + len("feminine_names = [")
        (packs / "sw.toml").write_text(f"{text[:start]}{entry}, {text[start:]}", "utf-8")
        with pytest.raises(
            ConfigurationError, match=r"'communities\.0\.feminine_names': "
        ) as error:
            packed_tags()
        assert complaint in str(error.value)


def test_not_utf8(packs: Path) -> None:
    (packs / "xh.toml").write_bytes(b'tag = "\xff"')
    with pytest.raises(ConfigurationError, match=r"xh\.toml: byte 7 is not UTF-8"):
        packed_tags()


def test_a_new_pack_is_seen_and_what_systems_leave_behind_is_not(packs: Path) -> None:
    text = (packs / "sw.toml").read_text("utf-8")
    (packs / "xh.toml").write_text(with_tag(text, "xh"), "utf-8")
    (packs / "__pycache__").mkdir()
    for name in (".DS_Store", "._fr.toml", "fr.toml~", "#fr.toml#", ".fr.toml.swp"):
        (packs / name).write_bytes(b"\xff")
    assert packed_tags() == ("fr", "sw", "xh")
    assert resolve_language("xh").pack is not None
