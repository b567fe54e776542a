"""Profiles of all speakers of dialogues, as personas with the evidence of each fact."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.personas.persona import Persona
from crowdglot.writing.judging.asker import Asker
from crowdglot.writing.personas.made import Made, Refusal, check_output, writer_and_judge
from crowdglot.writing.personas.profiles import (
    Evidenced,
    Speaker,
    find_facts,
    find_manner,
    speakers_of,
)
from crowdglot.writing.recipe import Recipe

FEWEST_TURNS = 3  # of a speaker, or there is little to go by


async def extract(
    recipe: Recipe,
    dialogues: Sequence[Demonstration],
    source: str,
    output: Path,
    *,
    tell: Callable[[str], None],
) -> Made:
    """A persona for each speaker of whom the turns show something.

    ``source``: where the dialogues are from, to be told. ``tell``: as of ``expand``. Raises what
    the engines raise, and ConfigurationError where ``output`` holds something else.
    """
    check_output(output)
    everybody = [one for dialogue in dialogues for one in speakers_of(dialogue)]
    speakers = [one for one in everybody if len(one.turns) >= FEWEST_TURNS]
    tell(f"{len(speakers)} speakers of {len(dialogues)} dialogues.")
    async with writer_and_judge(recipe, output) as (writer, judge):
        personas, refused = await _profiles(writer, judge, speakers)
        about = {
            "by": "extract", "source": source, "dialogues": len(dialogues),
            "speakers": len(speakers), "writer": writer.model, "judge": judge.model,
        }  # fmt: skip
    silent = (
        Refusal("speaker.too_few_turns", f"dialogue {one.dialogue}, {one.letter}")
        for one in everybody
        if len(one.turns) < FEWEST_TURNS
    )
    return Made(tuple(personas), (*silent, *refused), about)


async def _profiles(
    writer: Asker, judge: Asker, speakers: Sequence[Speaker]
) -> tuple[list[Persona], list[Refusal]]:
    facts = await writer.interviews("facts", [partial(find_facts, one) for one in speakers])
    refused = list[Refusal]()
    shown = list[tuple[Speaker, tuple[Evidenced, ...]]]()
    for speaker, told in zip(speakers, facts, strict=True):
        found, why = told or ((), (Refusal("answer.refused"),))
        refused += why
        if found:
            shown.append((speaker, found))
        else:
            who = f"dialogue {speaker.dialogue}, {speaker.letter}"
            refused.append(Refusal("profile.without_evidence", who))
    steps = [partial(find_manner, speaker) for speaker, _ in shown]
    manners = await judge.interviews("manner", steps)
    personas = dict[Persona, None]()
    for (speaker, found), manner in zip(shown, manners, strict=True):
        traits, why = manner or ((), (Refusal("manner.refused"),))
        refused += why
        origins = tuple(one.origin(speaker) for one in found)
        persona = Persona(tuple(one.fact for one in found), tuple(traits), origins)
        if persona in personas:
            refused.append(Refusal("profile.redundant", " ".join(persona.facts)))
        personas[persona] = None
    return list(personas), refused
