"""Loading a model with the library ``transformers``, and the devices that it may run on.

Only safetensors and GGUF are read, and no code of a model's author is run.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from crowdglot.engines.llama import let_threads_sleep
from crowdglot.engines.weights.resolving import Weights
from crowdglot.errors import ConfigurationError, EngineError


def load(weights: Weights, device: str, dtype: str = "", quantisation: str = "") -> tuple[Any, Any]:
    """The model on ``device``, ready to be asked, and its tokenizer; takes seconds to minutes.

    ``dtype`` "": bfloat16 on an accelerator, float32 on a processor.
    """
    torch, transformers = libraries()
    kind = getattr(torch, dtype or ("float32" if device == "cpu" else "bfloat16"))
    path, where = weights.path, dict[str, Any](local_files_only=True, trust_remote_code=False)
    if gguf := path.is_file():
        path, where["gguf_file"] = path.parent, path.name
    how: dict[str, Any] = {} if device == "cpu" else {"device_map": {"": device}}
    if quantisation:
        how["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_8bit=quantisation == "8bit",
            load_in_4bit=quantisation == "4bit",
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=kind,
        )
    try:
        with _quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(path), **where)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                str(path), dtype=kind, use_safetensors=None if gguf else True, **where, **how
            )
    except torch.OutOfMemoryError:
        raise EngineError(
            f"{weights.model}: the weights do not fit into the memory of {device}; choose a smaller"
            " model, or set engine.quantisation to 8bit or 4bit."
        ) from None
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0][:200]
        if "trust_remote_code" in str(error):
            reason = "it needs code of its own, which crowdglot never runs"
        raise EngineError(
            f"{weights.model}: transformers {transformers.__version__} cannot load this model"
            f" ({reason}); check it, or choose another."
        ) from None
    return model.eval(), tokenizer


def libraries() -> tuple[Any, Any]:
    """The libraries torch and transformers, imported only now."""
    let_threads_sleep()
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
    meant = {"all": there or ("cpu",), "cuda": ("cuda:0",)}
    chosen = [each for name in asked for each in meant.get(name, (name,))]
    for name in chosen:
        if name not in there and name != "cpu":
            raise ConfigurationError(
                f"engine.devices names '{name}', and this machine has"
                f" {', '.join(('cpu', *there))}; name one of these, or 'all'."
            )
    return tuple(chosen) or there[:1] or ("cpu",)


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No bars and notes on the terminal while a model is loaded."""
    logs = transformers.utils.logging
    before, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity(logging.CRITICAL)
    logs.disable_progress_bar()
    # The reader of GGUF files draws a bar without asking.
    gguf: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    gguf.tqdm = logs.tqdm
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logs.set_verbosity(before)
        if bars:
            logs.enable_progress_bar()
