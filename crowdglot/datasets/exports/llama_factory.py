"""``llama-factory``: ShareGPT conversations, the system text in a column, dataset_info.json."""

import json
from pathlib import Path

from crowdglot.datasets.exports.making.dialogues import TRAIN, VALIDATION
from crowdglot.datasets.exports.making.export import JSON_LINES, Export, Limit, Made, write_yaml
from crowdglot.datasets.exports.making.views import View, chat_records
from crowdglot.datasets.exports.sharegpt import renamed


def _shape(view: View, messages: list[dict[str, str]], folded: bool) -> dict[str, object]:
    """Turns of human and gpt by turns, an even number of them."""
    said = renamed(one for one in messages if one["role"] != "system")
    return {"system": "" if folded else view.system, "conversations": said}


def _finish(folder: Path, made: Made) -> None:
    """Write ``dataset_info.json``, which names a dataset for each split, and the lines for YAML."""
    named = {split: f"{made.name}_{split}" for split in JSON_LINES if made.records[split]}
    info = {name: _entry(JSON_LINES[split]) for split, name in named.items()}
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2) + "\n", "utf-8")
    settings = {"dataset_dir": ".", "dataset": named.get(TRAIN, next(iter(named.values())))}
    if VALIDATION in named:
        settings["eval_dataset"] = named[VALIDATION]
    head = "# dataset_dir is this folder, relative to where llamafactory-cli is started.\n"
    write_yaml(folder / "llama_factory.yaml", head, {**settings, "cutoff_len": made.room})


def _entry(file: str) -> dict[str, object]:
    tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
    columns = {"messages": "conversations", "system": "system"}
    return {"file_name": file, "formatting": "sharegpt", "columns": columns, "tags": tags}


EXPORT = Export(chat_records(_shape), _finish, Limit("LLaMA-Factory", "cutoff_len", 2048))
