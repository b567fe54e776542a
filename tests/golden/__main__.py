"""Writes the pins anew; refuses where scenarios changed and VERSION did not."""

import json
import sys

from crowdglot.languages.language import packed_tags
from crowdglot.scenarios.plan import VERSION
from tests.golden import PROMPTS, SCENARIOS, complaint, hash_of_scenarios, prompt_of


def main() -> None:
    """Write ``scenarios.json`` and ``prompts/``."""
    pin = {"version": VERSION, "sha256": hash_of_scenarios()}
    stored = json.loads(SCENARIOS.read_text("utf-8")) if SCENARIOS.exists() else {}
    if stored and stored != pin and stored["version"] == VERSION:
        sys.exit(complaint(stored, VERSION, str(pin["sha256"])))
    SCENARIOS.write_text(json.dumps(pin, indent=2) + "\n", "utf-8")
    PROMPTS.mkdir(exist_ok=True)
    for path in PROMPTS.glob("*.txt"):
        path.unlink()
    for tag in packed_tags():
        (PROMPTS / f"{tag}.txt").write_text(prompt_of(tag), "utf-8")


main()
