"""Weights from a model hub, by repository, file and pinned revision."""

import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from crowdglot.errors import EngineError, EngineUnavailable

_SPLIT = re.compile(r"-00001-of-(\d{5})\.gguf$")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REACH_SECONDS = 5.0


def download(repository: str, file: str, revision: str | None = None) -> tuple[Path, str]:
    """Fetch ``file`` into the hub's own cache; return its path and the commit it belongs to.

    ``revision``: a branch, tag or commit. Raises EngineUnavailable when the hub is out of reach
    and EngineError when it does not hold the file or does not give it away.
    """
    name = f"hf:{repository}:{file}" + (f"@{revision}" if revision else "")
    with _quiet(), _translated(name):
        # A commit never changes, and without a connection the client would try for half a minute.
        cached_only = bool(_COMMIT.fullmatch(revision or "")) and _cached(
            repository, file, revision
        )
        fault = "" if cached_only else _unreachable()
        if fault and not _cached(repository, file, revision):
            raise EngineUnavailable(
                f"{name}: {fault}; try again with a connection, or give the path of a local .gguf"
                " file as engine.model."
            )
        path = _fetch(repository, file, revision, cached_only or bool(fault))
        commit = _commit(path)
        if split := _SPLIT.search(file):
            for number in range(2, int(split[1]) + 1):
                other = _SPLIT.sub(f"-{number:05}-of-{split[1]}.gguf", file)
                _fetch(repository, other, commit, cached_only or bool(fault))
    return path, commit


def _fetch(repository: str, file: str, revision: str | None, cached_only: bool) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(repository, file, revision=revision, local_files_only=cached_only))


def _cached(repository: str, file: str, revision: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, file, revision=revision), str)


def _unreachable() -> str:
    """Why the hub cannot be reached, or "" where it can, or where a proxy stands between."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set and the hub's cache does not hold the file"
    address = urlsplit(constants.ENDPOINT)
    if address.scheme in getproxies():
        return ""
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), _REACH_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        return f"the hub at {address.hostname} cannot be reached ({reason})"
    return ""


def _commit(path: Path) -> str:
    """The hub's cache keeps files at snapshots/COMMIT/FILE."""
    parts = path.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of the hub's client on the terminal: its errors become one sentence of ours."""
    import huggingface_hub  # noqa: F401  (it sets its level when it is imported)

    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    from huggingface_hub import errors

    try:
        yield
    except EngineError:
        raise
    except errors.GatedRepoError:
        raise EngineError(
            f"{name}: this repository is gated; accept its terms on the hub and set HF_TOKEN."
        ) from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise EngineError(
            f"{name}: the hub has no such repository, or it is private; check the name or"
            " set HF_TOKEN."
        ) from None
    except errors.RevisionNotFoundError:
        raise EngineError(f"{name}: the repository has no such revision; check it.") from None
    except errors.RemoteEntryNotFoundError:
        raise EngineError(
            f"{name}: the repository has no such file; look its name up on the hub."
        ) from None
    except Exception as error:
        # The client lets its transport's own errors through, of whatever library that is.
        reason = str(error).strip().splitlines()
        raise EngineUnavailable(
            f"{name}: the hub cannot be reached or the download failed"
            f" ({type(error).__name__}{': ' + reason[0][:160] if reason else ''}); try again with a"
            " connection, or give the path of a local .gguf file as engine.model."
        ) from None
