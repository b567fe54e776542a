"""A job: a recipe with all it needs opened, and the way of one question through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from crowdglot.critics import Critic, judge_all, load_critics
from crowdglot.critics.verdict import Verdict
from crowdglot.datasets.record import REFUSED, Entry
from crowdglot.datasets.shards import Shard, shard_at, shards_of
from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.draft import parse
from crowdglot.dialogues.prompt import answer_schema, render
from crowdglot.draws import Draws
from crowdglot.engines.engine import Request, Sampling
from crowdglot.scenarios.scenario import Scenario
from crowdglot.writing.materials import Materials, open_materials
from crowdglot.writing.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """Everything but the engine."""

    recipe: Recipe
    materials: Materials
    critics: Sequence[Critic]
    sampling: Sampling

    @property
    def folder(self) -> Location:
        """The dataset's folder, local or at a URL."""
        return self.recipe.folder

    def shards(self, dialogues_per_language: int = 0) -> list[Shard]:
        """All shards of the dataset, or of one with another number of dialogues."""
        recipe = self.recipe
        wanted = dialogues_per_language or recipe.dialogues_per_language
        return list(shards_of(recipe.languages, wanted, recipe.shard_size))

    def shard(self, rank: int) -> Shard:
        """The shard with this place among them."""
        recipe = self.recipe
        return shard_at(rank, recipe.languages, recipe.dialogues_per_language, recipe.shard_size)

    def identity(self) -> dict[str, Any]:
        """What every row depends on: the recipe, and the content of its sources."""
        return self.recipe.identity() | {"materials": self.materials.fingerprint}

    def first_indices(self, shard: Shard) -> list[int]:
        """The plan's indices of the dialogues that ``shard`` wants."""
        plan = self.materials.plan
        language = plan.languages[self.recipe.languages.index(shard.language)]
        return [plan.index(language, shard.first + step) for step in range(shard.size)]

    def demonstrations(self, scenario: Scenario) -> tuple[Demonstration, ...]:
        """The demonstrations that go with a scenario: the same for its whole block."""
        position = self.materials.plan.position(scenario.index)
        block = position // self.recipe.demonstrations.block
        return self.materials.demonstrations.for_block(block)

    def request(self, scenario: Scenario, attempt: int) -> Request:
        """The question to the engine; the seed is new for every attempt."""
        return Request(
            messages=render(scenario, self.demonstrations(scenario)),
            schema=answer_schema(scenario.order),
            sampling=self.sampling,
            seed=Draws(self.recipe.seed, "ask", scenario.index, attempt).below(2**31),
        )

    def judge(self, entries: Sequence[Entry]) -> list[tuple[Dialogue, tuple[Verdict, ...]]]:
        """Read completions and have them judged."""
        dialogues = [self._read(entry) for entry in entries]
        answered = [at for at, entry in enumerate(entries) if not _refused(entry)]
        verdicts = judge_all([dialogues[at] for at in answered], self.critics)
        judged = dict(zip(answered, verdicts, strict=True))
        return [
            (dialogue, judged.get(at) or (Verdict("engine", REFUSED, entry.completion.text),))
            for at, (dialogue, entry) in enumerate(zip(dialogues, entries, strict=True))
        ]

    def _read(self, entry: Entry) -> Dialogue:
        scenario = self.materials.plan.scenario(entry.index)
        demonstrations = self.demonstrations(scenario)
        if _refused(entry):
            return Dialogue(scenario, (), demonstrations)
        return parse(entry.completion.text, scenario, demonstrations)


def _refused(entry: Entry) -> bool:
    return entry.completion.finish_reason == REFUSED


def open_job(recipe: Recipe) -> Job:
    """Read the recipe's sources and load its critics; opened once in each process."""
    return _open_job(recipe.model_dump_json())


@lru_cache(maxsize=4)
def _open_job(written: str) -> Job:
    recipe = Recipe.model_validate_json(written)
    return Job(
        recipe=recipe,
        materials=open_materials(recipe),
        critics=load_critics(recipe.critics),
        sampling=Sampling(
            temperature=recipe.sampling.temperature,
            top_p=recipe.sampling.top_p,
            min_p=recipe.sampling.min_p,
            repeat_penalty=recipe.sampling.repeat_penalty,
            max_tokens=recipe.max_tokens,
        ),
    )
