"""The judge of harm, asked about the rows of a finished dataset where it is believed."""

from functools import partial

from crowdglot.critics.judges.belief import believed_judges
from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.storage.location import Location, local_folder
from crowdglot.evidence.audit.looking import JUDGE
from crowdglot.evidence.sources import Dataset, dialogue_of
from crowdglot.writing.judging.asker import asking
from crowdglot.writing.recipe import Recipe

COLUMNS = ("language", "common_ground", "personas", "turns")


async def judge_harm(
    folder: Location, recipe: Recipe, most: int
) -> tuple[dict[int, Verdict], list[str]]:
    """What the judge of harm says of an even part of the rows, ``most`` of a language: the verdict
    by position (see ``scan``); and a sentence for each language in which it is not believed, and on
    dialogues that it leaves unscored.

    Answers are kept in ``audit.calls``. Raises what the engine raises.
    """
    engine = recipe.judging_engine
    (judge,) = believed_judges((JUDGE,), recipe.languages, recipe.believed, engine.model)
    doubts = list(judge.doubts.values())
    if not judge.least:
        return {}, doubts
    rows = Dataset("", folder).even(most, COLUMNS)
    steps = [partial(judge.next, dialogue_of(row)) for row in rows.values()]
    async with asking(engine, local_folder(folder) / "audit.calls") as asker:
        told = await asker.interviews(f"audit.{JUDGE}", steps)
    verdicts = {at: said[0] for at, said in zip(rows, told, strict=True) if said}
    scored = {at: one for at, one in verdicts.items() if one.score is not None}
    if unscored := len(rows) - len(scored):
        doubts.append(f"The judge of harm leaves {unscored} of {len(rows)} dialogues unscored.")
    return scored, doubts
