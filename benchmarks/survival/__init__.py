"""The survival suite: what a run outlives. ``python -m benchmarks.survival --kills N [--json]``."""
