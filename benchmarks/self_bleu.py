"""Self-BLEU-4 over shared n-gram counts, against sacrebleu's sentence scores in a double loop.

    python -m benchmarks.self_bleu [--data FILE] [--dialogues 1000] [--plain 8] [--json]

FILE: dialogues in any format that crowdglot reads, such as XPersona JSON; without it, dialogues of
words drawn by Zipf's law. Both sides tokenise ("13a", case kept). The plain loop would take many
minutes, so it runs over ``--plain`` dialogues, evenly spread, each against all the others, and its
time is multiplied up; ours runs in full, the median of five. With --json the last line is one JSON
object.
"""

import argparse
import json
import logging
import statistics
import time
from bisect import bisect
from itertools import accumulate

from benchmarks import command
from crowdglot.datasets.metrics import self_bleu
from crowdglot.datasets.metrics.measuring.corpus import Corpus
from crowdglot.datasets.metrics.measuring.tokenisation import tokenise
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.draws import Draws

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", default="")
    parser.add_argument("--dialogues", type=int, default=1000)
    parser.add_argument("--plain", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    texts = (_read(asked.data) if asked.data else _drawn(asked.dialogues))[: asked.dialogues]
    if len(texts) < 2:
        parser.error(f"--data: {len(texts)} dialogue(s) found; give a file of at least two")

    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        scores = _ours(texts)
        times.append(time.perf_counter() - started)
    ours = statistics.median(times)

    step = max(1, len(texts) // max(1, asked.plain))
    probed = list(range(0, len(texts), step))[: max(1, asked.plain)]
    started = time.perf_counter()
    plain = {number: _plain(texts, number) for number in probed}
    measured = time.perf_counter() - started
    whole = measured / len(probed) * len(texts)
    apart = max(abs(score - scores[number]) for number, score in plain.items())

    print(f"{len(texts)} dialogues, {sum(map(len, texts)):,} characters")
    print(f"{'plain double loop':24}{whole:10.1f} s  (extrapolated from {len(probed)} dialogues"
          f" in {measured:.1f} s)")  # fmt: skip
    print(f"{'shared n-gram counts':24}{ours:10.3f} s  ({min(times):.3f} to {max(times):.3f})")
    print(f"{'ratio':24}{whole / ours:10.0f}")
    print(f"{'largest difference':24}{apart:10.1e}  over the {len(probed)}")
    if asked.json:
        figures = {
            "dialogues": len(texts), "plain_seconds_extrapolated": whole,
            "plain_dialogues_measured": len(probed), "plain_seconds_measured": measured,
            "seconds": ours, "seconds_all": times, "ratio": whole / ours,
            "largest_difference": apart, "self_bleu": statistics.fmean(scores),
        }  # fmt: skip
        print(json.dumps(figures))


def _ours(texts: list[str]) -> list[float]:
    documents = tuple(tuple(tokenise(text, "13a", lowercase=False)) for text in texts)
    return self_bleu.scores(Corpus(tuple((text,) for text in texts), documents, "13a"))


def _plain(texts: list[str], number: int) -> float:
    import sacrebleu

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    others = texts[:number] + texts[number + 1 :]
    return float(sacrebleu.sentence_bleu(texts[number], others).score)


def _read(source: str) -> list[str]:
    return ["\n".join(turn.text for turn in d.turns) for d in read_demonstrations(source)]


def _drawn(dialogues: int) -> list[str]:
    """Dialogues of 15 turns of 10 words, word k of 8,000 as often as 1/k."""
    draws = Draws(0, "benchmarks.self_bleu")
    sums = list(accumulate(1_000_000 // (rank + 1) for rank in range(8_000)))
    return [
        "\n".join(
            " ".join(f"w{bisect(sums, draws.below(sums[-1]))}" for _ in range(10)) + "."
            for _ in range(15)
        )
        for _ in range(dialogues)
    ]


if __name__ == "__main__":
    command(main)
