"""Models of random weights with a tokenizer of bytes, made on the spot; they write nonsense."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message.role }}\n{{ message.content }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
_SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}


def need_transformers(*, module: bool = False) -> Any:
    """torch, with one thread as suits tiny models; or skip, at import the whole ``module``."""
    missing = [name for name in ("torch", "transformers", "xgrammar") if not find_spec(name)]
    if missing:
        reason = f"the transformers extra is not installed: {', '.join(missing)}"
        pytest.skip(reason, allow_module_level=module)
    from crowdglot.engines.transformers.model import libraries

    torch, _ = libraries()
    torch.set_num_threads(1)
    return torch


def make_tokenizer(template: str | None = CHAT_TEMPLATE) -> Any:
    """Each byte a token, and two special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = {letter: at for at, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        additional_special_tokens=["<|start|>"],
    )
    fast.chat_template = template
    return fast


def make_model(kind: str = "llama", **sizes: Any) -> Any:
    """A model of random weights, the same each time."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, vocab_size=258, **{**_SIZES, **sizes})
    config.eos_token_id = 256
    return AutoModelForCausalLM.from_config(config)


def save_tiny_model(
    folder: Path, kind: str = "llama", template: str | None = CHAT_TEMPLATE, **sizes: Any
) -> Path:
    """The folder of a model, as ``from_pretrained`` reads it."""
    make_model(kind, **sizes).save_pretrained(folder)
    make_tokenizer(template).save_pretrained(folder)
    return folder
