"""Where a dataset is: a local folder or a URL, and the local folder for what stays here."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias, TypeVar

from crowdglot.datasets.storage.remote import Remote
from crowdglot.errors import ConfigurationError

Location: TypeAlias = Path | Remote

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(::[a-z0-9]+)*://")
_STORES = ("s3", "s3a", "gs", "az", "abfs", "abfss", "memory")
# Journals and locks of datasets at a URL, below the working directory.
_LOCAL = Path(".crowdglot")
_T = TypeVar("_T")


def is_url(text: str) -> bool:
    """Whether ``text`` is a URL and no path."""
    return bool(_URL.match(text))


def locate(text: str) -> Location:
    """The folder that ``text`` names: a path, a file:// URL, or the URL of an object store.

    ConfigurationError where it is another URL, or holds a password or a query (signatures stand
    there); the sentence does not repeat them.
    """
    if not is_url(text):
        return Path(text)
    scheme, _, rest = text.partition("://")
    if scheme == "file":
        return Path(rest)
    if scheme not in _STORES or re.search(r"[?#]|^[^/]*:.*@", rest):
        raise ConfigurationError(
            f"{scheme}://…: no dataset can be written there; give a folder, or s3://bucket/name, "
            "gs://bucket/name or az://container/name, without a password or a query, as "
            "credentials stand in the environment."
        )
    return Remote(text.rstrip("/"))


def local_folder(folder: Location) -> Path:
    """The folder for what must stay on this machine: ``folder`` itself where it is local.

    For a URL it is below the working directory, so only a run in the same directory continues.
    """
    if isinstance(folder, Path):
        return folder
    return _LOCAL / blake2b(folder.url.encode(), digest_size=8).hexdigest()


def for_each(work: Callable[[Location], _T], paths: Sequence[Location]) -> list[_T]:
    """What ``work`` makes of each path; in several threads where a path is at a URL."""
    if not any(isinstance(path, Remote) for path in paths):
        return [work(path) for path in paths]
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, paths))
