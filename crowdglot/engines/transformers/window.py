"""The key-value cache of all answers under way: a row an answer, and all rows end together.

A step writes one column for all rows; keys hold their positions, so a row can be moved. Models call
the methods as those of a cache of ``transformers``. Shapes: keys and values of a layer
(rows, heads, width, size), mask (rows, width).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

# Widths are multiples of this, and on an accelerator what attention sees of them as well.
STEP = 256


class Window:
    """Empty at first; ``shapes``: heads and sizes of keys and of values, layer by layer."""

    def __init__(
        self, shapes: Sequence[tuple[int, int, int]], dtype: Any, device: str, most_rows: int
    ) -> None:
        import torch

        self._most_rows = most_rows
        # Recorded graphs need few different shapes; a processor reads no more than what is there.
        self.is_compileable = device != "cpu"
        self.is_sliding = [False] * len(shapes)
        empty = partial(torch.zeros, dtype=dtype, device=device)
        self.keys: list[Any] = [empty((0, heads, 0, size)) for heads, size, _ in shapes]
        self.values: list[Any] = [empty((0, heads, 0, size)) for heads, _, size in shapes]
        self.mask = torch.zeros((0, 0), dtype=torch.bool, device=device)
        self.place = torch.zeros(1, dtype=torch.long, device=device)
        self.cursor = 0
        self.starts: list[int] = []
        self.seen_rows = self.seen_width = 0
        self.generation = 0  # counts the reallocations, after which recorded graphs are invalid

    @property
    def rows(self) -> int:
        """How many answers are under way."""
        return len(self.starts)

    def add(self, lengths: Sequence[int]) -> None:
        """Open rows of these lengths, to be filled with ``put``."""
        longest = max(lengths)
        if not self.starts:
            self.cursor = longest
        elif longest > self.cursor:
            self._move(longest - self.cursor)
        self.starts += [self.cursor - length for length in lengths]
        self._reserve(self.rows, self.cursor + 1)

    def put(self, row: int, cache: Sequence[tuple[Any, Any]]) -> None:
        """Fill a row from its keys and values by layer, (heads, at least its length, size)."""
        start, end = self.starts[row], self.cursor
        for layer, (keys, values) in enumerate(cache):
            self.keys[layer][row, :, start:end] = keys[:, : end - start]
            self.values[layer][row, :, start:end] = values[:, : end - start]
        self.mask[row] = False
        self.mask[row, start:end] = True

    def keep(self, order: Sequence[int]) -> None:
        """Keep the rows ``order`` in that order; a row that stays in its place costs nothing."""
        for new, old in enumerate(order):
            if new != old:
                for layer in (*self.keys, *self.values):
                    layer[new, :, : self.cursor] = layer[old, :, : self.cursor]
                self.mask[new] = self.mask[old]
        self.starts = [self.starts[old] for old in order]

    def open_column(self, seen_rows: int) -> None:
        """Make room for one more token of each row; attention will see ``seen_rows`` rows."""
        if self.cursor == self.mask.shape[1]:
            spare = min(self.starts)
            if spare >= STEP:
                self._move(-spare)
            else:
                self._reserve(self.rows, self.cursor + 1)
        self.mask[:seen_rows, self.cursor] = True
        self.place.fill_(self.cursor)
        self.seen_rows = seen_rows
        self.seen_width = self.cursor + 1
        if self.is_compileable:
            self.seen_width = -(-self.seen_width // STEP) * STEP

    def close_column(self) -> None:
        """All layers have written their column."""
        self.cursor += 1

    def update(self, keys: Any, values: Any, layer: int, *_: Any, **__: Any) -> tuple[Any, Any]:
        """Each layer calls this with its new column; returns what its attention reads."""
        rows, width = self.seen_rows, self.seen_width
        self.keys[layer][:rows].index_copy_(2, self.place, keys)
        self.values[layer][:rows].index_copy_(2, self.place, values)
        return self.keys[layer][:rows, :, :width], self.values[layer][:rows, :, :width]

    def get_seq_length(self, layer_idx: int = 0) -> int:
        return self.cursor

    def get_query_offset(self, layer_idx: int = 0) -> Any:
        return self.place

    def get_mask_sizes(self, query_length: int, layer_idx: int = 0) -> tuple[int, int]:
        return self.seen_width, 0

    def get_max_length(self, layer_idx: int | None = None) -> int:
        return -1

    def _move(self, by: int) -> None:
        """Shift all rows to the right, or to the left where ``by`` is negative."""
        if by > 0:
            self._reserve(self.rows, self.cursor + by + 1)
        # What comes in at the other end is masked, or written before it is seen.
        for tensor in (*self.keys, *self.values):
            tensor[: self.rows] = tensor[: self.rows].roll(by, dims=2)
        self.mask[: self.rows] = self.mask[: self.rows].roll(by, dims=1)
        self.cursor += by
        self.starts = [start + by for start in self.starts]

    def _reserve(self, rows: int, width: int) -> None:
        """Have room for ``rows`` and ``width``; what is held is kept."""
        from torch.nn.functional import pad

        held_rows, held_width = self.mask.shape
        if rows <= held_rows and width <= held_width:
            return
        if rows > held_rows:
            rows = min(self._most_rows, max(rows, 2 * held_rows))
        if width > held_width:
            width = -(-max(width, held_width + held_width // 2) // STEP) * STEP
        rows, width = max(rows, held_rows), max(width, held_width)
        by = (0, width - held_width, 0, rows - held_rows)
        for layer in range(len(self.keys)):
            self.keys[layer] = pad(self.keys[layer], (0, 0, *by[:2], 0, 0, *by[2:]))
            self.values[layer] = pad(self.values[layer], (0, 0, *by[:2], 0, 0, *by[2:]))
        self.mask = pad(self.mask, by)
        self.generation += 1
