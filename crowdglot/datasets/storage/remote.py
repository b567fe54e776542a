"""A folder or file at a URL: the few methods of ``pathlib.Path`` that a dataset needs, by fsspec.

Credentials and addresses of servers come from the environment and from the configuration of the
protocol's own library, never from the URL. Errors are StorageErrors of one sentence; only where
something is missing, FileNotFoundError is raised, as by a path.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from crowdglot.errors import ConfigurationError, CrowdglotError, StorageError

# Here a put is one step: readers see the old object or the new one. Elsewhere (sftp, smb, hdfs …)
# a file is put under another name first, and moved.
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
# Parts of the names of what the protocols' libraries raise, as most of them are not installed.
_NO_CREDENTIALS = ("credential", "token", "profilenotfound", "refresherror", "clientauthentication")
_UNREACHABLE = ("connect", "timeout", "timedout", "resolve", "network", "ssl")


@dataclass(frozen=True, slots=True, order=True)
class Remote:
    """A file or folder, there or not yet, at ``url``, which does not end with a slash."""

    url: str

    def __str__(self) -> str:
        return self.url

    def __truediv__(self, part: "str | Path") -> "Remote":
        return Remote(f"{self.url}/{part}")

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def parent(self) -> "Remote":
        """The folder around it."""
        return Remote(self.url.rsplit("/", 1)[0])

    @property
    def parents(self) -> "tuple[Remote, ...]":
        """All folders around it, the nearest first."""
        found, path = list[Remote](), self.parent
        while not path.url.endswith(("/", ":")):
            found.append(path)
            path = path.parent
        return tuple(found)

    def relative_to(self, folder: "Remote") -> Path:
        """The path from ``folder`` to it; ValueError if it is not in ``folder``."""
        if folder not in self.parents:
            raise ValueError(f"{self.url} is not below {folder.url}")
        return Path(self.url[len(folder.url) + 1 :])

    def resolve(self) -> Self:
        """Itself: a URL has no links to follow."""
        return self

    def exists(self) -> bool:
        """Whether there is an object, or anything below it."""
        try:
            self._do("info")
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        """Whether anything is below it."""
        return bool(self._list())

    def iterdir(self) -> Iterator["Remote"]:
        """What is directly below it; nothing where there is no such folder."""
        return (path for path, _ in self._list())

    def glob(self, pattern: str) -> Iterator["Remote"]:
        """What matches a pattern of names, such as "*/*.parquet"; lists each folder once."""
        first, slash, rest = pattern.partition("/")
        for path, is_folder in self._list():
            if not fnmatch(path.name, first):
                continue
            if not slash:
                yield path
            elif is_folder:
                yield from path.glob(rest)

    def read_bytes(self, most: int = 0) -> bytes:
        """The whole object, or its first ``most`` bytes; FileNotFoundError if there is none."""
        return bytes(self._do("cat_file", **({"end": most} if most else {})))

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def modified(self) -> datetime:
        """When it was put, by the clock of the store."""
        moment: datetime = self._do("modified")
        return moment

    @contextmanager
    def open(self) -> Iterator["Ranges"]:
        """Read parts of it: each ``read`` asks the store for just those bytes."""
        with self._do("open", mode="rb", cache_type="none") as file:
            yield Ranges(self, file)

    def put(self, source: Path) -> None:
        """Put a local file here in one step."""
        self._write(lambda system, key: system.put_file(str(source), key))

    def write_bytes(self, content: bytes) -> None:
        """Put ``content`` here in one step."""
        self._write(lambda system, key: system.pipe_file(key, content))

    def create(self, content: bytes) -> bool:
        """Put ``content`` here unless there is something already; whether it was put.

        One step where the store has a conditional put (S3, Google and Azure do); elsewhere it
        is looked for first.
        """
        try:
            self._make_parent()
            self._do("pipe_file", content, mode="create")
        except FileExistsError:
            return False
        except FileNotFoundError as error:
            raise self._no_bucket(error) from None
        return True

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Delete the object."""
        try:
            self._do("rm_file")
        except (FileNotFoundError, KeyError):
            if not missing_ok:
                raise

    def replace(self, target: "Remote") -> None:
        """Move the object to ``target``."""
        target._make_parent()
        self._do("mv", _file_system(target.url)[1])

    def _do(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of the file system on this path."""
        with telling(self):
            system, key = _file_system(self.url)
            return getattr(system, method)(key, *arguments, **options)

    def _list(self) -> list[tuple["Remote", bool]]:
        """What is directly below it, each with whether it is a folder."""
        try:
            found = self._do("ls", detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        key = _file_system(self.url)[1].strip("/")
        entries = [(entry["name"].strip("/"), entry["type"] == "directory") for entry in found]
        # Some stores list the folder itself.
        return [(self / name.rsplit("/", 1)[-1], is_dir) for name, is_dir in entries if name != key]

    def _write(self, put: Callable[[Any, str], None]) -> None:
        """Have ``put`` write here, in one step."""
        with telling(self):
            system, key = _file_system(self.url)
            try:
                if self._is_object:
                    put(system, key)
                else:
                    self._make_parent()
                    temporary = f"{key}.{uuid4().hex[:8]}.tmp"
                    put(system, temporary)
                    system.mv(temporary, key)
            except FileNotFoundError as error:
                raise self._no_bucket(error) from None

    @property
    def _is_object(self) -> bool:
        return self.url.partition("://")[0] in _OBJECT_STORES

    def _no_bucket(self, error: FileNotFoundError) -> StorageError:
        return StorageError(
            f"{self}: there is no such bucket ({_short(error)}); create it, or choose another "
            "output."
        )

    def _make_parent(self) -> None:
        """Make the folder around it; an object store has none, and would make a bucket."""
        if not self._is_object:
            self.parent._do("makedirs", exist_ok=True)


class Ranges:
    """A file of fsspec opened for reading, whose errors while reading are ours."""

    def __init__(self, path: Remote, file: Any) -> None:
        self._path, self._file = path, file

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes."""
        with telling(self._path):
            return bytes(self._file.read(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def telling(path: Remote) -> Iterator[None]:
    """Turn what a store's library raises into one sentence.

    Errors that say whether something exists are left as they are.
    """
    try:
        yield
    except (CrowdglotError, FileNotFoundError, FileExistsError, NotADirectoryError, KeyError):
        raise
    except Exception as error:
        raise StorageError(f"{path}: {_sentence(path, error)}") from None


def _sentence(path: Remote, error: Exception) -> str:
    """What is wrong, and the remedy."""
    kind = type(error).__name__.lower()
    if any(part in kind for part in _NO_CREDENTIALS):
        how = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        known = f" ({how})" if path.url.startswith("s3") else ""
        return (
            f"there are no credentials to use ({_short(error)}); set them in the environment"
            f"{known}, not in the recipe, and run the same command again."
        )
    if isinstance(error, PermissionError):
        return f"access is refused ({_short(error)}); check the credentials and what they may do."
    if isinstance(error, ConnectionError) or any(part in kind for part in _UNREACHABLE):
        return (
            f"cannot be reached ({_short(error)}); check the address and the network, then run "
            "the same command again."
        )
    return (
        f"cannot be read or written ({_short(error)}); check the address, then run the same "
        "command again."
    )


def _short(error: Exception) -> str:
    lines = str(error).splitlines()
    return (lines[0][:200].rstrip(". ") if lines else "") or type(error).__name__


def _file_system(url: str) -> tuple[Any, str]:
    """The file system of a URL and the path in it."""
    parts = urlsplit(url)
    system = _connect(f"{parts.scheme}://{parts.netloc}", os.getpid())
    return system, str(system._strip_protocol(url))


@lru_cache(maxsize=8)
def _connect(root: str, _process: int) -> Any:
    """One file system for all threads of a process; its listings are never kept."""
    from fsspec.core import url_to_fs

    protocol = root.partition("://")[0]
    try:
        return url_to_fs(root, use_listings_cache=False)[0]
    except ImportError as error:
        raise ConfigurationError(
            f"{root}: the library for {protocol}:// is not installed ({_short(error)}); install "
            f"it, for example by: pip install 'crowdglot[{_EXTRAS.get(protocol, protocol)}]'."
        ) from None
    except ValueError as error:
        raise ConfigurationError(
            f"{root}: '{protocol}' is no protocol that can be written to ({_short(error)}); use a "
            "folder, or s3://, gs:// or az://."
        ) from None


_EXTRAS = {"s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "abfss": "azure"}
