"""Continuous batching: answers join and leave the batch between any two tokens.

What prompts share is read once and kept. On an accelerator several prompts are read at a time.
Steps run on a ``Window``; on a CUDA device each step is one recorded graph, so that the processor
spends no time on launching its kernels.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from crowdglot.engines.transformers.chat import Prompt
from crowdglot.engines.transformers.window import Window

_LOG = logging.getLogger(__name__)
_LEAST_SHARED = 32  # tokens; a shorter beginning is not kept
_KEPT_PREFIXES = 4
# How many prompts are read together on an accelerator, and their tokens with the padding.
_TOGETHER, _TOKENS_TOGETHER = 16, 8192
_Layers = list[tuple[Any, Any]]


class Continuous:
    """A model and the rows it computes; ``most_rows`` at once. Used by one thread.

    ``records``: whether steps on a CUDA device become graphs.
    """

    static = False

    def __init__(self, model: Any, device: str, most_rows: int, *, records: bool = True) -> None:
        self._model = model
        self._device = device
        self._prefixes: dict[tuple[int, ...], _Layers] = {}
        self._window: Window | None = None
        self._graphs: dict[tuple[int, ...], tuple[Any, Any]] = {}
        self._pool: Any = None
        self._records = records and device.startswith("cuda")
        self.limit(most_rows)

    def limit(self, most_rows: int) -> None:
        """Forget all rows and caches, and take at most ``most_rows`` from now on."""
        import torch

        self.most_rows = most_rows
        self._graphs.clear()
        self._prefixes.clear()
        self._window = None
        shape = (most_rows, 1)
        self._inputs = torch.zeros(shape, dtype=torch.long, device=self._device)
        self._positions = torch.zeros(shape, dtype=torch.long, device=self._device)

    def join(self, prompts: Sequence[Prompt]) -> Any:
        """Read prompts; logits of each one's next token, (prompts, vocabulary)."""
        import torch

        rows = self._window.rows if self._window else 0
        lengths = [len(prompt.tokens) for prompt in prompts]
        self._positions[rows : rows + len(prompts), 0] = torch.tensor(lengths, device=self._device)
        logits: list[Any] = [None] * len(prompts)
        for number, group in enumerate(self._groups(prompts)):
            read, layers = self._read([prompts[at] for at in group])
            if self._window is None:
                shapes = [
                    (keys.shape[1], keys.shape[3], values.shape[3]) for keys, values in layers
                ]
                self._window = Window(shapes, layers[0][0].dtype, self._device, self.most_rows)
            if not number:
                self._window.add(lengths)
            for row, at in enumerate(group):
                logits[at] = read[row]
                self._window.put(rows + at, [(keys[row], values[row]) for keys, values in layers])
        return torch.stack(logits)

    def step(self, tokens: Any) -> Any:
        """One more token of each row, (rows,); logits of the next one, (rows, vocabulary)."""
        assert self._window is not None
        rows = tokens.shape[0]
        seen = min(self.most_rows, 1 << (rows - 1).bit_length()) if self._records else rows
        if seen > self._window.mask.shape[0]:
            seen = rows
        self._inputs[:rows, 0] = tokens
        self._window.open_column(seen)
        logits = self._replay(seen) if self._records else self._forward(seen)
        self._window.close_column()
        self._positions[:rows] += 1
        return logits[:rows, -1]

    def keep(self, order: Sequence[int]) -> None:
        """Keep these rows, in this order: none moves towards the end."""
        assert self._window is not None
        self._window.keep(order)
        for new, old in enumerate(order):
            if new != old:
                self._positions[new] = self._positions[old]

    def _forward(self, rows: int) -> Any:
        assert self._window is not None
        return self._model(
            input_ids=self._inputs[:rows],
            position_ids=self._positions[:rows],
            attention_mask=self._window.mask[:rows, : self._window.seen_width],
            past_key_values=self._window,
            use_cache=True,
        ).logits

    def _replay(self, rows: int) -> Any:
        """``_forward`` as a recorded graph, one for each shape."""
        assert self._window is not None
        key = (rows, self._window.seen_width, self._window.generation)
        if key not in self._graphs:
            current = self._window.generation
            self._graphs = {
                other: graph for other, graph in self._graphs.items() if other[2] == current
            }
            try:
                self._graphs[key] = self._record(rows)
            except RuntimeError as error:
                if "out of memory" in str(error):
                    raise
                _LOG.info("steps are not recorded (%s)", str(error).split("\n", 1)[0][:200])
                self._records = False
                return self._forward(rows)
        graph, logits = self._graphs[key]
        graph.replay()
        return logits

    def _record(self, rows: int) -> tuple[Any, Any]:
        """A CUDA graph of ``_forward``, and its logits, which any replay overwrites."""
        import torch

        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._forward(rows)  # libraries must allocate their work space outside the graph
        torch.cuda.current_stream().wait_stream(side)
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            logits = self._forward(rows)
        return graph, logits

    def _groups(self, prompts: Sequence[Prompt]) -> Iterator[list[int]]:
        """Indices of prompts to be read together: with one beginning, of similar length.

        On a processor each is read alone, so that a prompt's state depends on nothing else.
        """
        most = 1 if self._device == "cpu" else _TOGETHER
        beginnings = [_beginning(prompt) for prompt in prompts]
        lengths = [len(prompt.tokens) for prompt in prompts]
        group: list[int] = []
        for at in sorted(range(len(prompts)), key=lambda at: (beginnings[at], lengths[at])):
            rest = lengths[at] - len(beginnings[at])
            if group and (
                len(group) == most
                or beginnings[at] != beginnings[group[0]]
                or rest * (len(group) + 1) > _TOKENS_TOGETHER
            ):
                yield group
                group = []
            group.append(at)
        yield group

    def _read(self, prompts: Sequence[Prompt]) -> tuple[Any, _Layers]:
        """Logits (prompts, vocabulary), and keys and values by layer (prompts, heads, …)."""
        import torch
        from transformers import DynamicCache

        beginning = _beginning(prompts[0])
        cache = DynamicCache()
        if beginning:
            for layer, (keys, values) in enumerate(self._prefix(beginning)):
                spread = (len(prompts), -1, -1, -1)
                cache.update(keys.expand(spread), values.expand(spread), layer)
        rests = [prompt.tokens[len(beginning) :] for prompt in prompts]
        longest = max(map(len, rests))
        # The padding is at the end: no token attends to later ones, and its keys are not kept.
        padded = [[*rest, *[rest[-1]] * (longest - len(rest))] for rest in rests]
        tokens = torch.tensor(padded, device=self._device)
        positions = torch.arange(longest, device=self._device) + len(beginning)
        ends = sorted({len(rest) - 1 for rest in rests})
        logits = self._model(
            input_ids=tokens,
            position_ids=positions.expand(len(prompts), -1),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=torch.tensor(ends, device=self._device),
        ).logits
        picks = [ends.index(len(rest) - 1) for rest in rests]
        return logits[list(range(len(prompts))), picks], _layers(cache)

    def _prefix(self, beginning: tuple[int, ...]) -> _Layers:
        """Keys and values of a beginning, always read from nothing and alone."""
        import torch
        from transformers import DynamicCache

        layers = self._prefixes.pop(beginning, None)
        if layers is None:
            cache = DynamicCache()
            self._model(
                input_ids=torch.tensor([beginning], device=self._device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            layers = _layers(cache)
            if len(self._prefixes) == _KEPT_PREFIXES:
                del self._prefixes[next(iter(self._prefixes))]  # the one used longest ago
        self._prefixes[beginning] = layers
        return layers


def _beginning(prompt: Prompt) -> tuple[int, ...]:
    return prompt.tokens[: prompt.shared] if prompt.shared >= _LEAST_SHARED else ()


def _layers(cache: Any) -> _Layers:
    return [(layer.keys, layer.values) for layer in cache.layers]
