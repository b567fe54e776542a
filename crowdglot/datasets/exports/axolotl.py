"""``axolotl``: chat messages, and the lines of its YAML file that name them."""

from pathlib import Path

from crowdglot.datasets.exports import messages
from crowdglot.datasets.exports.making.dialogues import TRAIN, VALIDATION
from crowdglot.datasets.exports.making.export import JSON_LINES, Export, Limit, Made, write_yaml


def _finish(folder: Path, made: Made) -> None:
    """Write ``axolotl.yaml``, to be merged into one's own."""
    settings: dict[str, object] = {"datasets": [_source(TRAIN)]}
    if made.records[VALIDATION]:
        settings["test_datasets"] = [{**_source(VALIDATION), "split": "train"}]
    head = "# Paths are relative to the folder in which axolotl is started.\n"
    write_yaml(folder / "axolotl.yaml", head, {**settings, "sequence_len": made.room})


def _source(split: str) -> dict[str, object]:
    return {
        "path": JSON_LINES[split],
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "message_property_mappings": {"role": "role", "content": "content"},
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }


EXPORT = Export(messages.EXPORT.records, _finish, Limit("axolotl", "sequence_len", 512))
