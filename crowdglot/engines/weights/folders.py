"""Where a model is that the library ``transformers`` reads: in a folder, a file or on a hub."""

import json
import re
from hashlib import sha256
from pathlib import Path

from crowdglot.bounded_files import decoded
from crowdglot.engines.weights.resolving import (
    Weights,
    cache_folder,
    checksum,
    named_weights,
    resolve_weights,
)
from crowdglot.errors import EngineError, EngineUnavailable, MaterialError
from crowdglot.hub import download

_MOST_BYTES = 1 << 26  # of an index
_HUB = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+?)(@(?P<revision>[^@\s]+))?")
_OPTIONAL = (
    "generation_config.json", "tokenizer_config.json", "tokenizer.json", "tokenizer.model",
    "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json",
    "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model",
)  # fmt: skip


def find(model: str) -> Weights:
    """The folder or the GGUF file of ``model``: org/name with @revision behind it if wanted, which
    is downloaded, a folder, a GGUF file, or a name that the embedded engine knows.

    Raises EngineUnavailable when the hub is out of reach, else EngineError.
    """
    folder = Path(model).expanduser()
    if model in named_weights() or model.endswith(".gguf") or model.startswith("hf:"):
        return resolve_weights(model)
    if model and folder.is_dir():
        return Weights(folder, folder.resolve().name, _local_revision(folder))
    match = _HUB.fullmatch(model)
    if match is None:
        raise EngineError(
            f"engine.model '{model}' is no model for transformers; give org/name as on the hub"
            " (with @revision if wanted), a folder, or a .gguf file."
        )
    folder, commit = _snapshot(match["repository"], match["revision"])
    return Weights(folder, match["repository"], commit)


def _snapshot(repository: str, revision: str | None) -> tuple[Path, str]:
    """The folder of one commit in the hub's own cache, with all that is needed, and the commit.

    File by file and by name: neither code nor pickled weights are ever fetched.
    """
    config, commit = download(repository, "config.json", revision)
    if index := _optional(repository, "model.safetensors.index.json", commit):
        try:
            files = sorted(set(json.loads(decoded(index, _MOST_BYTES))["weight_map"].values()))
            if not all(re.fullmatch(r"[\w.-]+\.safetensors", file) for file in files):
                raise ValueError
        except (MaterialError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise EngineError(f"{index}: no index of weights; delete it and start again.") from None
    else:
        files = ["model.safetensors"]
    for file in files:
        download(repository, file, commit)
    for file in _OPTIONAL:
        _optional(repository, file, commit)
    return config.parent, commit


def _optional(repository: str, file: str, commit: str) -> Path | None:
    """A file that a repository may lack; that it does is remembered in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, file, revision=commit)
    if found is not None:
        return Path(found) if isinstance(found, str) else None
    try:
        return download(repository, file, commit)[0]
    except EngineUnavailable:
        raise
    except EngineError:
        return None


def _local_revision(folder: Path) -> str:
    files = sorted([*folder.glob("*.safetensors"), *folder.glob("*.json")])
    try:
        whole = "\n".join(f"{file.name} {checksum(file, cache_folder())}" for file in files)
    except OSError as error:
        raise EngineError(f"{folder}: cannot be read ({error.strerror}); check it.") from None
    return f"sha256:{sha256(whole.encode()).hexdigest()[:16]}"
