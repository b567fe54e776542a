"""The report: one page that shows a dataset, and ``metrics.json`` with its figures.

``facts`` gathers from the Parquet files what is shown. ``page`` makes of it one HTML file that
loads nothing from the network, ``markdown`` short tables. Text that a model wrote is never markup:
it is escaped in the page and set as text by the page's script.
"""

from crowdglot.datasets.report.facts import Facts, gather
from crowdglot.datasets.report.page import REPORT, write_report

__all__ = ["REPORT", "Facts", "gather", "write_report"]
