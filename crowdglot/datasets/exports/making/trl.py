"""The YAML file that TRL's command reads."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from crowdglot.datasets.exports.making.export import Made


def write_config(path: Path, command: str, files: Mapping[str, str], made: Made) -> None:
    """Write what ``trl COMMAND --config PATH`` needs to know of the records."""
    there = {split: name for split, name in files.items() if made.records[split]}
    train = next(iter(there))
    settings = {
        "datasets": [{"path": "json", "data_files": {train: there[train]}, "split": train}],
        "max_length": made.room,
    }
    head = (
        f"# trl {command} --config {path.name} --model_name_or_path MODEL --output_dir FOLDER\n"
        "# Paths are relative to the folder in which it is started.\n"
    )
    path.write_text(head + yaml.safe_dump(settings, sort_keys=False), "utf-8")
