"""What a run needs beside its rows: earlier datasets, human dialogues, an embedding model."""

from pathlib import Path

from crowdglot.dialogues.human import human_files
from crowdglot.writing.ending.deduplicate import check_against
from crowdglot.writing.ending.embedding import embedder
from crowdglot.writing.opened import Job


def check_beside(job: Job) -> None:
    """Tell now what would else be told at the end: ConfigurationError or MaterialError."""
    check_against(job)
    if job.recipe.reference:
        human_files(Path(job.recipe.reference))
    embedder(job.recipe.embedding)
