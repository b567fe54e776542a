"""Comparing datasets, the arms of an experiment or any others, and what people wrote.

``arms`` reads and counts, ``drawing`` makes sizes equal, ``measures`` gives what is compared,
``statistics`` intervals, tests and effect sizes, ``preference`` the judge's choice between two
dialogues of a scenario, ``page`` the page. Names and texts of datasets are never markup.
"""
