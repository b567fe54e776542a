"""The report: one page that shows a dataset, and ``metrics.json`` beside it.

``facts`` gathers what is shown from the Parquet files, ``page`` turns it into one HTML file that
asks the network for nothing, ``markdown`` into short tables. Text that a model wrote is data all
the way: escaped in the page, set as text by its script.
"""

from crowdglot.datasets.report.facts import Facts, Source, gather
from crowdglot.datasets.report.page import METRICS, REPORT, write_report

__all__ = ["METRICS", "REPORT", "Facts", "Source", "gather", "write_report"]
