"""The survival suite: what a run outlives. ``python -m tests.survival --kills N [--json]``."""
