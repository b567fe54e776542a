"""Exports: every one is walked, read back, and held to the rules of the tool it is for."""

import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from crowdglot.datasets.exports import EXPORTS
from crowdglot.datasets.exports.making.distractors import answers
from crowdglot.datasets.exports.making.exporting import export_dataset, load_export
from crowdglot.datasets.exports.making.views import View
from crowdglot.datasets.storage.location import locate
from crowdglot.datasets.withdrawals import Withdrawal, turns_hash, write_withdrawals
from crowdglot.errors import ConfigurationError, StorageError
from tests.builders import FRENCH
from tests.datasets.exports import rules
from tests.datasets.report.dataset import row, write_dataset

FOLDER = Path(importlib.import_module("crowdglot.datasets.exports").__file__).parent
NAMES = list(EXPORTS)
SAID = "abcdefghijklmnopqrstuvwxyz"


def said(number, turns=6):
    """Turns that stand in no other dialogue; their lengths have nothing to do with the number."""
    return [
        f"{SAID[at]} {number} {'la ' * (10 + (number * 7 + at * 5) % 17)}".strip()
        for at in range(turns)
    ]


def spoken(number, order, **changes):
    """A row whose turns are by the speakers of ``order``, three of them if there is a C."""
    made = row(number, said(number, len(order)), **changes)
    turns = [turn | {"speaker": who} for turn, who in zip(made["turns"], order, strict=True)]
    people = [one | {"id": f"{one['id']}-{number}"} for one in made["personas"]]
    if "C" in order:
        people.append({"speaker": "C", "name": "Chloé", "id": "c", "facts": ["I paint."]})
    return made | {"turns": turns, "personas": people, "messages": []}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two languages, 60 dialogues each, of two speakers, two in a row, and three speakers."""
    rows = []
    orders = ("ABABAB", "AABABB", "BABABA", "ABACBA", "ABABA")
    for tag in ("fr", "es"):
        for number in range(60):
            rows.append(spoken(number, orders[number % 5], tag=tag))
            if number % 3 == 0:
                rows.append(row(number, said(number + 100), tag=tag, reason="repetition.echo_turn")
                            | {"attempt": 1})  # fmt: skip
    rows.append(row(7, said(500), reason="surplus.better") | {"attempt": 2})
    rows.append(row(8, (), reason="format.not_json") | {"attempt": 2})
    rows.append(row(9, said(501), reason="duplicates.near_duplicate") | {"attempt": 2})
    rows.append(row(900, said(502), reason="language.whole_language"))
    rows.append(spoken(10, "ABABAB", reason="copying.turn") | {"attempt": 3})
    rows.sort(key=lambda one: (one["index"], one["attempt"]))
    return write_dataset(tmp_path_factory.mktemp("export") / "d", rows)


@pytest.fixture(scope="module")
def exported(dataset, tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    return {name: export_dataset(dataset, name, str(root / name)) for name in NAMES}


def records(made, name):
    """(split, record) of all files."""
    if name == "personachat-json":
        both = [json.loads(path.read_text("utf-8")) for path in made.folder.glob("*.json")]
        names = {"train": "train", "valid": "validation", "test": "test"}
        return [
            (split, record)
            for file in both
            for key, split in names.items()
            for record in file.get(key, ())
        ]
    files = load_export(name).files
    return [
        (split, record)
        for split, file in files.items()
        if (made.folder / file).exists()
        for record in rules.lines(made.folder / file)
    ]


def test_every_module_of_the_folder_is_an_export():
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} == {
        name.replace("-", "_") for name in NAMES
    }
    for name in NAMES:
        export = load_export(name)
        assert set(export.files) == {"train", "validation", "test"}
        assert export.rejected == (name == "trl-dpo")
    with pytest.raises(ConfigurationError, match="no such export; known: messages, trl-sft"):
        load_export("csv")


@pytest.mark.parametrize("name", NAMES)
def test_every_record_keeps_the_rules_of_its_tool(exported, name):
    made = exported[name]
    there = records(made, name)
    assert Counter(split for split, _ in there) == made.records
    # Of so few dialogues the smaller splits have no 19 that are alike.
    small = set() if name in ("selection", "personachat-json") else {"validation", "test"}
    assert set(made.records) == {"train", *small}
    assert len({frozenset(record) for _, record in there}) == 1, "keys differ from row to row"
    read = getattr(rules, f"of_{name.replace('-', '_')}")
    for _, record in there:
        texts = read(record)
        assert None not in texts and all(texts)


def test_what_stands_beside_the_records_is_true(exported):
    rules.check_llama_factory(exported["llama-factory"].folder)
    rules.check_axolotl(exported["axolotl"].folder)
    rules.check_parlai(exported["parlai"].folder)
    rules.check_trl(exported["trl-sft"].folder, "sft")
    rules.check_trl(exported["trl-dpo"].folder, "dpo")
    facts = json.loads((exported["selection"].folder / "chance.json").read_text())
    assert facts["chance"] == {"recall@1": 0.05, "recall@2": 0.1, "recall@5": 0.25, "mrr": 0.1799}
    for name, made in exported.items():
        told = json.loads((made.folder / "export.json").read_text())
        assert (told["export"], told["records"]) == (name, made.records)


@pytest.mark.parametrize("name", NAMES)
def test_datasets_reads_every_file_and_what_was_written(exported, name, tmp_path):
    if name == "personachat-json":
        pytest.skip("one JSON object: its own script reads it, `datasets` does not")
    from datasets import load_dataset

    made = exported[name]
    files = {
        split: str(made.folder / file)
        for split, file in load_export(name).files.items()
        if (made.folder / file).exists()
    }
    loaded = load_dataset("json", data_files=files, cache_dir=str(tmp_path))
    for split, part in loaded.items():
        assert part.num_rows == made.records[split]
        assert part.to_list() == [one for of, one in records(made, name) if of == split]


@pytest.mark.parametrize("name", NAMES)
def test_both_views_of_a_dialogue_are_in_one_split(exported, name):
    if name == "personachat-json":
        pytest.skip("its records have no id; the splits are those of the others")
    split_of = {}
    for split, record in records(exported[name], name):
        scenario = "-".join(record["id"].split("-")[:2])
        assert split_of.setdefault(scenario, split) == split
    counts = Counter(split_of.values())
    assert counts["train"] > 0.8 * counts.total()
    assert name == "selection" or (counts["validation"] and counts["test"])


def test_every_dialogue_is_there_once_a_speaker(exported):
    chats = {record["id"]: record for _, record in records(exported["messages"], "messages")}
    assert len(chats) == 2 * sum(3 if n % 5 == 3 else 2 for n in range(60))
    assert rules.of_messages(chats["fr-0-B"]) == said(0)
    own = chats["fr-0-A"]["messages"]
    assert own[0]["content"].startswith("You are Camille, talking with Hugo in French.\nI am a ")
    assert f"You began the conversation: “{said(0)[0]}”" in own[0]["content"]
    assert "I bake bread" not in own[0]["content"], "the other's persona is not told"
    assert rules.of_messages(chats["fr-0-A"]) == said(0)[1:5]
    # Two turns of one speaker are one; of three speakers, the others have names.
    assert rules.of_messages(chats["fr-1-B"])[:2] == ["\n".join(said(1)[:2]), said(1)[2]]
    group = rules.of_messages(chats["fr-3-C"])
    named = zip(("Camille", "Hugo", "Camille"), said(3)[:3], strict=True)
    assert group[0] == "\n".join(f"{name}: {text}" for name, text in named)
    assert group[1] == said(3)[3]


def test_a_persona_can_be_folded_into_the_first_turn(dataset, tmp_path):
    for name in ("messages", "trl-sft", "sharegpt", "llama-factory", "axolotl"):
        made = export_dataset(dataset, name, str(tmp_path / name), folded=True)
        read = getattr(rules, f"of_{name.replace('-', '_')}", rules.of_messages)
        for _, record in records(made, name):
            assert read(record)[0].startswith("You are ")
            assert '"system", ' not in json.dumps(record)
            assert record.get("system", "") == ""


def test_every_answer_is_learnt_once_by_trl_sft(exported):
    answers_of = Counter()
    for _, record in records(exported["trl-sft"], "trl-sft"):
        answers_of[record["id"].rpartition("-")[0]] += 1
    for _, record in records(exported["messages"], "messages"):
        assert answers_of.pop(record["id"]) == len(rules.of_messages(record)) // 2
    assert not answers_of


def test_pairs_are_drafts_of_one_scenario_with_their_scores(exported):
    made = exported["trl-dpo"]
    pairs = {record["id"]: record for _, record in records(made, "trl-dpo")}
    assert len(pairs) == 40 + 1 and made.noted == {
        "rejected drafts of scenarios without an accepted dialogue": 1,
        "rejected drafts that could not be read as a dialogue": 1,
        "drafts that repeat another dialogue, and are no worse for it": 1,
        "rejected drafts equal to the accepted one": 1,
    }
    assert pairs["fr-7-2"]["reason"] == "surplus.better"
    pair = pairs["fr-3-1"]
    assert pair["chosen"][0]["content"].split("\n")[3] == f"Chloé: {said(3)[3]}"
    assert pair["rejected"][0]["content"].startswith(f"Camille: {said(103)[0]}")
    assert pair["rejected_scores"] == [{"critic": "repetition", "score": 1.0}]
    assert (
        "in French between Camille and Hugo and Chloé. Camille begins."
        in (pair["prompt"][0]["content"])
    )


def test_what_was_withdrawn_is_left_out_and_counted(tmp_path):
    folder = write_dataset(tmp_path / "d", [spoken(number, "ABAB") for number in range(4)])
    for number, texts in ((1, said(1, 4)), (2, ["another dialogue", "of the same place"])):
        gone = Withdrawal("fr", 0, number, 0, turns_hash(texts), "person", "reject", "", 1.0)
        write_withdrawals(folder, [gone], up_to_date=False)
        made = export_dataset(folder, "messages", str(tmp_path / "out"))
        left = {record["id"] for _, record in records(made, "messages")}
        assert ("fr-1-A" in left) == (number == 2) and len(left) == (6 if number == 1 else 8)
        assert made.noted.get("dialogues that were withdrawn", 0) == (number == 1)


def test_distractors_cannot_be_told_by_anything_but_sense(exported):
    there = [record for _, record in records(exported["selection"], "selection")]
    longest = shortest = 0
    for record in there:
        right = record["candidates"][record["label"]]
        scenario = int(record["id"].split("-")[1])
        lengths = [len(text) for text in record["candidates"]]
        longest += len(right) == max(lengths)
        shortest += len(right) == min(lengths)
        for text in record["candidates"]:
            assert len(right) / 2 <= len(text) <= 2 * len(right)
            head = text.split("\n")[0].split()
            assert text == right or int(head[1]) != scenario
    assert Counter(record["label"] for record in there).most_common(1)[0][1] < len(there) / 8
    assert longest / len(there) < 0.2 and shortest / len(there) < 0.2


def a_view(number, pair=("p", "q"), language="fr"):
    texts = tuple(said(number, 4))
    return View(f"v{number}", "train", language, "e", "N", "O", ("I.",), pair, "", texts, False)


def test_distractors_are_of_another_pair_and_the_same_language(monkeypatch):
    monkeypatch.setattr("crowdglot.datasets.exports.making.distractors._WINDOW", 60)
    views = [a_view(n, ("p", "q") if n % 2 else (f"p{n}", "q")) for n in range(200)]
    views += [a_view(n, language="es") for n in range(200, 230)]
    told = list(answers(views))
    assert [answer.view.id for answer in told[::2]] == [view.id for view in views]
    for answer in told:
        numbers = {int(text.split()[1]) for text in answer.distractors}
        assert all(text.split()[0] == SAID[answer.at] for text in answer.distractors)
        if answer.view.language == "es":
            assert not numbers  # all of one pair
        else:
            own = int(answer.view.id[1:])
            assert len(numbers) == 19 and max(numbers) < 200
            assert not own % 2 or all(number % 2 == 0 for number in numbers)
            assert max(abs(number - own) for number in numbers) < 120


def test_the_same_dataset_gives_the_same_bytes(dataset, exported, tmp_path):
    for name in ("selection", "trl-dpo", "llama-factory"):
        again = export_dataset(dataset, name, str(tmp_path / name))
        first = {path.name: path.read_bytes() for path in exported[name].folder.iterdir()}
        assert first == {path.name: path.read_bytes() for path in again.folder.iterdir()}


def test_a_trainer_that_would_cut_is_told_of(tmp_path):
    texts = [f"{text} {'mot ' * 700}" for text in FRENCH[:4]]
    folder = write_dataset(tmp_path / "d", [row(1, texts)])
    for name, key, file in (
        ("trl-sft", "max_length", "trl_sft.yaml"),
        ("llama-factory", "cutoff_len", "llama_factory.yaml"),
        ("axolotl", "sequence_len", "axolotl.yaml"),
    ):
        made = export_dataset(folder, name, str(tmp_path / name))
        assert f"cuts them by default: set {key} to " in made.warning
        room = int(made.warning.split(f"set {key} to ")[1].split(",")[0])
        assert f"{key}: {room}\n" in (made.folder / file).read_text()
        longest = max(len(json.dumps(record)) for _, record in records(made, name))
        assert room > longest / 4


def test_ends_of_lines_within_a_turn_stay_within_their_line(tmp_path):
    texts = ["un\u2028deux", "trois\x85quatre", "cinq\nsix", "sept\u2029huit\x0bneuf"]
    folder = write_dataset(tmp_path / "d", [row(1, texts)])
    made = export_dataset(folder, "parlai", str(tmp_path / "out"))
    assert len([rules.of_parlai(record) for _, record in records(made, "parlai")]) == 2
    chats = export_dataset(folder, "messages", str(tmp_path / "chats"))
    found = {record["id"]: rules.of_messages(record) for _, record in records(chats, "messages")}
    assert found["fr-1-B"] == texts


def test_only_an_export_is_ever_replaced(dataset, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it")
    with pytest.raises(
        StorageError, match=r"mine: holds 'thesis.txt', which is of no export; choose"
    ):
        export_dataset(dataset, "messages", str(mine))
    with pytest.raises(StorageError, match="is a file; choose with --to"):
        export_dataset(dataset, "messages", str(mine / "thesis.txt"))
    with pytest.raises(StorageError, match=r"holds 'data', which is of no export"):
        export_dataset(dataset, "messages", str(dataset))
    assert (mine / "thesis.txt").read_text() == "all of it"
    target = tmp_path / "new" / "out"
    export_dataset(dataset, "messages", str(target))
    export_dataset(dataset, "sharegpt", str(target))
    assert json.loads((target / "export.json").read_text())["export"] == "sharegpt"
    assert [path.name for path in target.parent.iterdir()] == ["out"]
    # What was trained in an export is nobody's to delete.
    (target / "trained").mkdir()
    with pytest.raises(StorageError, match="holds 'trained', which is of no export"):
        export_dataset(dataset, "messages", str(target))
    (mine / "thesis.txt").rename(mine / "export.json")
    with pytest.raises(StorageError, match=r"holds 'export\.json', which is of no export"):
        export_dataset(dataset, "messages", str(mine))


def test_a_mistake_is_one_sentence(dataset, tmp_path):
    with pytest.raises(StorageError, match="no dataset of crowdglot"):
        export_dataset(tmp_path, "messages", str(tmp_path / "x"))
    with pytest.raises(ConfigurationError, match="exports go to a local folder"):
        export_dataset(dataset, "messages", "s3://bucket/x")
    empty = write_dataset(tmp_path / "empty", [])
    with pytest.raises(StorageError, match=r"nothing to export as messages \(no dialogues\)"):
        export_dataset(empty, "messages", str(tmp_path / "x"))
    few = write_dataset(tmp_path / "few", [row(1)])
    with pytest.raises(StorageError, match="6 answers for which there are no 19 distractors"):
        export_dataset(few, "selection", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists() and not list(tmp_path.glob(".x*"))


def test_a_damaged_file_leaves_the_earlier_export(dataset, tmp_path):
    folder = write_dataset(tmp_path / "d", [row(1), row(2, tag="es")])
    target = tmp_path / "out"
    export_dataset(folder, "messages", str(target))
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    path = folder / "data" / "fr" / "train-00000.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StorageError, match=r"train-00000\.parquet: damaged"):
        export_dataset(folder, "messages", str(target))
    assert before == {path.name: path.read_bytes() for path in target.iterdir()}
    assert not list(tmp_path.glob(".out*"))


def test_what_a_killed_export_left_is_swept(dataset, tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".out.{gone.pid}.tmp").mkdir()
    (tmp_path / f".out.{os.getppid()}.tmp").mkdir()  # of a process that lives
    export_dataset(dataset, "messages", str(tmp_path / "out"))
    assert {path.name for path in tmp_path.iterdir()} == {"out", f".out.{os.getppid()}.tmp"}


def test_rows_of_strangers_are_left_out_and_counted(tmp_path):
    """They may hold speakers that nobody is; nulls, which we never write there, are refused."""
    whole = [row(number) for number in range(3)]
    people, turns = whole[0]["personas"], whole[0]["turns"]
    broken = [
        {"turns": [*turns, {"speaker": "Z", "text": "?"}]}, {"personas": people[:1]},
        {"personas": [people[0], people[1] | {"facts": []}]},
    ]  # fmt: skip
    for at, change in enumerate(({"turns": None}, {"speech_event": None}, {"turns": [None]})):
        odd = write_dataset(tmp_path / f"odd{at}", [*whole, row(3) | change])
        with pytest.raises(StorageError, match="not as it was written"):
            export_dataset(odd, "messages", str(tmp_path / "none"))
    rows = whole + [row(3 + at) | change for at, change in enumerate(broken)]
    worse = {"reason": "x.y", "attempt": 1}
    rows += [row(1) | worse | {"turns": turns[:3]}]
    folder = write_dataset(tmp_path / "d", rows)
    for name in ("messages", "trl-dpo", "parlai"):
        made = export_dataset(folder, name, str(tmp_path / name))
        assert made.noted["rows that do not hold a whole dialogue"] == len(broken)
        assert sum(made.records.values()) == {"trl-dpo": 1}.get(name, 6)


def test_a_dataset_at_a_url_is_exported_too(dataset, exported, tmp_path):
    away = locate("memory://exports/d")
    for path in dataset.rglob("*"):
        if path.is_file():
            (away / str(path.relative_to(dataset))).put(path.read_bytes())
    made = export_dataset(away, "trl-dpo", str(tmp_path / "out"))
    for path in exported["trl-dpo"].folder.iterdir():
        assert (made.folder / path.name).read_bytes() == path.read_bytes()


def test_the_name_of_a_strangers_recipe_leads_nowhere(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = write_dataset(tmp_path / "d", [row(1), row(2)], name="../../../up/and/away")
    made = export_dataset(folder, "messages")
    assert str(made.folder) == "outputs/exports/up-and-away-messages"
    assert {path.name for path in tmp_path.iterdir()} == {"d", "here"}


def test_a_full_disk_is_one_sentence(dataset, tmp_path, monkeypatch):
    def full(value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crowdglot.datasets.exports.making.output.as_line", full)
    with pytest.raises(StorageError, match="the disk is full; make room"):
        export_dataset(dataset, "messages", str(tmp_path / "out"))
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_it_did(dataset, tmp_path, capsys):
    from crowdglot.command.app import app

    with pytest.raises(SystemExit) as ended:
        app(["export", str(dataset), "--as", "trl-dpo", "--to", str(tmp_path / "out")])
    assert ended.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "out: " in told and " train" in told
    assert "Left out: 1 rejected drafts equal to the accepted one." in told


def test_memory_does_not_grow_with_a_file(tmp_path, monkeypatch):
    """Rows are read some at a time, however many are in a file."""
    import pyarrow.parquet as pq

    folder = write_dataset(tmp_path / "d", [row(number) for number in range(600)])
    asked = []
    original = pq.ParquetFile.iter_batches

    def counted(self, at_once, **more):
        for batch in original(self, at_once, **more):
            asked.append(len(batch))
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    export_dataset(folder, "messages", str(tmp_path / "out"))
    assert sum(asked) == 600 and max(asked) <= 256
