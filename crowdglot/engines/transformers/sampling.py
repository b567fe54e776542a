"""Drawing the next token of many answers at once, each with its own settings, on the device.

The order is llama.cpp's: what the grammar forbids, repetitions, the 40 likeliest tokens, top-p,
min-p, temperature. The last step takes one uniform number an answer, drawn from its own seed.
"""

from collections.abc import Sequence
from typing import Any

import numpy

from crowdglot.engines.engine import Sampling

# llama.cpp's default, as in the embedded engine; it also avoids sorting the vocabulary.
TOP_K = 40
# A token counts as repeated if it is among so many last ones; llama.cpp's default.
WINDOW = 64


def settings(samplings: Sequence[Sampling], uniforms: Sequence[float]) -> Any:
    """One row an answer: temperature, top-p, min-p, penalty and a uniform number in [0, 1)."""
    return numpy.array(
        [
            (one.temperature, one.top_p, one.min_p, one.repeat_penalty, uniform)
            for one, uniform in zip(samplings, uniforms, strict=True)
        ],
        dtype=numpy.float32,
    )


def draw(logits: Any, rows: Any, recent: Any, masks: Any = None) -> Any:
    """The next token of each answer, shape (rows,).

    ``logits``: (rows, vocabulary). ``rows``: what ``settings`` gives. ``recent``: (rows, WINDOW),
    the last tokens, any order, repeated where there are fewer. ``masks``: see
    ``grammar``. All on one device; nothing is read back from it.
    """
    import torch

    scores = logits.float()
    temperature, top_p, min_p, penalty, uniform = rows.unbind(1)
    if masks is not None:
        bits = torch.arange(32, device=masks.device, dtype=torch.int32)
        allowed = ((masks.unsqueeze(-1) >> bits) & 1).bool().flatten(1)[:, : scores.shape[1]]
        scores = scores.masked_fill(~allowed, float("-inf"))
    seen = scores.gather(1, recent)
    by = penalty.unsqueeze(1)
    scores = scores.scatter(1, recent, torch.where(seen > 0, seen / by, seen * by))

    best, tokens = scores.topk(min(TOP_K, scores.shape[1]), dim=1)
    shares = best.softmax(dim=1)
    before = shares.cumsum(dim=1) - shares
    kept = (before < top_p.unsqueeze(1)) & (shares >= min_p.unsqueeze(1) * shares[:, :1])
    kept[:, 0] = True
    # A temperature of 0 leaves the likeliest token alone.
    warm = temperature.clamp(min=1e-4).unsqueeze(1)
    shares = (best / warm).masked_fill(~kept, float("-inf")).softmax(dim=1)
    ends = shares.cumsum(dim=1)
    drawn = (ends <= uniform.unsqueeze(1) * ends[:, -1:]).sum(dim=1, keepdim=True)
    last = kept.sum(dim=1, keepdim=True) - 1  # top-p and min-p keep a beginning of the list
    return tokens.gather(1, drawn.minimum(last)).squeeze(1)
