"""A local page over a dataset: rows are found, read and rated; it tells how far raters agree."""
