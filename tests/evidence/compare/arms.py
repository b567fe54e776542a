"""Datasets to compare: of known texts, of one plan or of two, whole or damaged."""

from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.draws import Draws
from tests.datasets.report.dataset import row, write_dataset

WORDS = (
    "pain jardin lundi marché voisin clef soupe train café oncle montagne fenêtre livre bateau "
    "musique pluie chemin école chat valise soleil gâteau lampe rivière ami souris poire table"
).split()


def talk(draws, turns=6):
    """Turns of random words, so that any two sets of them are alike."""
    return [
        " ".join(draws.choice(WORDS) for _ in range(4 + draws.below(6))) + "." for _ in range(turns)
    ]


def random_rows(seed, count, tag="fr", first=0, scored=False):
    """Rows of random words, each with a score where wanted."""
    rows = []
    for at in range(first, first + count):
        draws = Draws(seed, tag, at)
        score = draws.below(1000) / 1000
        told = [{"critic": "coherence", "reason": None, "evidence": "", "score": score}]
        rows.append(row(at, talk(draws), tag=tag, **({"verdicts": told} if scored else {})))
    return rows


def dataset(folder, rows, **recipe):
    """A dataset's folder of these rows."""
    return write_dataset(folder, rows, name=folder.name, **recipe)


def windows(turns=6):
    """Stretches of human dialogues that come with crowdglot, in English."""
    return [
        [turn.text for turn in shown.turns[at : at + turns]]
        for shown in read_demonstrations("bundled")
        for at in range(0, len(shown.turns) - turns + 1, 2)
    ]


def damaged(every):
    """Every second turn from another dialogue."""
    return [
        [other[at] if at % 2 else text for at, text in enumerate(own)]
        for own, other in zip(every, [*every[7:], *every[:7]], strict=True)
    ]
