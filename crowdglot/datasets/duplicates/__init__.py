"""Near-duplicates across a whole dataset: found by MinHash-LSH, confirmed by exact Jaccard.

``shingles`` cuts a text, ``index`` knows the dialogues that were kept, and ``search`` goes through
the shards of a language in the order of the plan. What is found becomes withdrawals.
"""

from crowdglot.datasets.duplicates.search import find_duplicates

__all__ = ["find_duplicates"]
