"""The ``crowdglot`` command: what is read from and written to a terminal."""
