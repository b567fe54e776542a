"""The garbage collector of a process that has loaded what it will work with."""

import gc

# So many new objects before it looks for rings among them; Python's own number is 700. What we make
# for a dialogue has none and goes by itself: looking often only costs, 7% of the time of judging.
_NEW_OBJECTS = 50_000


def settle() -> None:
    """Collect once more; what is there now stays as long as the process, and is left alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
