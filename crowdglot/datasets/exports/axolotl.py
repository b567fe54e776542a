"""``axolotl``: chat messages, and the lines of its YAML file that name them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from crowdglot.datasets.exports import messages
from crowdglot.datasets.exports.making.dialogues import TRAIN, VALIDATION, Told
from crowdglot.datasets.exports.making.export import JSON_LINES, Limit, Made, Record, Wanted

FILES = JSON_LINES
REJECTED = False
LIMIT = Limit("axolotl", "sequence_len", 512)


def records(dialogues: Iterable[Told], wanted: Wanted) -> Iterator[Record]:
    """A record for every view."""
    return messages.records(dialogues, wanted)


def finish(folder: Path, made: Made) -> None:
    """Write ``axolotl.yaml``, to be merged into one's own."""
    settings = {"datasets": [_source(TRAIN)]}
    if made.records[VALIDATION]:
        settings["test_datasets"] = [{**_source(VALIDATION), "split": "train"}]
    text = yaml.safe_dump({**settings, "sequence_len": made.room}, sort_keys=False)
    head = "# Paths are relative to the folder in which axolotl is started.\n"
    (folder / "axolotl.yaml").write_text(head + text, "utf-8")


def _source(split: str) -> dict[str, object]:
    return {
        "path": FILES[split],
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
