"""Do the accepted dialogues of a dataset hold before an identifier that did not accept them?

py3langid is no part of the critics' cascade. It reads each accepted dialogue as a whole:

    python -m benchmarks.second_opinion outputs/datasets/demo [--json]
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from benchmarks import command
from crowdglot.datasets.funnel import read_rows
from crowdglot.languages.language import resolve_language


def main() -> int:
    """Print a table; exit code 1 if any accepted dialogue is taken for another language."""
    import py3langid

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    accepted: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    others: list[dict[str, str]] = []
    for row in read_rows(options.dataset, "data", ("id", "language", "turns")).to_dicts():
        target = resolve_language(row["language"])
        guess = py3langid.classify("\n".join(turn["text"] for turn in row["turns"]))[0]
        accepted[target.tag] += 1
        if guess in target.detected_as:
            agreed[target.tag] += 1
        else:
            others.append({"id": row["id"], "taken_for": guess})
    print(f"{'language':<12}{'accepted':>10}{'confirmed':>11}")
    for tag in sorted(accepted):
        print(f"{tag:<12}{accepted[tag]:>10}{agreed[tag]:>11}")
    for other in others:
        print(f"{other['id']} is taken for {other['taken_for']}")
    if options.json:
        total = {"accepted": accepted.total(), "confirmed": agreed.total(), "others": others}
        print(json.dumps(total))
    return 1 if others else 0


if __name__ == "__main__":
    command(main)
