"""A dataset repository of the Hugging Face hub: "hf:org/name[@revision][:file-glob]".

Only data files are downloaded (Parquet, CSV, JSON, JSON lines), never scripts, and nothing of the
repository is executed. Files already in the hub's local cache serve where the hub is out of
reach or HF_HUB_OFFLINE is set, but only if all of them are there.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from logging import CRITICAL
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import logging
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.errors import MaterialError

SECONDS = 10.0
DATA_FILES = ("*.parquet", "*.csv", "*.json", "*.jsonl")
# Files about a dataset, and the drafts that crowdglot itself publishes as refused.
NOT_DIALOGUES = (
    "dataset_infos.json", "*dataset_info.json", "state.json", "metrics.json", "rejected/*",
)  # fmt: skip
_SOURCE = re.compile(
    r"hf:(?P<name>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[^:]+))?(?::(?P<glob>.+))?"
)


@dataclass(frozen=True, slots=True)
class Repository:
    """A dataset on the hub; ``glob`` picks files of it, all data files where it is None."""

    name: str
    revision: str
    glob: str | None

    def wants(self, file: str) -> bool:
        """Whether the file at that path in the repository is to be read."""
        if not any(fnmatch(file, pattern) for pattern in DATA_FILES):
            return False
        if self.glob is None:
            return not any(fnmatch(file, pattern) for pattern in NOT_DIALOGUES)
        return fnmatch(file, self.glob)


def parse_source(source: str) -> Repository:
    """The repository that ``source`` names; MaterialError if it is not of that form."""
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise MaterialError(
            f"{source}: not of the form hf:org/name[@revision][:files]; write it so."
        )
    return Repository(match["name"], match["revision"] or "main", match["glob"])


def read(source: str, *, endpoint: str | None = None) -> Iterator[Demonstration]:
    """Every dialogue of the repository's data files, file by file in order of their paths.

    ``endpoint``: the hub's address, HF_ENDPOINT or the public hub where None. MaterialError where
    the repository cannot be had, holds no data file, or one of them is damaged.
    """
    from crowdglot.dialogues.readers import read_file

    repository = parse_source(source)
    folder = download(repository, source, endpoint)
    files = sorted(
        path for path in folder.rglob("*")
        if path.is_file() and repository.wants(path.relative_to(folder).as_posix())
    )  # fmt: skip
    for path in files:
        name = f"hf:{repository.name}/{path.relative_to(folder).as_posix()}"
        try:
            for demonstration in read_file(path):
                yield replace(demonstration, source=f"{name}@{folder.name[:12]}")
        except MaterialError as error:
            hint = "" if repository.glob else f" (or choose files: {source}:*.parquet)"
            raise MaterialError(f"{str(error).replace(str(path), name)}{hint}") from None
    if not files:
        raise _nothing_wanted(source)


def download(repository: Repository, source: str, endpoint: str | None) -> Path:
    """The local folder that holds the wanted files of the repository."""
    api = HfApi(endpoint=endpoint)
    name, revision = repository.name, repository.revision
    try:
        # First of all a question with a time limit: it fails at once where there is no network,
        # while the download would wait and retry.
        info = api.dataset_info(name, revision=revision, timeout=SECONDS)
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise MaterialError(_explain(error, source, api.endpoint)) from None
    except Exception as error:  # the client's transport has many kinds of failure of its own
        return _from_cache(repository, source, _explain(error, source, api.endpoint))
    wanted = [file.rfilename for file in info.siblings or () if repository.wants(file.rfilename)]
    if not wanted:
        raise _nothing_wanted(source)
    try:
        with _quiet():
            folder = snapshot_download(
                name,
                repo_type="dataset",
                revision=revision,
                allow_patterns=wanted,
                endpoint=endpoint,
                etag_timeout=SECONDS,
            )
    except Exception as error:
        raise MaterialError(_explain(error, source, api.endpoint)) from None
    return Path(folder)


def _from_cache(repository: Repository, source: str, reason: str) -> Path:
    """The folder of an earlier download if it is whole, otherwise MaterialError with ``reason``."""
    glob = repository.glob
    try:
        folder = snapshot_download(
            repository.name,
            repo_type="dataset",
            revision=repository.revision,
            allow_patterns=glob or list(DATA_FILES),
            ignore_patterns=None if glob else list(NOT_DIALOGUES),
            local_files_only=True,
        )
    except Exception:
        raise MaterialError(reason) from None
    return Path(folder)


def _explain(error: Exception, source: str, endpoint: str) -> str:
    """One sentence: what failed and what to do."""
    if isinstance(error, OfflineModeIsEnabled):
        return (
            f"{source}: HF_HUB_OFFLINE is set and the dataset is not in the local cache; "
            "unset it, or give a local file."
        )
    if isinstance(error, GatedRepoError):
        return f"{source}: access must be asked for on the hub; then set HF_TOKEN."
    if isinstance(error, RepositoryNotFoundError | HFValidationError):
        return f"{source}: no such dataset for you on {endpoint}; check the id or set HF_TOKEN."
    if isinstance(error, RevisionNotFoundError):
        return f"{source}: the dataset has no such revision; check what follows the @."
    return (
        f"{source}: the hub at {endpoint} cannot be had ({type(error).__name__}) and the dataset "
        "is not in the local cache; check the network, or give a local file."
    )


def _nothing_wanted(source: str) -> MaterialError:
    return MaterialError(
        f"{source}: no such Parquet, CSV, JSON or JSON lines file in the repository; "
        "check what follows the colon, or take another revision such as @refs/convert/parquet."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the hub client's log lines, whose failures are told in our own sentence.

    Its progress bars are left to terminals.
    """
    before = logging.get_verbosity()
    bars = sys.stderr.isatty() or are_progress_bars_disabled()
    logging.set_verbosity(CRITICAL)
    if not bars:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if not bars:
            enable_progress_bars()
