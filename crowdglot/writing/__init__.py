"""Writing a dataset, without a terminal."""
