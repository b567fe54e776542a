"""Files and folders of a dataset, on a disk or at a URL, written whole or not at all."""
