"""A dataset of a stranger is data: its recipe reaches nobody unless the user says so."""

import json
import re
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import tomli_w

from crowdglot import api
from crowdglot.command.app import main
from crowdglot.datasets.folder import read_stored_recipe, store_recipe
from crowdglot.errors import ConfigurationError
from crowdglot.recipes import build_recipe, read_recipe, read_rejudged
from crowdglot.user_files import state_folder
from crowdglot.writing.trust import reaching
from tests.writing.builders import Canned, fill, good, make_opened, rejudge, write


@contextmanager
def listening():
    """A server's address, and what was sent to it."""
    sent = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            sent.append(self.headers.get("authorization"))
            self.send_error(404)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", sent
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A dataset of nobody that this user knows."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state of another"))
    opened = make_opened(tmp_path / "d", "dialogues_per_language=2")
    fill(opened, Canned(good))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    return opened.folder


def plant(folder, **changes):
    """Change the recipe that lies in ``folder``; tables by keys."""
    stored = read_stored_recipe(folder)
    identity = stored.pop("identity")
    for key, value in changes.items():
        stored[key] = stored[key] | value if isinstance(value, dict) else value
    store_recipe(folder, stored, identity)


def command(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["crowdglot", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    return left.value.code or 0, out + err


def to(url):
    return {"kind": "openai", "model": "m", "base_url": url, "api_key_env": "AWS_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize("table", ["engine", "embedding"])
@pytest.mark.parametrize("verb", ["report", "rejudge", "synthesize", "preview"])
def test_no_key_is_sent_to_the_address_of_a_stranger(folder, verb, table, monkeypatch, capsys):
    with listening() as (url, sent):
        plant(folder, **{table: to(url)}, dialogues_per_language=3)
        code, said = command(monkeypatch, capsys, verb, folder)
    assert sent == []
    if (verb, table) in {("report", "engine"), ("rejudge", "engine")}:
        assert code == 0  # of these neither makes use
    else:
        assert code == 2
        assert re.search(rf"{table}\.base_url = .*{table}\.api_key_env = .*--trust", said)


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", ""])
def test_the_usual_key_is_not_sent_either(folder, name, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    with listening() as (url, sent):
        plant(folder, embedding=to(url) | {"api_key_env": name or "OPENAI_API_KEY"})
        assert command(monkeypatch, capsys, "report", folder)[0] == 2
    assert sent == []


def test_once_trusted_it_goes_on_until_it_is_changed(folder, monkeypatch, capsys):
    with listening() as (url, sent):
        plant(folder, embedding=to(url))
        code, said = command(monkeypatch, capsys, "report", folder, "--trust")
        assert code == 2  # it gives no vectors
        assert "trusted from now on: " in said
        assert url in said
        assert sent
        before = len(sent)
        command(monkeypatch, capsys, "report", folder)
        assert len(sent) > before
        before = len(sent)
        plant(folder, embedding=to(url) | {"api_key_env": "HOME"})
        code, said = command(monkeypatch, capsys, "report", folder)
        assert "--trust" in said
        assert len(sent) == before
    assert not list(folder.rglob("*trust*"))


def test_trust_is_of_one_folder(folder, tmp_path, monkeypatch, capsys):
    plant(folder, reference=str(tmp_path))
    assert command(monkeypatch, capsys, "report", folder, "--trust")[0] == 2  # no dialogues there
    folder.rename(tmp_path / "elsewhere")
    assert "--trust" in command(monkeypatch, capsys, "report", tmp_path / "elsewhere")[1]


def test_what_the_user_gives_needs_no_trust(folder):
    plant(folder, engine=to("http://127.0.0.1:9/v1"))
    mine = ["engine.base_url=http://127.0.0.1:8/v1", "engine.api_key_env=MINE"]
    assert read_recipe(str(folder), mine).engine.base_url == "http://127.0.0.1:8/v1"
    with pytest.raises(ConfigurationError, match=r"engine\.api_key_env = 'AWS"):
        read_recipe(str(folder), mine[:1])
    with pytest.raises(ConfigurationError, match=r"engine\.base_url"):
        read_recipe(str(folder), mine[1:])


def test_a_table_that_wakes_up_is_asked_for(folder):
    plant(folder, embedding=to("http://127.0.0.1:9/v1") | {"kind": ""})
    assert read_recipe(str(folder)).embedding.kind == ""
    with pytest.raises(ConfigurationError, match=r"embedding\.base_url"):
        read_recipe(str(folder), ["embedding.kind=openai"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("demonstrations", {"source": "chats.jsonl"}),
        ("personas", {"source": "chats.jsonl"}),
        ("duplicates", {"against": ["s3://stranger/bucket"]}),
        ("reference", "/srv/somebody/chats"),
        ("engine", {"kind": "embedded", "model": "/etc/passwd"}),
        ("engine", {"kind": "transformers", "model": "stranger/weights"}),
        ("engine", {"api_key_block": "production"}),
        ("machines", {"runner": "dask", "address": "tcp://127.0.0.1:9"}),
    ],
)
def test_whatever_reaches_out_is_asked_for(folder, key, value):
    plant(folder, **{key: value})
    with pytest.raises(ConfigurationError, match=rf"reach out of the dataset: .*{key}"):
        read_recipe(str(folder))
    # Being named as a file does not make it the user's, nor does a missing mark.
    with pytest.raises(ConfigurationError, match="--trust"):
        read_recipe(str(folder / "recipe.toml"), [f"output={folder}"])
    stored = read_stored_recipe(folder)
    stored.pop("identity")
    (folder / "recipe.toml").write_text(tomli_w.dumps(stored), "utf-8")
    with pytest.raises(ConfigurationError, match="--trust"):
        read_recipe(str(folder / "recipe.toml"), [f"output={folder}"])


def test_a_recipe_by_its_path_writes_nowhere_else(folder, tmp_path):
    plant(folder, output=str(tmp_path / "precious"))
    with pytest.raises(ConfigurationError, match=r"output = .*precious"):
        read_recipe(str(folder / "recipe.toml"))


def test_every_mark_has_a_default_that_reaches_nobody():
    table = {"name": "x", "languages": ["fr"], "dialogues_per_language": 1}
    assert reaching(build_recipe(table, (), "x")) == {}


def test_in_python_rows_are_read_and_the_recipe_wants_trust(folder):
    plant(folder, engine=to("http://127.0.0.1:9/v1"))
    dataset = api.open_dataset(folder)
    assert dataset.accepted.collect().height == 4
    with pytest.raises(ConfigurationError, match="trust=True"):
        _ = dataset.recipe
    assert api.open_dataset(folder, trust=True).recipe.engine.model == "m"
    assert api.open_dataset(folder).recipe.engine.model == "m"


def test_what_this_user_began_goes_on(tmp_path):
    chats = tmp_path / "chats.jsonl"
    said = [{"speaker": "AB"[n % 2], "text": f"Said {n}, and more."} for n in range(6)]
    chats.write_text(json.dumps({"turns": said, "personas": [["I cook."], ["I run."]]}) + "\n")
    opened = make_opened(
        tmp_path / "d", "dialogues_per_language=1", f"demonstrations.source={chats}",
        "demonstrations.count=1",
    )  # fmt: skip
    write(opened, Canned(good))
    assert read_recipe(str(opened.folder)).demonstrations.source == str(chats)
    rejudge(opened.folder, "duplicates.against=" + json.dumps([]))
    assert read_recipe(str(opened.folder), ["dialogues_per_language=2"])


def test_rejudging_does_not_trust_what_it_did_not_ask_for(folder):
    plant(folder, engine=to("http://127.0.0.1:9/v1"))
    assert rejudge(folder)[0].accepted == 4
    with pytest.raises(ConfigurationError, match="--trust"):
        read_recipe(str(folder))


def test_a_home_that_cannot_be_written_stops_no_run(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert state_folder() == tmp_path / "file" / "crowdglot"
    opened = make_opened(tmp_path / "d", "dialogues_per_language=1", "engine.model=gpt")
    assert write(opened, Canned(good)).funnel.accepted == 2


def test_only_keys_of_critics_change_when_rejudging(folder):
    with pytest.raises(ConfigurationError, match="only"):
        read_rejudged(str(folder), ["engine.base_url=http://127.0.0.1:9/v1"])
