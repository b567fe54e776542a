"""The YAML file that TRL's command reads."""

from pathlib import Path

from crowdglot.datasets.exports.making.export import JSON_LINES, Limit, Made, write_yaml


def limit(trainer: str) -> Limit:
    """What one of TRL's trainers cuts by default."""
    return Limit(f"TRL's {trainer}", "max_length", 1024)


def write_config(folder: Path, command: str, made: Made) -> None:
    """Write what ``trl COMMAND --config trl_COMMAND.yaml`` needs to know of the records."""
    split = next(split for split in JSON_LINES if made.records[split])
    source = {"path": "json", "data_files": {split: JSON_LINES[split]}, "split": split}
    path = folder / f"trl_{command}.yaml"
    head = (
        f"# trl {command} --config {path.name} --model_name_or_path MODEL --output_dir FOLDER\n"
        "# Paths are relative to the folder in which it is started.\n"
    )
    write_yaml(path, head, {"datasets": [source], "max_length": made.room})
