"""The command's report of a dataset that lies on disk: no LLM is asked, nothing judged anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.datasets.funnel import Funnel, read_metrics
from crowdglot.datasets.report import Facts, gather, write_report
from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.human import read_human
from crowdglot.engines.settings import EmbeddingSettings
from crowdglot.writing.ending.references import embedder


def rewrite_report(
    folder: Location, embedding: EmbeddingSettings, human: Path | None = None
) -> tuple[Location, Facts]:
    """Write ``report.html`` and ``metrics.json`` into the dataset's folder; the page and its facts.

    ``human``: a folder of human dialogues to compare with. StorageError where the folder is no
    dataset or a file of it is damaged, EngineError where the embedding model gives no vectors.
    """
    recipe = read_stored_recipe(folder)
    tags = sorted({path.name for part in ("data", "rejected") for path in folder.glob(f"{part}/*")})
    known = read_metrics(folder)
    personas = known.get("personas_available")
    facts = gather(
        folder,
        str(recipe.get("name") or folder.resolve().name),
        seed=recipe.get("seed", 0),
        wanted=_wanted(known),
        personas_available=personas if type(personas) is int and personas > 0 else 0,
        reference=read_human(human, tags) if human else {},
        embed=embedder(embedding),
    )
    return write_report(folder, facts), facts


def _wanted(known: Mapping[str, Any]) -> dict[tuple[str, str], int] | None:
    """The quota of the cells that were short when the run ended, as the others met theirs.

    None where no run has ended since the shards changed.
    """
    if "short" not in known.get("funnel", {}):
        return None
    short = Funnel.from_metrics(known["funnel"]).short
    return {(language, event): wanted for language, event, wanted, _ in short}
