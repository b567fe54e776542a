"""``llama-factory``: ShareGPT conversations, the system text in a column, dataset_info.json."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from crowdglot.datasets.exports.making.dialogues import TRAIN, VALIDATION, Told
from crowdglot.datasets.exports.making.export import JSON_LINES, Limit, Made, Record, Wanted
from crowdglot.datasets.exports.making.views import View, chat_records
from crowdglot.datasets.exports.sharegpt import renamed

FILES = JSON_LINES
REJECTED = False
LIMIT = Limit("LLaMA-Factory", "cutoff_len", 2048)


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view: turns of human and gpt by turns, an even number of them."""

    def shape(view: View, messages: list[dict[str, str]]) -> dict[str, object]:
        return {
            "system": "" if wanted.folded else view.system,
            "conversations": renamed(one for one in messages if one["role"] != "system"),
        }

    return chat_records(dialogues, wanted, shape)


def finish(folder: Path, made: Made) -> None:
    """Write ``dataset_info.json``, which names a dataset for each split, and the lines for YAML."""
    named = {split: f"{made.name}_{split}" for split in FILES if made.records[split]}
    info = {name: _entry(FILES[split]) for split, name in named.items()}
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", "utf-8")
    settings = {"dataset_dir": ".", "dataset": named.get(TRAIN, next(iter(named.values())))}
    if VALIDATION in named:
        settings["eval_dataset"] = named[VALIDATION]
    text = yaml.safe_dump({**settings, "cutoff_len": made.room}, sort_keys=False)
    head = "# dataset_dir is this folder, relative to where llamafactory-cli is started.\n"
    (folder / "llama_factory.yaml").write_text(head + text, "utf-8")


def _entry(file: str) -> dict[str, object]:
    return {
        "file_name": file,
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
        "tags": {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
        },
    }
