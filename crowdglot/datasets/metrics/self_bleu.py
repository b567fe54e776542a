"""Self-BLEU-4 (Zhu et al. 2018): mean BLEU of each dialogue against all the others.

Each score equals sacrebleu's ``sentence_bleu`` with all other dialogues as references, but the
n-grams are counted once. BLEU clips a count at the greatest count in any one reference: for every
n-gram the two greatest counts over dialogues are kept, and a dialogue that holds the greatest
itself is clipped at the second. The closest reference length comes from the sorted lengths.
"""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

from crowdglot.datasets.metrics.measuring.corpus import Corpus, Grams, Numbers
from crowdglot.datasets.metrics.measuring.figure import Details, Reading, mean_of

ORDER = 4


def scores(corpus: Corpus) -> list[float]:
    """BLEU-4 of each dialogue against all others, 0 to 100; at least two dialogues."""
    from sacrebleu.metrics.bleu import BLEU

    orders = [corpus.grams(order) for order in range(1, ORDER + 1)]
    correct = np.stack([_clipped(grams, len(corpus)) for grams in orders], axis=1).tolist()
    totals = np.stack(
        [np.bincount(grams.owner, minlength=len(corpus)) for grams in orders], axis=1
    ).tolist()
    closest = closest_lengths(corpus.lengths).tolist()
    return [
        BLEU.compute_bleu(
            right, total, length, other, smooth_method="exp", effective_order=True
        ).score
        for right, total, length, other in zip(
            correct, totals, corpus.lengths.tolist(), closest, strict=True
        )
    ]


def _clipped(grams: Grams, dialogues: int) -> Numbers:
    """The matched n-grams of each dialogue, each at most as often as one other dialogue has it."""
    if not len(grams.ids):
        return np.zeros(dialogues, np.int64)
    entries, counts = np.unique(grams.ids * dialogues + grams.owner, return_counts=True)
    ids, owner = np.divmod(entries, dialogues)
    order = np.lexsort((-counts, ids))
    ids, owner, counts = ids[order], owner[order], counts[order]
    first = np.flatnonzero(np.diff(ids, prepend=-1))  # where each n-gram's greatest count stands
    second = np.append(counts[1:], 0)[first]
    second[np.append(ids[1:], -1)[first] != ids[first]] = 0  # one dialogue alone holds it
    others = counts[first][ids]
    others[first] = second
    shared = np.minimum(counts, others)
    return np.bincount(owner, weights=shared, minlength=dialogues).astype(np.int64)


def closest_lengths(lengths: Numbers) -> Numbers:
    """For each length the closest of all the others; of two equally close the shorter."""
    order = np.argsort(lengths, kind="stable")
    rising = lengths[order]
    far = np.iinfo(np.int64).max // 4
    # In rising order the closest other one is a neighbour.
    below = np.append(-far, rising[:-1])
    above = np.append(rising[1:], far)
    nearest = np.where(rising - below <= above - rising, below, above)
    closest = np.empty_like(lengths)
    closest[order] = nearest
    return closest


def measure(corpus: Corpus) -> Iterator[Reading]:
    """self_bleu: needs two dialogues."""
    if len(corpus) > 1:
        of, library = mean_of(np.array(scores(corpus))), version("sacrebleu")
        details: Details = {"n": ORDER, "smooth": "exp", "eff": "yes", "sacrebleu": library}
        yield Reading("self_bleu", of, "lower", "bootstrap", details)
