"""Near-duplicates across a whole dataset: found by MinHash-LSH, confirmed by exact Jaccard.

``shingles`` cuts a text, ``index`` knows the dialogues that were kept, ``search`` goes through the
shards of a language in the order of the plan, ``ledger`` keeps what was found beside the shards.
"""

from crowdglot.datasets.duplicates.ledger import Duplicate, Ledger, read_ledger, write_ledger
from crowdglot.datasets.duplicates.search import Earlier, find_duplicates

__all__ = [
    "Duplicate",
    "Earlier",
    "Ledger",
    "find_duplicates",
    "read_ledger",
    "write_ledger",
]
