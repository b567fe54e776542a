"""``publish``: a dataset's folder becomes a dataset on the hub, and stays the same one."""

import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import tomli_w
from yaml import YAMLError

from crowdglot.datasets.card import CARD, PLACE
from crowdglot.datasets.folder import FORMAT, RECIPE, locked, read_stored_recipe
from crowdglot.datasets.funnel import Funnel, stored_funnel
from crowdglot.datasets.publishing.audited import check_audit
from crowdglot.datasets.publishing.croissant import CROISSANT, croissant
from crowdglot.datasets.publishing.recipe import check_same_recipe, public_recipe, recipe_hash
from crowdglot.datasets.publishing.staging import differing, link_into, published_files
from crowdglot.datasets.scan import collect, rows_of
from crowdglot.datasets.shards import files_of
from crowdglot.datasets.storage.guarded import read_stored
from crowdglot.datasets.storage.location import Location
from crowdglot.datasets.withdrawals import read_withdrawals
from crowdglot.errors import StorageError
from crowdglot.hub_repository import Repository, open_repository

_MOST_CARD = 1 << 20  # bytes
# What the hub puts into a new repository by itself.
_NOBODYS = frozenset({".gitattributes", CARD})
# Licences that a card leaves open, and the hub may know.
_LICENCE = re.compile(r"see <?https://huggingface\.co/(datasets/)?([\w.-]+/[\w.-]+?)>?(?= \||\n)")


@dataclass(frozen=True, slots=True)
class Published:
    """``uploaded``, ``deleted``: paths in the repository. ``tag``: names this very dataset."""

    url: str
    tag: str
    uploaded: tuple[str, ...]
    deleted: tuple[str, ...]


def publish_dataset(
    folder: Location, name: str, *, private: bool = False, gated: bool = False
) -> Published:
    """Upload what the repository ``name`` does not hold yet of the dataset, and tag it.

    The repository is made where it is not there. After any interruption the same call goes on.
    ``private``, ``gated``: make it so; else it is as it was, or public. ConfigurationError for a
    wrong name and without a token; StorageError where the dataset is not fit to be published, the
    repository holds something else, or the hub does not take it.
    """
    if not isinstance(folder, Path):
        raise StorageError(f"{folder}: only a local folder is published; copy the dataset to one.")
    stored = read_stored_recipe(folder)
    public = public_recipe(stored)
    repository = open_repository(name)
    with locked(folder), tempfile.TemporaryDirectory(prefix="crowdglot-") as temporary:
        tag = f"recipe-{recipe_hash(public.get('identity') or {})}-{_ready(folder).accepted}"
        check_audit(folder, stored)
        repository.prepare(private=private, gated=gated)
        there = repository.files()
        _refuse_others(repository, there, public)
        own = _written_anew(folder, Path(temporary) / "own", repository, public, tag)
        files = {**published_files(folder), **own}
        changed = differing(files, there)
        gone = [path for path in there if _ours(path) and path not in files]
        _upload(repository, changed, gone, Path(temporary))
        repository.tag(tag)
    return Published(repository.url, tag, tuple(sorted(changed)), tuple(sorted(gone)))


def _ready(folder: Path) -> Funnel:
    """The counts of the dataset's last run; StorageError where it is not fit to be published."""
    funnel = stored_funnel(folder)
    if funnel is None or not (folder / CARD).exists():
        raise StorageError(
            f"{folder}: its last run did not come to its end, so nothing is counted; run "
            "`crowdglot synthesize` on it first."
        )
    if not funnel.accepted:
        raise StorageError(f"{folder}: no dialogue was accepted; there is nothing to publish.")
    if count := _still_there(folder):
        raise StorageError(
            f"{folder}: {count} dialogues were withdrawn and still are in data/; run `crowdglot "
            "synthesize` on it, which takes them out, then publish."
        )
    return funnel


def _still_there(folder: Path) -> int:
    """How many rows are in data/ although they were withdrawn."""
    withdrawals = read_withdrawals(folder)
    shards = {(one.language, f"train-{one.shard:05d}.parquet") for one in withdrawals.every}
    rows = (
        (row["index"], row["attempt"], [turn["text"] for turn in row["turns"]])
        for tag, name in shards
        if (path := folder / "data" / tag / name).exists()
        for row in rows_of(path, ("index", "attempt", "turns"))
    )
    return sum(bool(withdrawals.verdicts(*row)) for row in rows)


def _refuse_others(repository: Repository, there: dict[str, str], public: dict[str, Any]) -> None:
    """Raise StorageError where the repository holds something else than this dataset."""
    if RECIPE in there:
        check_same_recipe(repository.name, repository.read(RECIPE), public)
    elif strange := sorted(there.keys() - _NOBODYS):
        raise StorageError(
            f"{repository.name}: holds '{strange[0]}' but no {RECIPE}, so it is no dataset of "
            "crowdglot; choose another --repo."
        )


def _written_anew(
    folder: Path, target: Path, repository: Repository, public: dict[str, Any], tag: str
) -> dict[str, Path]:
    target.mkdir()
    try:
        card = _filled_in(read_stored(folder / CARD, _MOST_CARD).decode("utf-8"), repository)
        metadata = croissant(repository.url, repository.name, card, tag, _newest(folder))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, YAMLError):
        raise StorageError(
            f"{folder / CARD}: has no header that can be read; restore it, or delete metrics.json "
            "there and run `crowdglot synthesize`, which writes both anew."
        ) from None
    recipe = tomli_w.dumps({**public, "format": FORMAT})
    texts = {CARD: card, RECIPE: recipe, CROISSANT: metadata}
    for name, text in texts.items():
        (target / name).write_text(text, "utf-8")
    return {name: target / name for name in texts}


def _newest(folder: Path) -> str:
    """The day on which the newest accepted dialogue was written."""
    moments = collect(files_of(folder, "data"), ("created_at",))["created_at"]
    return cast(datetime, moments.max()).date().isoformat()


def _filled_in(card: str, repository: Repository) -> str:
    """The card with the repository's name, and with licences that the hub knows."""

    def told(match: re.Match[str]) -> str:
        licence = repository.license_of(match[2], dataset=bool(match[1]))
        # Only what looks like the name of a licence gets into our card.
        known = re.fullmatch(r"[\w.+, -]{1,80}", licence)
        return f"{licence}, {match[0]}" if known else match[0]

    return _LICENCE.sub(told, card).replace(PLACE, repository.name)


def _ours(path: str) -> bool:
    return path.startswith(("data/", "rejected/")) or path in ("failed.jsonl", "withdrawals.jsonl")


def _upload(
    repository: Repository, changed: dict[str, Path], gone: list[str], temporary: Path
) -> None:
    """Upload the recipe before all else, so that a repository that is cut short is known again."""
    first = {RECIPE: changed[RECIPE]} if RECIPE in changed else {}
    rest = {name: path for name, path in changed.items() if name not in first}
    if first:
        repository.put(link_into(temporary / "first", first), "The recipe")
    if rest or gone:
        folder = link_into(temporary / "rest", rest)
        repository.put(folder, "The dialogues, and what is told of them", gone)
