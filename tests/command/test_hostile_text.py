"""What a stranger's dataset, file or name can make the command print: nothing a terminal obeys."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from rich.console import Console
from rich.text import Text

from crowdglot.command import running
from crowdglot.command.app import app
from crowdglot.command.output import dialogues, tables
from crowdglot.datasets.card import write_card
from crowdglot.datasets.funnel import Funnel
from crowdglot.datasets.report.markdown import code
from crowdglot.errors import ConfigurationError
from crowdglot.printable import one_line, visible
from crowdglot.recipes import build_recipe
from crowdglot.strict_toml import read_toml
from tests.builders import NOTHING_TOLD
from tests.datasets.report.dataset import row, write_dataset
from tests.writing.test_trust import command

ROOT = Path(__file__).parents[2]
EVIL = "a\x1b[31mb\x9b2Jc\x00d\u202ee\ud800f[/red][bold]\x07"
OBEYED = set(map(chr, [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x202E, 0xD800]))


@pytest.fixture
def printed(monkeypatch, capsys):
    """What was printed since; every module of the command prints to one console."""
    for module in (dialogues, tables, running):
        monkeypatch.setattr(module, "console", Console(highlight=False, width=400))
    return lambda: capsys.readouterr().out


def harmless(said):
    assert said
    assert not OBEYED & set(said), [hex(ord(one)) for one in OBEYED & set(said)]
    return said


def test_one_function_makes_text_visible():
    shown = visible(EVIL)
    assert not OBEYED & set(shown)
    assert shown.startswith("a⟨U+001B⟩[31mb⟨U+009B⟩2Jc⟨U+0000⟩d⟨U+202E⟩e\ufffdf")
    assert visible("a\n\tb") == "a\n\tb"
    assert one_line(" a\n\tb ") == "a b"


@pytest.mark.parametrize("rejected", [True, False])
def test_show(tmp_path, printed, rejected):
    evil = EVIL.replace("\ud800", "")
    made = row(0, (evil, "b", "c", "d"), reason=f"format.{evil}" if rejected else "", evidence=evil)
    made["common_ground"] |= {"premise": evil, "relation": evil}
    made["personas"][0] |= {"name": evil}
    made["speech_event"] = evil
    folder = write_dataset(tmp_path / "d", [made | {"id": evil}])
    assert dialogues.print_dialogues(folder, rejected=rejected)
    said = harmless(printed())
    assert said.count("[/red][bold]") >= 5  # as it stands there


def test_tables(printed):
    funnel = Funnel(1, 1, {EVIL: 1}, {"fr": 1}, {"fr": 1}, {}, 0, 0)
    tables.print_funnel(funnel)
    assert "[/red][bold]" in harmless(printed())


def test_preview_of_a_strangers_demonstrations(tmp_path, printed):
    said = [{"speaker": "AB"[n % 2], "text": f"[/red] [bold]{n}"} for n in range(6)]
    chats = tmp_path / "chats.jsonl"
    record = {"turns": said, "personas": [["I cook."], ["I run."]]}
    chats.write_text(json.dumps(record) + "\n", "utf-8")
    table = {
        "name": "x", "languages": ["fr"], "dialogues_per_language": 1,
        "demonstrations": {"source": str(chats), "count": 1},
    }  # fmt: skip
    dialogues.print_prompts(build_recipe(table, (), "x"), 0, 1)
    assert "[/red]" in harmless(printed())


def test_errors(tmp_path, monkeypatch, capsys):
    path = tmp_path / "evil\x1b[31m[bold]\nname.toml"
    path.write_text(f"x{chr(0x202E)} = 1")
    for arguments in (["synthesize", path], ["show", path], ["report", path]):
        code, said = command(monkeypatch, capsys, *arguments)
        assert code == 2
        assert len(said.splitlines()) == 1
        assert "[bold]" in harmless(said)


def test_an_output_with_markup_in_its_name(tmp_path, monkeypatch, capsys):
    folder = write_dataset(tmp_path / "a[bold]b[/nothing]", [row(0)])
    assert command(monkeypatch, capsys, "show", folder)[0] == 0
    console = Console(width=400)
    console.print(running.warned("damaged:", f" {folder}[/red]"))
    assert "[/nothing][/red]" in capsys.readouterr().out


@pytest.mark.parametrize(
    "model",
    ["<script>alert(1)</script>", "a`\n\n# heading\n", "x" * 3_000_000, "[a](http://b)", EVIL],
    ids=["html", "heading", "long", "link", "control"],
)
def test_the_card_shows_a_models_name_as_it_is(model, tmp_path):
    funnel = Funnel(1, 1, {f"format.{model}": 1}, {"fr": 1}, {"fr": 1}, {}, 0, 0)
    write_card(tmp_path, "x", ["fr"], model, funnel, NOTHING_TOLD)
    card = (tmp_path / "README.md").read_text("utf-8")
    assert len(card) < 4_000
    assert not {"<script", "](http", "\n# heading"} & {part for part in (
        "<script", "](http", "\n# heading") if part in card}  # fmt: skip
    harmless(card)


@pytest.mark.parametrize("rejected", [0, 3])
def test_rejected_drafts_are_a_config_of_the_card(tmp_path, rejected):
    funnel = Funnel(1, rejected, {}, {"fr": 1}, {"fr": rejected}, {}, 0, 0)
    write_card(tmp_path, "x", ["fr", "pt-BR"], "m", funnel, NOTHING_TOLD)
    head = yaml.safe_load((tmp_path / "README.md").read_text("utf-8").split("---")[1])
    names = [config["config_name"] for config in head["configs"]]
    assert names == ["fr", "pt-BR", *(["rejected"] if rejected else [])]
    if rejected:
        assert head["configs"][-1]["data_files"][0]["path"] == "rejected/*/*.parquet"


LEAST = {"name": "x", "languages": ["fr"], "dialogues_per_language": 1}


@pytest.mark.parametrize(
    "change",
    [
        "engine.time_out=inf", "engine.time_out=nan", "embedding.time_out=inf",
        "budget.max_wall_time=inf", "sampling.temperature=nan", "seed=" + "9" * 5_000,
        "turns=" + "[" * 5_000, "turns={" + "a." * 3_000 + "a=1}", "a." * 3_000 + "a=1",
        "critics." + "a." * 3_000 + "a=1", "reference=a\0b", "demonstrations.source=a\udc80b",
    ],
)  # fmt: skip
def test_odd_values_are_one_sentence(change):
    with pytest.raises(ConfigurationError):
        build_recipe(dict(LEAST), [change], "x.toml")


DEEP_KEYS = [
    "a." * 400_000 + "a = 1",
    "[" + " . ".join(["b", "'b'", '"b.\\""'] * 100_000) + "]\n",
    "x = {a." + "a.b." * 60 + "c = 1}",
    f"[{'a.' * 19}a]\n[{'a.' * 39}a]\n{'b.' * 39}b = 1",
    "\n" * 9 + "''.\"\"." * 200_000 + "a = 1",
]


@pytest.mark.parametrize("content", ["x = " + "9" * 5_000, "x = " + "[" * 50_000, *DEEP_KEYS])
def test_an_odd_toml_is_one_sentence(content, tmp_path):
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read_toml(tmp_path / "x.toml")


def test_dots_that_are_no_key_are_read(tmp_path):
    told = "Wait" + "." * 500 + " and a.b.c, " * 50 + "1.5" * 9
    (tmp_path / "x.toml").write_text(f"x = '{told}'\n[a.b.c]\n'd.e'.f = 1.5\n")
    assert read_toml(tmp_path / "x.toml")["x"] == told


def test_code_in_a_card_holds_nothing_that_a_terminal_obeys():
    harmless(code(EVIL))


@pytest.mark.parametrize("table", ["engine", "embedding"])
@pytest.mark.parametrize(
    "address",
    [
        "http://me:CANARY@h/v1", "http://CANARY@h/v1", "http://h/v1?api_key=CANARY",
        "http://h/v1?key=CANARY", "http://h/v1?api-version=3&sig=CANARY", "http://h/v1?CANARY",
        "http://a/v1 http://b/v1?token=CANARY", "http://h/v1#key=CANARY",
    ],
)  # fmt: skip
def test_no_secret_in_an_address(table, address):
    change = f"{table}.base_url={address}"
    with pytest.raises(ConfigurationError, match=r"base_url.*environment") as refused:
        build_recipe(dict(LEAST), [change], "x.toml")
    assert "CANARY" not in str(refused.value)


def test_a_version_in_an_address_is_no_secret():
    change = "engine.base_url=https://h/v1?api-version=2024-06-01"
    assert build_recipe(dict(LEAST), [change], "x.toml").engine.base_url.endswith("-01")


def run_command(*arguments, stdout, **environment):
    line = [sys.executable, "-P", "-m", "crowdglot.command.app", *arguments]
    return subprocess.run(
        line, stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_output_is_one_sentence():
    with Path("/dev/full").open("wb") as full:
        done = run_command("languages", stdout=full)
    assert done.returncode == 2
    (told,) = done.stderr.decode().splitlines()
    assert told.startswith("crowdglot: the output cannot be written")


def test_an_output_of_ascii_gets_ascii():
    done = run_command("languages", stdout=subprocess.PIPE, PYTHONIOENCODING="ascii", COLUMNS="200")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.isascii()
    assert b"French" in done.stdout


def test_a_name_that_is_no_utf8_is_one_sentence(tmp_path):
    folder = os.fsencode(tmp_path) + b"/d\xff"
    try:
        os.mkdir(folder)  # noqa: PTH102 - bytes
    except OSError:
        pytest.skip("this disk takes no such name")
    for verb in ("show", "synthesize", "report"):
        done = run_command(verb, os.fsdecode(folder), stdout=subprocess.PIPE)
        assert done.returncode == 2
        assert len(done.stderr.decode().splitlines()) == 1, done.stderr.decode()


def help_texts(command, path):
    yield path, command.help or ""
    for option in command.params:
        yield f"{path} {option.name}", getattr(option, "help", None) or ""
    for name, one in getattr(command, "commands", {}).items():
        yield from help_texts(one, f"{path} {name}")


def test_no_help_text_is_taken_for_markup():
    texts = dict(help_texts(typer.main.get_command(app), "crowdglot"))
    assert len(texts) > 100
    assert {
        path: text for path, text in texts.items() if Text.from_markup(text).plain != text
    } == {}


def test_what_lies_beside_a_strangers_personas_is_text_of_a_stranger(tmp_path, monkeypatch, capsys):
    path = tmp_path / "p.jsonl"
    path.write_text('{"facts": ["I am a nurse.", "I have two dogs."]}\n')
    beside = tmp_path / "p.jsonl.made.json"
    beside.write_text(json.dumps({"by": EVIL * 100, "fingerprint": "0"}))
    code, said = command(monkeypatch, capsys, "personas", "show", path)
    assert code == 0
    assert "Made by `crowdglot personas a⟨U+001B⟩" in said
    harmless(said)
    beside.unlink()
    os.mkfifo(beside)
    assert command(monkeypatch, capsys, "personas", "show", path)[0] == 0


@pytest.mark.parametrize("verb", ["preview", "personality", "selection", "experiment"])
def test_a_name_too_long_for_a_file_is_told_as_what_it_is(verb, monkeypatch, capsys):
    code, said = command(monkeypatch, capsys, verb, "a" * 5_000)
    assert code == 2
    assert "File name too long; check the path." in said
