"""A folder or file at a URL: the few methods of ``pathlib.Path`` that a dataset needs, by fsspec.

Credentials and addresses of servers come from the environment and from the configuration of the
protocol's own library, never from the URL. What goes wrong on the way is a StorageError of one
sentence; only what is missing is a FileNotFoundError, as with a path.
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
# What the libraries behind the protocols raise, by name, as most of them are not installed.
_NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
        "ProfileNotFound", "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError",
        "DefaultCredentialsError", "RefreshError", "ClientAuthenticationError",
    }
)  # fmt: skip
_UNREACHABLE = ("connect", "timeout", "timedout", "resolve", "network", "ssl")


@dataclass(frozen=True, slots=True, order=True)
class Remote:
    """What lies, or shall lie, at ``url``; no slash at its end."""

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
    def stem(self) -> str:
        """The name without its suffix."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last point on."""
        return Path(self.name).suffix

    @property
    def parent(self) -> "Remote":
        """The folder around it."""
        return Remote(self.url.rsplit("/", 1)[0])

    @property
    def parents(self) -> "tuple[Remote, ...]":
        """All folders around it, the nearest first."""
        found = []
        path = self.parent
        while not path.url.endswith(("/", ":")):
            found.append(path)
            path = path.parent
        return tuple(found)

    def relative_to(self, folder: "Remote") -> Path:
        """The way from ``folder`` to it; ValueError if it lies elsewhere."""
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
        """Whether anything lies below it."""
        return any(True for _ in self.iterdir())

    def iterdir(self) -> Iterator["Remote"]:
        """What lies directly below it; nothing where there is no such folder."""
        return (path for path, _ in self._list())

    def glob(self, pattern: str) -> Iterator["Remote"]:
        """What fits a pattern of names with ``*``, such as "*/*.parquet"; one call a folder."""
        first, slash, rest = pattern.partition("/")
        for path, is_folder in self._list():
            if not fnmatch(path.name, first):
                continue
            if not slash:
                yield path
            elif is_folder:
                yield from path.glob(rest)

    def read_bytes(self) -> bytes:
        """The whole object; FileNotFoundError if there is none."""
        content: bytes = self._do("cat_file")
        return content

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
        file = self._do("open", mode="rb", cache_type="none")
        try:
            yield Ranges(self, file)
        finally:
            file.close()

    def put(self, source: Path) -> None:
        """Put a local file here in one step."""
        self._place(lambda system, key: system.put_file(str(source), key))

    def write_bytes(self, content: bytes) -> None:
        """Put ``content`` here in one step."""
        self._place(lambda system, key: system.pipe_file(key, content))

    def create(self, content: bytes) -> bool:
        """Put ``content`` here unless there is something already; whether it was put.

        One step where the store has a conditional put (S3, Google and Azure do); elsewhere it
        is looked for first.
        """
        with telling(self):
            self._make_parent()
            system, key = _file_system(self.url, os.getpid())
            try:
                system.pipe_file(key, content, mode="create")
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
        with telling(self):
            target._make_parent()
            system, key = _file_system(self.url, os.getpid())
            system.mv(key, _file_system(target.url, os.getpid())[1])

    def _do(self, method: str, **options: Any) -> Any:
        """Call a method of the file system on this path."""
        with telling(self):
            system, key = _file_system(self.url, os.getpid())
            return getattr(system, method)(key, **options)

    def _list(self) -> list[tuple["Remote", bool]]:
        """What lies directly below it, each with whether it is a folder."""
        try:
            found = self._do("ls", detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = ((entry["name"].rstrip("/").rsplit("/", 1)[-1], entry) for entry in found)
        key = _file_system(self.url, os.getpid())[1].strip("/")
        return [
            (self / name, entry["type"] == "directory")
            for name, entry in names
            if entry["name"].strip("/") != key  # some stores list the folder itself
        ]

    def _place(self, put: Callable[[Any, str], None]) -> None:
        """Have ``put`` write here, in one step."""
        with telling(self):
            system, key = _file_system(self.url, os.getpid())
            try:
                if self.url.partition("://")[0] in _OBJECT_STORES:
                    put(system, key)
                else:
                    self._make_parent()
                    temporary = f"{key}.{uuid4().hex[:8]}.tmp"
                    put(system, temporary)
                    system.mv(temporary, key)
            except FileNotFoundError as error:
                raise self._no_bucket(error) from None

    def _no_bucket(self, error: FileNotFoundError) -> StorageError:
        return StorageError(
            f"{self}: there is no such bucket ({_short(error)}); create it, or choose another "
            "output."
        )

    def _make_parent(self) -> None:
        """Make the folder around it; an object store has none, and would make a bucket."""
        if self.url.partition("://")[0] not in _OBJECT_STORES:
            system, key = _file_system(self.parent.url, os.getpid())
            system.makedirs(key, exist_ok=True)


class Ranges:
    """A file opened for reading, as pyarrow wants it, whose errors are ours."""

    def __init__(self, place: Remote, file: Any) -> None:
        self._place, self._file = place, file

    @property
    def closed(self) -> bool:
        """Whether it can no longer be read."""
        return bool(self._file.closed)

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes."""
        with telling(self._place):
            content: bytes = self._file.read(size)
            return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place in the file."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Where the next ``read`` begins."""
        return int(self._file.tell())

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


@contextmanager
def telling(place: Remote) -> Iterator[None]:
    """Turn what a store's library raises into one sentence, but for what is missing or there."""
    try:
        yield
    except (CrowdglotError, FileNotFoundError, FileExistsError, NotADirectoryError, KeyError):
        raise
    except Exception as error:
        raise StorageError(f"{place}: {_sentence(place, error)}") from None


def _sentence(place: Remote, error: Exception) -> str:
    """What is wrong, and the remedy."""
    kind = type(error).__name__
    if kind in _NO_CREDENTIALS:
        how = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        known = f" ({how})" if place.url.startswith("s3") else ""
        return (
            f"there are no credentials to use ({_short(error)}); set them in the environment"
            f"{known}, not in the recipe, and run the same command again."
        )
    if isinstance(error, PermissionError):
        return f"access is refused ({_short(error)}); check the credentials and what they may do."
    if isinstance(error, ConnectionError) or any(part in kind.lower() for part in _UNREACHABLE):
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


def _file_system(url: str, process: int) -> tuple[Any, str]:
    """The file system of a URL and the path in it."""
    parts = urlsplit(url)
    system = _connect(f"{parts.scheme}://{parts.netloc}", parts.scheme, process)
    return system, str(system._strip_protocol(url))


@lru_cache(maxsize=8)
def _connect(root: str, protocol: str, _process: int) -> Any:
    """One file system for all threads of a process; its listings are never kept."""
    from fsspec.core import url_to_fs

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
