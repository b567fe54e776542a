"""One dataset's repository on the hub: what is in it, and putting files there.

Whatever goes wrong is one sentence, in which the token never stands. What was put there before is
kept, so that the same call goes on.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crowdglot.errors import ConfigurationError, CrowdglotError, StorageError
from crowdglot.hub import quiet, status_refusal, unreachable

# org/name; the hub has some rules more.
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}$"
_AGAIN = "run the same command again, what was uploaded stays"


@dataclass(frozen=True, slots=True)
class Repository:
    """``name``: org/name. ``token``: of somebody who may write to it."""

    name: str
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        from huggingface_hub import constants

        return f"{constants.ENDPOINT}/datasets/{self.name}"

    def prepare(self, *, private: bool, gated: bool) -> None:
        """Make it where it is not there, and private or gated where that is wanted and not so."""
        with self._telling() as api:
            api.create_repo(self.name, private=private or None, exist_ok=True, **_DATASET)
            about = api.repo_info(self.name, **_DATASET)
            changes: dict[str, Any] = {}
            if private and not about.private:
                changes["private"] = True
            if gated and not about.gated:
                changes["gated"] = "auto"
            if changes:
                api.update_repo_settings(self.name, **changes, **_DATASET)

    def files(self) -> dict[str, str]:
        """The paths of all files, each with its SHA-256 where the hub stores it apart, else with
        git's hash of it."""
        with self._telling() as api:
            tree = list(api.list_repo_tree(self.name, recursive=True, **_DATASET))
        return {
            one.path: one.lfs.sha256 if one.lfs else one.blob_id
            for one in tree
            if hasattr(one, "blob_id")
        }

    def read(self, path: str) -> bytes:
        """The content of one of its files as it is now, whatever a cache holds."""
        with self._telling() as api, tempfile.TemporaryDirectory(prefix="crowdglot-") as cache:
            found = api.hf_hub_download(self.name, path, cache_dir=cache, **_DATASET)
            return Path(found).read_bytes()

    def put(self, folder: Path, message: str, delete: Sequence[str] = ()) -> None:
        """Upload all files of ``folder`` and delete some, in as many commits as it takes."""
        with self._telling() as api:
            api.upload_folder(
                repo_id=self.name,
                folder_path=folder,
                commit_message=message,
                # Brackets are wild in patterns.
                delete_patterns=[re.sub(r"([*?[])", r"[\1]", path) for path in delete] or None,
                **_DATASET,
            )

    def tag(self, name: str) -> bool:
        """Have the tag ``name`` name the newest commit; whether it did not before."""
        with self._telling() as api:
            head = api.repo_info(self.name, **_DATASET).sha
            tags = api.list_repo_refs(self.name, **_DATASET).tags
            at = next((one.target_commit for one in tags if one.name == name), None)
            if at == head:
                return False
            if at is not None:
                api.delete_tag(self.name, tag=name, **_DATASET)
            api.create_tag(self.name, tag=name, revision=head, **_DATASET)
            return True

    def license_of(self, name: str, *, dataset: bool) -> str:
        """The licence that another repository's card states; "" where that cannot be learnt."""
        with suppress(CrowdglotError), self._telling() as api:
            about = api.repo_info(name, repo_type="dataset" if dataset else "model")
            told = (about.card_data or {}).get("license") or ""
            return told if isinstance(told, str) else ", ".join(map(str, told))
        return ""

    @contextmanager
    def _telling(self) -> Iterator[Any]:
        """The hub's client; what it raises becomes one sentence."""
        from huggingface_hub import HfApi

        with quiet():
            try:
                yield HfApi(token=self.token)
            except CrowdglotError:
                raise
            except Exception as error:  # the library lets its transport's own errors through
                sentence = f"{self.name}: {self._sentence(error)}."
                raise StorageError(sentence.replace(self.token, "…")) from None

    def _sentence(self, error: Exception) -> str:
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if refusal := status_refusal(error, "write"):
            return refusal + (", or choose another --repo" if status == 403 else "")
        if status == 404:
            return "the hub has no such repository for this token; check --repo and the token"
        told = getattr(error, "server_message", None) or error.__cause__ or error
        said = " ".join(str(told).split())[:160].rstrip(". ") or type(error).__name__
        if status and status < 500:
            return f"the hub refuses (HTTP {status}: {said}); mend this, then {_AGAIN}"
        if status:
            return f"the hub cannot do it now (HTTP {status}); wait a while, then {_AGAIN}"
        kind = type(error.__cause__ or error).__name__
        return f"the hub cannot be had ({kind}: {said}); {_AGAIN}"


_DATASET = {"repo_type": "dataset"}


def check_name(name: str) -> None:
    """Raise ConfigurationError unless the hub takes ``name`` for a repository."""
    known = re.fullmatch(NAME, name) and not re.search(r"--|\.\.|\.git$|[.\n]$", name)
    if not known:
        raise ConfigurationError(
            f"{name!r}: no name of a repository; write org/name, both of letters, digits, "
            "'-', '_' and '.'."
        )


def open_repository(name: str) -> Repository:
    """The repository of this name, there or not; asks nothing of the hub but whether it is there.

    ConfigurationError where the name is none or there is no token, StorageError where the hub
    cannot be reached.
    """
    check_name(name)
    from huggingface_hub import get_token

    token = get_token()
    if not token:
        raise ConfigurationError(
            f"{name}: publishing needs a token of the hub with the right to write; set HF_TOKEN to "
            "it, or run `hf auth login`."
        )
    if fault := unreachable():
        raise StorageError(f"{name}: {fault}; run the same command again once that is mended.")
    return Repository(name, token)
