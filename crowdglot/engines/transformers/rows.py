"""Which kind of batch a model can run: continuous where a trial shows it, else static."""

import logging
from typing import Any

from crowdglot.engines.transformers.chat import Prompt
from crowdglot.engines.transformers.continuous import Continuous
from crowdglot.engines.transformers.static import Static
from crowdglot.errors import EngineError

_LOG = logging.getLogger(__name__)
Rows = Continuous | Static  # what computes logits, a row an answer


def choose(model: Any, device: str, most_rows: int, name: str = "the model") -> Rows:
    """Continuous batching where a trial shows that the model can, else static batches.

    Raises EngineError where neither gives the logits that the whole text gives.
    """
    fault = _trial(model, device, Continuous(model, device, 2, records=False))
    if not fault:
        return Continuous(model, device, most_rows)
    _LOG.info("%s runs in static batches (%s)", name, fault)
    if fault := _trial(model, device, Static(model, device, 2)):
        raise EngineError(
            f"{name}: this model cannot be asked several things at a time ({fault}); choose"
            " another."
        )
    return Static(model, device, most_rows)


def _trial(model: Any, device: str, rows: Rows) -> str:
    """What is wrong with ``rows`` for this model, or "": two prompts join, step, and one leaves."""
    import torch

    vocabulary = model.get_input_embeddings().num_embeddings
    text = [number % vocabulary for number in range(3, 12)]
    try:
        with torch.inference_mode():
            rows.join([Prompt(tuple(text[:5]), 0), Prompt(tuple(text[:2]), 0)])
            rows.step(torch.tensor([text[5], text[2]], device=device))
            rows.keep([1])
            found = rows.step(torch.tensor([text[3]], device=device))[0].float()
            whole = torch.tensor([text[:4]], device=device)
            right = model(input_ids=whole, use_cache=False).logits[0, -1].float()
        apart = float((found - right).norm() / (right - right.mean()).norm())
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip()[:160]}"
    return "" if apart < 0.1 else f"its logits are {apart:.2f} apart"
