"""How likely texts are to a model, token by token: read once, nothing written."""

from collections.abc import Iterator, Sequence
from typing import Any

_MOST_TOKENS = 2048  # of texts that are read together, blanks included
_MOST_BLANK = 1.5  # times the shortest of them that the longest may be
_ROWS = 256  # of logits whose logarithms are taken at once


def prompt_logprobs(
    model: Any, device: str, texts: Sequence[Sequence[int]]
) -> list[list[float | None]]:
    """Of each text the natural-log probability of its tokens after those before; None of the first.

    Texts of similar length are read together, filled up on the right: that no token looks back on.
    """
    import torch

    told: list[list[float | None]] = [[] for _ in texts]
    with torch.inference_mode():
        for group in _groups(texts):
            longest = max(len(texts[at]) for at in group)
            filled = [[*texts[at], *[0] * (longest - len(texts[at]))] for at in group]
            read = torch.tensor(filled, device=device)
            logits = model(input_ids=read, use_cache=False).logits
            for row, at in enumerate(group):
                count = len(texts[at])
                likely = _likely(logits[row, : count - 1], read[row, 1:count])
                told[at] = [None, *likely][:count]
    return told


def _likely(logits: Any, tokens: Any) -> list[float]:
    """Of each token the log-probability; ``logits``: (tokens, vocabulary). Some at a time, for a
    large vocabulary in full precision takes more memory than the model."""
    found: list[float] = []
    for rows, those in zip(logits.split(_ROWS), tokens.split(_ROWS), strict=True):
        whole = rows.float()
        found += (whole.gather(-1, those[:, None])[:, 0] - whole.logsumexp(-1)).tolist()
    return found


def _groups(texts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The numbers of texts that are read together."""
    group: list[int] = []
    for at in sorted(range(len(texts)), key=lambda one: len(texts[one])):
        length = len(texts[at])
        if group and (
            length > _MOST_BLANK * len(texts[group[0]]) or (len(group) + 1) * length > _MOST_TOKENS
        ):
            yield group
            group = []
        group.append(at)
    if group:
        yield group
