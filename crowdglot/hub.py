"""The one client of the Hugging Face hub: files of models and datasets, in the hub's own cache.

The hub's address is HF_ENDPOINT, or the public one. We test first, with a time limit, whether the
hub can be reached: its library alone would try for half a minute. Where the hub cannot be had, or
HF_HUB_OFFLINE is set, the cache serves. Every failure becomes one sentence. The library is imported
inside functions, because most commands do not need it.
"""

import logging
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from crowdglot.errors import CrowdglotError, EngineError, EngineUnavailable, MaterialError

# Seconds to reach the hub, and to wait for one of its answers.
_REACH_SECONDS, _ANSWER_SECONDS = 5.0, 10.0
_SPLIT = re.compile(r"-00001-of-(\d{5})\.gguf$")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def download(repository: str, file: str, revision: str | None = None) -> tuple[Path, str]:
    """One file of a model, with all parts of a split GGUF file; its path and its commit.

    ``revision``: a branch, tag or commit. EngineUnavailable where the hub cannot be reached,
    EngineError where it does not hold the file or does not give it away.
    """

    def get(local: bool) -> Path:
        from huggingface_hub import hf_hub_download

        fetch = partial(hf_hub_download, repository, local_files_only=local)
        path = Path(fetch(file, revision=revision))
        if split := _SPLIT.search(file):
            for number in range(2, int(split[1]) + 1):
                other = _SPLIT.sub(f"-{number:05}-of-{split[1]}.gguf", file)
                fetch(other, revision=_commit(path))
        return path

    name = f"hf:{repository}:{file}" + (f"@{revision}" if revision else "")
    # A commit never changes, so the hub is not asked about a file that the cache has of one.
    if revision and _COMMIT.fullmatch(revision):
        with suppress(Exception), quiet():
            return get(True), revision
    path = _get(get, name, EngineError, EngineUnavailable)
    return path, _commit(path)


def snapshot(
    repository: str,
    revision: str,
    wants: Callable[[str], bool],
    cached: tuple[Sequence[str], Sequence[str]],
    name: str,
) -> Path:
    """A folder named after the commit, with the files of a dataset whose paths ``wants`` picks.

    ``cached``: patterns of the paths that the cache must hold where the hub cannot be had, and of
    those that it need not. ``name``: the source as the user wrote it. MaterialError if it fails.
    """

    def get(local: bool) -> Path:
        from huggingface_hub import HfApi, snapshot_download

        allowed, ignored = cached
        if not local:
            about = HfApi().dataset_info(repository, revision=revision, timeout=_ANSWER_SECONDS)
            allowed = [each.rfilename for each in about.siblings or () if wants(each.rfilename)]
            ignored = ()
        fetch = partial(snapshot_download, repository, repo_type="dataset", revision=revision)
        fetch = partial(fetch, local_files_only=local, etag_timeout=_ANSWER_SECONDS)
        return Path(fetch(allow_patterns=list(allowed), ignore_patterns=list(ignored)))

    return _get(get, name, MaterialError, MaterialError)


def _get(
    get: Callable[[bool], Path],
    name: str,
    refused: type[CrowdglotError],
    unavailable: type[CrowdglotError],
) -> Path:
    """What ``get(False)`` fetches from the hub, or ``get(True)`` finds in the cache."""
    with quiet():
        fault, denied = unreachable(), ""
        if not fault:
            try:
                return get(False)
            except Exception as error:  # the library lets its transport's own errors through
                if refusal := _refusal(error):
                    raise refused(f"{name}: {refusal}.") from None
                denied = status_refusal(error, "read")
                cause = error.__cause__ or error
                said = str(cause).strip().partition("\n")[0][:160]
                fault = f"the hub cannot be had ({type(cause).__name__}: {said})"
        try:
            return get(True)
        except Exception:
            if denied:
                raise refused(f"{name}: {denied}.") from None
            raise unavailable(
                f"{name}: {fault} and the local cache does not hold this; try again with a "
                "connection, or give a local file."
            ) from None


def unreachable() -> str:
    """Why the hub cannot be asked; "" where it can, or where a proxy is set."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    address = urlsplit(constants.ENDPOINT)
    if address.scheme in getproxies():
        return ""
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), _REACH_SECONDS).close()
    except OSError as error:
        return f"the hub at {address.hostname} cannot be reached ({error.strerror or error})"
    return ""


def _refusal(error: Exception) -> str:
    """What the hub refuses for good and what to do; "" where asking again may help."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "this repository is gated; accept its terms on the hub and set HF_TOKEN"
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return "the hub has no such repository for you; check the name or set HF_TOKEN"
    if isinstance(error, errors.RevisionNotFoundError):
        return "the repository has no such revision; check what follows the @"
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return "the repository has no such file; look its name up on the hub"
    return ""


def status_refusal(error: Exception, right: str) -> str:
    """What the hub's 401, 403 or 429 says and what to do; "" for all else. ``right``: to what."""
    # The library may raise an error of its cache from the hub's.
    told = (getattr(one, "response", None) for one in (error, error.__cause__))
    status = next((one.status_code for one in told if one is not None), 0)
    return {
        401: f"the hub does not accept the token; make one with the right to {right}, set HF_TOKEN "
        "to it, and run the same command again",
        403: f"the token has no right to {right} there; give it that right or ask the owner for it",
        429: "the hub has had too many requests; wait some minutes, set HF_TOKEN if you have not, "
        "and run the same command again",
    }.get(status, "")


def _commit(path: Path) -> str:
    """The commit of a file in the cache, whose path ends in snapshots/COMMIT/FILE."""
    return path.parts[path.parts.index("snapshots") + 1]


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of the hub's library, and no progress bars where nobody watches them."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    hide = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if hide:
        disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(before)
        if hide:
            enable_progress_bars()
