"""A folder or file in an object store: the few methods of ``pathlib.Path`` that a dataset needs.

Credentials and addresses of servers come from the environment, never from the URL. Errors are
StorageErrors of one sentence; where an object is missing, it is FileNotFoundError, as of a path.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crowdglot.errors import ConfigurationError, CrowdglotError, StorageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# Nobody waits much longer than three minutes for a store, all that is tried again included.
_TIMEOUT = timedelta(seconds=60)
_PATIENCE: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=120)}
_users: set[int] = set()
_AWS, _GOOGLE = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS"
_AZURE = "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY"
# By what an error holds: what is wrong, and the remedy. The first that fits is told.
_REMEDIES = {
    ">(NoSuchBucket|ContainerNotFound)": "there is no such bucket; create it, or choose another",
    "code: 40[13]|>ExpiredToken": "access is refused; check the credentials and what they may do",
    r"configured region|>\w+(Redirect|Malformed)": "the region is wrong; set AWS_REGION to its own",
    r"^\w*(Profile|Credential|Token|SSO)|^Unauth|None from|token request|/latest/(api|meta-)|"
    r"computeMetadata|error: (?!Error).*([Cc]redential|ccount|Access Key)": "there are no "
    "credentials to use; set {keys} in the environment, not in the recipe",
    "HTTP error": "cannot be reached; check the address and the network",
    "": "cannot be read or written; check the address",
}


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
        return self.url.rsplit("/", 1)[-1]

    @property
    def parents(self) -> "tuple[Remote, ...]":
        """All folders around it, the nearest first and the bucket last."""
        parts = self.url.split("/")
        return tuple(Remote("/".join(parts[:end])) for end in range(len(parts) - 1, 2, -1))

    def resolve(self) -> Self:
        """Itself: a URL has no links to follow."""
        return self

    def exists(self) -> bool:
        """Whether there is an object here; a folder is none."""
        with suppress(FileNotFoundError), _reaching(self) as (store, key):
            return bool(store.head(key))
        return False

    def glob(self, pattern: str) -> "list[Remote]":
        """What matches a pattern of names, such as "*/*.parquet"; lists each folder once."""
        first, _, rest = pattern.partition("/")
        with _reaching(self) as (store, key):
            found = store.list_with_delimiter(key)
        # Some tools make an object of the folder's own name.
        files = [one["path"] for one in found["objects"] if not rest and one["path"] != key]
        names = [path.rsplit("/", 1)[-1] for path in (*found["common_prefixes"], *files)]
        matching = [self / name for name in names if fnmatchcase(name, first)]
        return [path for folder in matching for path in folder.glob(rest)] if rest else matching

    def fetch(self) -> tuple[bytes, Mapping[str, Any]]:
        """The object, and what the store says of it: "e_tag", "version" and "last_modified"."""
        with _reaching(self) as (store, key):
            found = store.get(key)
            return bytes(found.bytes()), {**found.meta}

    def read_bytes(self, most: int = 0) -> bytes:
        """The whole object, or its first ``most`` bytes; FileNotFoundError if there is none."""
        with _reaching(self) as (store, key):
            found = store.get(key)
            if most and found.meta["size"] > most:
                return bytes(store.get_range(key, start=0, length=most))
            return bytes(found.bytes())

    def read_text(self, encoding: str = "utf-8") -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def open(self) -> "_Ranges":
        """Read parts of it: each ``read`` asks the store for just those bytes."""
        with _reaching(self) as (store, key):
            from obstore import open_reader

            return _Ranges(self, open_reader(store, key, buffer_size=1))

    def put(self, content: Path | bytes) -> None:
        """Put a local file or ``content`` here: readers see the old object or the new one."""
        with _reaching(self) as (store, key):
            store.put(key, content)

    def put_if(self, content: bytes, seen: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Put ``content`` in place of what was ``seen``, or of nothing; None if it has changed."""
        with _reaching(self) as (store, key):
            from obstore.exceptions import AlreadyExistsError, PreconditionError

            mode: Any = {k: v for k, v in (seen or {}).items() if v and k in ("e_tag", "version")}
            try:
                return {**store.put(key, content, mode=mode or "create")}
            except (AlreadyExistsError, PreconditionError):
                return None

    def unlink(self, *, missing_ok: bool = True) -> None:
        """Delete the object; no store tells whether there was one."""
        with suppress(FileNotFoundError), _reaching(self) as (store, key):
            store.delete(key)


class _Ranges:
    """An object opened for reading, as pyarrow wants it; what fails meanwhile becomes ours."""

    closed = False

    def __init__(self, path: Remote, file: Any) -> None:
        self._path, self._file = path, file

    def read(self, size: int) -> bytes:
        with _reaching(self._path):
            return bytes(self._file.read(size))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def _reaching(path: Remote) -> "Iterator[tuple[ObjectStore, str]]":
    """The store of ``path`` and its key there; what obstore raises becomes one sentence."""
    scheme, _, rest = path.url.partition("://")
    bucket, _, key = rest.partition("/")
    try:
        yield _connect(f"{scheme}://{bucket}", os.getpid()), key
    except CrowdglotError:
        raise
    except Exception as error:
        text, _, dump = f"{type(error).__name__}: {error}".partition("\n\nDebug source")
        part = next(part for part in _REMEDIES if re.search(part, text))
        if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in part:
            raise
        told = re.search(r'<Code>(\w+)|(?:message|error): "(.+?)"', text + dump)
        cause = (told[1] or told[2]) if told else text.rpartition(" - ")[2][:200].rstrip(".: ")
        keys = {"s": _AWS, "g": _GOOGLE}.get(scheme[0], _AZURE)
        what, remedy = _REMEDIES[part].format(keys=keys).split("; ")
        raise StorageError(
            f"{path}: {what} ({cause}); {remedy}, then run the same command again."
        ) from None


@cache
def _connect(root: str, process: int) -> "ObjectStore":
    """One store for all threads of this process."""
    _users.add(process)
    if len(_users) > 1:  # obstore would wait forever for threads that are not there
        raise StorageError(f"{root}: a forked process cannot use it; start processes by 'spawn'.")
    try:
        from obstore.store import MemoryStore, from_url
    except ImportError:
        raise ConfigurationError(
            f"{root}: obstore is missing; install it by: pip install 'crowdglot[remote]'."
        ) from None
    if root.startswith("memory:"):
        return MemoryStore()
    provider: Any = None
    if root.startswith("s3") and "AWS_ACCESS_KEY_ID" not in os.environ:
        with suppress(ImportError):  # it knows profiles and single sign-on, which obstore does not
            from obstore.auth.boto3 import Boto3CredentialProvider

            provider = Boto3CredentialProvider()
    http = any(
        re.match("(AWS|AZURE)_.*ENDPOINT.*=http://", f"{n}={v}") for n, v in os.environ.items()
    )
    return from_url(
        root,
        client_options={"allow_http": http, "timeout": _TIMEOUT},
        retry_config=_PATIENCE,
        credential_provider=provider,
    )
