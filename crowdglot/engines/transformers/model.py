"""Loading a model with the library ``transformers``: from a hub, a folder or a GGUF file.

Only safetensors and GGUF are read, and no code of a model's author is run.
"""

import json
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from crowdglot.engines.weights.checksum import checksum
from crowdglot.engines.weights.resolving import cache_folder, named_weights, resolve_weights
from crowdglot.errors import ConfigurationError, EngineError, EngineUnavailable
from crowdglot.hub import download

_HUB = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+?)(@(?P<revision>[^@\s]+))?")
_OPTIONAL = (
    "generation_config.json", "tokenizer_config.json", "tokenizer.json", "tokenizer.model",
    "special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json",
    "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "sentencepiece.bpe.model",
)  # fmt: skip
# How long a thread that waits for the others turns before it sleeps. With libgomp's own 300,000
# turns a step took seven times as long as soon as other programs wanted the processors.
_SPINS = "1000"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder that ``transformers`` can read, and what the rows say of it.

    ``gguf``: the name of a GGUF file in ``folder``, or "". ``revision``: the hub's commit, or
    "sha256:" and 16 digits.
    """

    folder: Path
    gguf: str
    model: str
    revision: str


def find(model: str) -> Source:
    """Where the weights of ``model`` are; downloads them where a hub has them.

    ``model``: org/name with @revision behind it if wanted, a folder, a GGUF file, or a name that
    the embedded engine knows. Raises EngineUnavailable when the hub is out of reach, else
    EngineError.
    """
    folder = Path(model).expanduser()
    if model in named_weights() or model.endswith(".gguf") or model.startswith("hf:"):
        weights = resolve_weights(model)
        return Source(weights.path.parent, weights.path.name, weights.model, weights.revision)
    if model and folder.is_dir():
        return Source(folder, "", folder.resolve().name, _local_revision(folder))
    match = _HUB.fullmatch(model)
    if match is None:
        raise EngineError(
            f"engine.model '{model}' is no model for transformers; give org/name as on the hub"
            " (with @revision if wanted), a folder, or a .gguf file."
        )
    folder, commit = _snapshot(match["repository"], match["revision"])
    return Source(folder, "", match["repository"], commit)


def load(source: Source, device: str, dtype: str = "", quantisation: str = "") -> tuple[Any, Any]:
    """The model on ``device``, ready to be asked, and its tokenizer; takes seconds to minutes.

    ``dtype`` "": bfloat16 on an accelerator, float32 on a processor.
    """
    torch, transformers = libraries()
    kind = getattr(torch, dtype or ("float32" if device == "cpu" else "bfloat16"))
    where: dict[str, Any] = {"gguf_file": source.gguf} if source.gguf else {}
    how: dict[str, Any] = {} if device == "cpu" else {"device_map": {"": device}}
    if quantisation:
        how["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_8bit=quantisation == "8bit",
            load_in_4bit=quantisation == "4bit",
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=kind,
        )
    with _quiet(transformers), _translated(source.model, device):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(source.folder), trust_remote_code=False, local_files_only=True, **where
        )
        model = transformers.AutoModelForCausalLM.from_pretrained(
            str(source.folder),
            dtype=kind,
            trust_remote_code=False,
            use_safetensors=None if source.gguf else True,
            local_files_only=True,
            **where,
            **how,
        )
    return model.eval(), tokenizer


def libraries() -> tuple[Any, Any]:
    """The libraries torch and transformers, imported only now."""
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)  # read once, when torch is loaded
    try:
        import torch
        import transformers
        import xgrammar  # noqa: F401  (so that its absence is told before a download)
    except ImportError as error:
        raise EngineError(
            f"The transformers engine misses a library ({error}); install"
            " 'crowdglot[transformers]' and the torch made for this machine."
        ) from None
    return torch, transformers


def devices(asked: tuple[str, ...]) -> tuple[str, ...]:
    """The devices to use: those named, all GPUs for "all", or the first GPU, or the processor."""
    torch, _ = libraries()
    there = tuple(f"cuda:{number}" for number in range(torch.cuda.device_count()))
    chosen: list[str] = []
    for name in asked:
        chosen += there or ("cpu",) if name == "all" else ("cuda:0",) if name == "cuda" else (name,)
    for name in chosen:
        if name not in there and name != "cpu":
            raise ConfigurationError(
                f"engine.devices names '{name}', and this machine has"
                f" {', '.join(('cpu', *there))}; name one of these, or 'all'."
            )
    return tuple(chosen) or there[:1] or ("cpu",)


def _snapshot(repository: str, revision: str | None) -> tuple[Path, str]:
    """The folder of one commit in the hub's own cache, with all that is needed, and the commit.

    File by file and by name: neither code nor pickled weights are ever fetched.
    """
    config, commit = download(repository, "config.json", revision)
    if index := _optional(repository, "model.safetensors.index.json", commit):
        try:
            files = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise EngineError(f"{index}: no index of weights; delete it and start again.") from None
    else:
        files = ["model.safetensors"]
    for file in files:
        if Path(file).name != file or not file.endswith(".safetensors"):
            raise EngineError(f"{repository}: its index names '{file}', no file of weights.")
        download(repository, file, commit)
    for file in _OPTIONAL:
        _optional(repository, file, commit)
    return config.parent, commit


def _optional(repository: str, file: str, commit: str) -> Path | None:
    """A file that a repository may lack; that it does is remembered in the hub's cache."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, file, revision=commit)
    if isinstance(found, str):
        return Path(found)
    if found is not None:
        return None
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


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No bars and notes on the terminal while a model is loaded."""
    logs = transformers.utils.logging
    before, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    client = logging.getLogger("huggingface_hub")
    level = client.level
    logs.set_verbosity(logging.CRITICAL)
    client.setLevel(logging.CRITICAL)
    logs.disable_progress_bar()
    # The reader of GGUF files draws a bar without asking.
    gguf = import_module("transformers.modeling_gguf_pytorch_utils")
    bar = getattr(gguf, "tqdm", None)
    gguf.tqdm = lambda items, **_: items  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        gguf.tqdm = bar  # type: ignore[attr-defined]
        logs.set_verbosity(before)
        client.setLevel(level)
        if bars:
            logs.enable_progress_bar()


@contextmanager
def _translated(name: str, device: str) -> Iterator[None]:
    torch, transformers = libraries()
    try:
        yield
    except torch.OutOfMemoryError:
        raise EngineError(
            f"{name}: the weights do not fit into the memory of {device}; choose a smaller model,"
            " or set engine.quantisation to 8bit or 4bit."
        ) from None
    except Exception as error:
        words = str(error)
        if "trust_remote_code" in words:
            raise EngineError(
                f"{name}: this model needs code of its own, which crowdglot never runs; choose one"
                " that transformers knows."
            ) from None
        raise EngineError(
            f"{name}: transformers {transformers.__version__} cannot load this model"
            f" ({_reason(error)}); check it, or choose another."
        ) from None


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + lines[0][:200] if lines else ''}"
