"""Pins: what the plan and the prompt gave when a person last looked at them.

``python -m tests.golden`` writes them anew: the hash of scenarios 0-99 of a fixed plan, and one
prompt a language under ``prompts/``. Read the changed prompts before you commit them.
"""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.prompt import render
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.draws import Draws
from crowdglot.languages.language import resolve_language
from crowdglot.personas.casting.pool import PersonaPool
from crowdglot.personas.sources.bundled import bundled_personas
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.plan import Plan
from crowdglot.scenarios.scenario import Scenario

FOLDER = Path(__file__).parent
SCENARIOS = FOLDER / "scenarios.json"
PROMPTS = FOLDER / "prompts"
# The last one has no pack.
LANGUAGES = ("fr", "es", "zh", "ar", "hi", "sw", "wo")
COUNT = 100


def plan_of(*tags: str) -> Plan:
    """A plan of all events with the bundled personas."""
    return Plan(
        seed=7,
        languages=[resolve_language(tag) for tag in tags],
        events=[read_event(name) for name in event_names()],
        turns=(6, 10),
        personas=PersonaPool(bundled_personas()),
    )


def canonical(scenario: Scenario) -> str:
    """All of a scenario that a prompt or a row depends on, as one line of JSON."""
    parts = {
        "language": scenario.language.tag,
        "event": scenario.event.name,
        "common_ground": asdict(scenario.common_ground),
        "personas": [persona.facts for persona in scenario.personas],
        "names": scenario.names,
        "order": scenario.order,
    }
    return json.dumps(parts, ensure_ascii=False, sort_keys=True)


def hash_of_scenarios() -> str:
    """The SHA-256 of the canonical lines of scenarios 0-99."""
    plan = plan_of(*LANGUAGES)
    lines = "\n".join(canonical(plan.scenario(index)) for index in range(COUNT))
    return sha256(lines.encode()).hexdigest()


def complaint(stored: dict[str, int | str], version: int, found: str) -> str:
    """What to do where scenarios and VERSION do not fit the stored pin; "" where they do."""
    if stored == {"version": version, "sha256": found}:
        return ""
    if stored["sha256"] == found:
        return f"VERSION is {version}, but scenarios 0-99 are those of VERSION {stored['version']}."
    if stored["version"] == version:
        return (
            f"Scenarios 0-99 changed, but VERSION in crowdglot/scenarios/plan.py is still {version}"
            ": raise it, so that no dataset goes on with other scenarios than it began with, and "
            "run `python -m tests.golden`; or undo the change."
        )
    return f"VERSION is {version}: run `python -m tests.golden` to pin its scenarios."


def prompt_of(tag: str) -> str:
    """The prompt of one scenario in a language, message by message, for a person to read."""
    pool = DemonstrationPool(read_demonstrations("bundled"), seed=7, count=1, most_turns=8)
    # Each language shows another event, whatever other languages there are.
    scenario = plan_of(tag).scenario(Draws("golden", tag).below(COUNT))
    messages = render(scenario, pool.for_block(0))
    return "\n".join(f"--- {message.role} ---\n{message.content}\n" for message in messages)
