"""The garbage collector and the memory of a process that works for hours."""

import gc

import pyarrow as pa

# So many new objects before it looks for rings among them; Python's own number is smaller. What we
# make for a dialogue has none and goes by itself: looking often only costs, 7% of the time of
# judging.
_NEW_OBJECTS = 50_000
_OWN = gc.get_threshold()


def freeze() -> None:
    """Collect once more; what is there now stays as long as the process, and is left alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def thaw() -> None:
    """The work is done: collect as Python does, and let others have the memory that it took."""
    gc.unfreeze()
    gc.set_threshold(*_OWN)
    gc.collect()
    pa.default_memory_pool().release_unused()
