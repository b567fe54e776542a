"""Expansion of a set of personas by a model, after Synthetic-Persona-Chat (Jandaghi et al. 2023).

The sentences of the set fall into clusters; of each the model tells the question that it answers;
it answers each question as other people would; and of what is new, each persona gets a hand of
sentences to different questions, from which those are taken that can all be true of one person.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from crowdglot.draws import Draws
from crowdglot.personas.persona import Persona
from crowdglot.writing.judging.asker import Asker
from crowdglot.writing.personas.fitting import UNTRIED, FitJudge, assemble, try_judge
from crowdglot.writing.personas.growing import Growth, likeness_at_hand
from crowdglot.writing.personas.made import (
    Made,
    Refusal,
    check_output,
    fingerprint,
    writer_and_judge,
)
from crowdglot.writing.personas.questions import AT_A_TIME
from crowdglot.writing.recipe import Recipe

FEWEST = 3  # sentences of a persona, where as many are wanted


async def expand(
    recipe: Recipe,
    personas: Sequence[Persona],
    output: Path,
    *,
    count: int,
    sentences: int,
    tell: Callable[[str], None],
) -> Made:
    """``count`` new personas of ``sentences`` each, or as many as the model brings.

    ``tell`` gets a sentence after each stage. Raises what the engines raise, and
    ConfigurationError where ``output`` holds something else.
    """
    check_output(output)
    facts = list(dict.fromkeys(fact for persona in personas for fact in persona.facts))
    growth = Growth(facts, likeness_at_hand(), recipe.seed)
    hands, spare = count + count // 4, sentences // 2
    wanted = hands * (sentences + spare)
    async with writer_and_judge(recipe, output) as (writer, judge):
        await growth.ask_questions(writer, max(sentences + spare, -(-wanted // AT_A_TIME)))
        tell(f"{len(growth.questions)} questions from {len(facts)} sentences.")
        await growth.ask_lines(writer, wanted)
        tell(f"{growth.size} new sentences, {len(growth.refused)} refusals.")
        fit = await try_judge(judge) if growth.size else UNTRIED
        tell(fit.told)
        dealt = deal(growth.lines, sentences + spare * (fit.least is not None), hands, recipe.seed)
        made, refused = await _assembled(judge, dealt, sentences, fit)
    about = {
        "by": "expand",
        "source": recipe.personas.source,
        "source_fingerprint": fingerprint(personas),
        "writer": writer.model,
        "judge": judge.model,
        "judged": fit.told,
        "likeness": growth.likeness.by,
        "sentences": growth.size,
        "questions": list(growth.questions),
        "personas_to_spare": max(0, len(made) - count),
    }
    return Made(tuple(made[:count]), (*growth.refused, *refused), about)


def deal(lines: dict[str, list[str]], size: int, hands: int, seed: int) -> list[tuple[str, ...]]:
    """Hands of ``size`` sentences to as many questions, each sentence once; those questions first
    to which most answers are left. Fewer hands where there are not enough."""
    left = {question: list(some) for question, some in lines.items() if some}
    dealt: list[tuple[str, ...]] = []
    while len(dealt) < hands and len(left) >= min(FEWEST, size):
        draws = Draws(seed, "deal", len(dealt))
        most = sorted(draws.shuffled(list(left)), key=lambda one: -len(left[one]))[:size]
        dealt.append(tuple(draws.shuffled([left[one].pop(0) for one in most])))
        left = {question: some for question, some in left.items() if some}
    return dealt


async def _assembled(
    judge: Asker, dealt: Sequence[tuple[str, ...]], sentences: int, fit: FitJudge
) -> tuple[list[Persona], list[Refusal]]:
    steps = [partial(assemble, hand, sentences, fit.least) for hand in dealt]
    told = await judge.interviews("fits", steps)
    made, refused = list[Persona](), list[Refusal]()
    for hand, found in zip(dealt, told, strict=True):
        facts, why = found or ((), (Refusal("persona.refused", " ".join(hand)),))
        refused += why
        if len(facts) >= min(FEWEST, sentences):
            made.append(Persona(facts))
        elif facts:
            refused.append(Refusal("persona.too_few_sentences", " ".join(facts)))
    return made, refused
