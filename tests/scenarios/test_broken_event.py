"""One mistake in the folder of speech events stops whatever needs an event, with file and key."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crowdglot.errors import ConfigurationError
from crowdglot.scenarios import event
from crowdglot.scenarios.event import event_names, read_event


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of two events in the place of ours."""
    folder = tmp_path / "speech_events"
    folder.mkdir()
    for name in ("gossip.toml", "small_talk.toml"):
        shutil.copy(event.EVENTS / name, folder)
    monkeypatch.setattr(event, "EVENTS", folder)
    event._events.cache_clear()
    yield folder
    event._events.cache_clear()


def renamed(text: str) -> str:
    return text.replace('name = "gossip"', 'name = "rumour"', 1)


# The name of a new file, what is changed in the event "gossip" to make it, and the complaint.
WRONG = {
    "broken TOML": ("rumour.toml", lambda text: renamed(text)[:-9], "not valid TOML"),
    "unknown key": (
        "rumour.toml", lambda text: 'mood = "merry"\n' + renamed(text), "'mood' is not a known key",
    ),
    "other name": (
        "rumour.toml", lambda text: text, "'name' is 'gossip'; it must be the file's name",
    ),
    "unknown slot": (
        "rumour.toml", lambda text: renamed(text).replace("{town}", "{city}", 1),
        "common ground 6 has the unknown slot {city}; known: a, b, custom",
    ),
    "open brace": (
        "rumour.toml", lambda text: renamed(text).replace("{town}", "{town", 1), "expected '}'",
    ),
    "misspelt suffix": ("rumour.tml", renamed, "holds .toml files only"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_in_one_event_is_told_by_every_look_up(events: Path, case: str) -> None:
    name, change, complaint = WRONG[case]
    (events / name).write_text(change((events / "gossip.toml").read_text("utf-8")), "utf-8")
    for look_up in (event_names, lambda: read_event("small_talk")):
        with pytest.raises(ConfigurationError) as caught:
            look_up()
        assert str(caught.value).startswith(f"{events / name}: ")
        assert complaint in str(caught.value)
        assert "\n" not in str(caught.value)


def test_not_utf8(events: Path) -> None:
    (events / "rumour.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigurationError, match=r"rumour\.toml: byte 8 is not UTF-8"):
        event_names()


def test_a_new_event_is_seen(events: Path) -> None:
    text = (events / "gossip.toml").read_text("utf-8")
    (events / "rumour.toml").write_text(renamed(text), "utf-8")
    assert event_names() == ("gossip", "rumour", "small_talk")
    assert read_event("rumour").title
