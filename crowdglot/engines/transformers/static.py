"""Static batches, for models whose cache is no list of keys and values (Mamba and its relatives).

Prompts of similar length are read together, padded on the left, and no other joins before all of
them are done. An answer that ends leaves the batch at once.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from crowdglot.engines.transformers.chat import Prompt


class Static:
    """A model and one batch; ``most_rows`` at once. Used by one thread."""

    static = True

    def __init__(self, model: Any, device: str, most_rows: int) -> None:
        self._model = model
        self._device = device
        # State-space models take their cache by another name, and a mask with prompts only.
        self._all_state = "cache_params" in inspect.signature(model.forward).parameters
        self.limit(most_rows)

    def limit(self, most_rows: int) -> None:
        """Forget all rows, and take at most ``most_rows`` from now on."""
        self.most_rows = most_rows
        self._cache: Any = None
        self._mask: Any = None

    def join(self, prompts: Sequence[Prompt]) -> Any:
        """Read prompts; logits of each one's next token, (prompts, vocabulary)."""
        import torch
        from transformers import DynamicCache

        longest = max(len(prompt.tokens) for prompt in prompts)
        padded = [[0] * (longest - len(each.tokens)) + [*each.tokens] for each in prompts]
        blanks = torch.tensor([longest - len(each.tokens) for each in prompts])
        self._mask = (torch.arange(longest) >= blanks.unsqueeze(1)).to(self._device)
        self._cache = DynamicCache(config=self._model.config)
        return self._forward(torch.tensor(padded, device=self._device))

    def step(self, tokens: Any) -> Any:
        """One more token of each row, (rows,); logits of the next one, (rows, vocabulary)."""
        import torch

        more = self._mask.new_ones((tokens.shape[0], 1))
        self._mask = torch.cat([self._mask, more], dim=1)
        return self._forward(tokens.unsqueeze(1))

    def keep(self, order: Sequence[int]) -> None:
        """Keep these rows, in this order."""
        import torch

        if not order:
            self.limit(self.most_rows)
            return
        index = torch.tensor(order, device=self._device)
        self._cache.reorder_cache(index)
        self._mask = self._mask.index_select(0, index)

    def _forward(self, tokens: Any) -> Any:
        mask = self._mask.long()
        if self._all_state:
            held = {"cache_params": self._cache}
            held["attention_mask"] = mask if tokens.shape[1] > 1 else None
        else:
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
            held = {"past_key_values": self._cache, "attention_mask": mask}
            held["position_ids"] = positions
        return self._model(input_ids=tokens, use_cache=True, **held).logits[:, -1]
