"""A recipe with all it names opened: plan, demonstrations, way of writing, critics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crowdglot.critics import Critic, Verdict, judge_all
from crowdglot.critics.judges.belief import BelievedJudge
from crowdglot.datasets.shards import Shard, shard_at, shards_of
from crowdglot.datasets.storage.location import Location
from crowdglot.dialogues.demonstrations import DemonstrationPool
from crowdglot.dialogues.dialogue import Demonstration, Dialogue
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import prompt_hash
from crowdglot.dialogues.ways import Way
from crowdglot.draws import Draws
from crowdglot.engines.calls import REFUSED, WRITE, Draft, Key
from crowdglot.engines.engine import Completion, Request, Sampling
from crowdglot.languages.verification import doubts
from crowdglot.scenarios.plan import Plan
from crowdglot.scenarios.scenario import Scenario
from crowdglot.writing.recipe import POOL, Recipe

# The critic that is named where the engine refused, so that there is nothing to judge.
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class OpenedRecipe:
    """Everything but the engine. ``fingerprint``: a hash of all sources' contents. ``match``: the
    languages in which a tournament chooses, and a sentence for those in which it does not.
    ``left_out``: a sentence on each source of which records could not be used, with their count."""

    recipe: Recipe
    plan: Plan
    demonstrations: DemonstrationPool
    way: Way
    critics: Sequence[Critic]
    judges: Sequence[BelievedJudge]
    match: tuple[Mapping[str, float], Mapping[str, str]]
    sampling: Sampling
    fingerprint: str
    left_out: tuple[str, ...] = ()

    @property
    def folder(self) -> Location:
        return self.recipe.folder

    def shards(self, dialogues_per_language: int = 0) -> list[Shard]:
        """All shards of the dataset, or of one with another number of dialogues."""
        recipe = self.recipe
        wanted = dialogues_per_language or recipe.dialogues_per_language
        return list(shards_of(recipe.languages, wanted, recipe.shard_size))

    def shard(self, rank: int) -> Shard:
        recipe = self.recipe
        return shard_at(rank, recipe.languages, recipe.dialogues_per_language, recipe.shard_size)

    @property
    def doubts(self) -> list[str]:
        """What the recipe wants and does not get: a sentence for a pool without dialogues, for each
        judge and language in which it is not believed, and on how languages are verified."""
        shown = any(d.source == POOL for d in self.demonstrations.all)
        pool = "pool: no dialogue of it is shown, the demonstrations' source alone is."
        return [
            *([pool] if self.recipe.pool.iterations and not shown else []),
            *(doubt for judge in self.judges for doubt in judge.doubts.values()),
            *self.match[1].values(),
            *doubts(self.plan.languages),
        ]

    @property
    def asks_judges(self) -> bool:
        """Whether a judge, or a tournament, is believed in any language."""
        return bool(self.match[0]) or any(judge.least for judge in self.judges)

    def identity(self) -> dict[str, Any]:
        """What every row depends on: the recipe, and the content of its sources."""
        told: dict[str, Any] = {
            f"judges.{judge.name}.least": dict(judge.least) for judge in self.judges
        }
        if self.recipe.choice.by == "tournament":
            told["choice.believed"] = sorted(self.match[0])
        return self.recipe.identity() | told | {"sources": self.fingerprint}

    def first_indices(self, shard: Shard) -> list[int]:
        """The plan's indices of the dialogues that ``shard`` wants."""
        language = self.plan.languages[self.recipe.languages.index(shard.language)]
        return [self.plan.index(language, shard.first + step) for step in range(shard.size)]

    def shown(self, scenario: Scenario) -> tuple[Demonstration, ...]:
        """The demonstrations that go with a scenario."""
        if self.recipe.demonstrations.by == "event":
            return self.demonstrations.for_event(scenario.event.name)
        block = self.plan.position(scenario.index) // self.recipe.demonstrations.block
        return self.demonstrations.for_block(block)

    def next(self, index: int, answers: Sequence[str]) -> Asked | Dialogue:
        """What the way of writing wants next for this scenario, or the dialogue."""
        scenario = self.plan.scenario(index)
        return self.way.next(scenario, self.shown(scenario), answers)

    def asking(self, index: int) -> Callable[[Sequence[str]], Asked | Dialogue | None]:
        """``next`` for all steps of one draft, whose scenario is made once.

        None after as many answers as the way ever asks for: who judges the draft reads it.
        """
        scenario = self.plan.scenario(index)
        shown, most = self.shown(scenario), self.way.most_calls(scenario)
        return lambda told: self.way.next(scenario, shown, told) if len(told) < most else None

    def prompt(self, index: int) -> tuple[Message, ...]:
        """The first question for a scenario, as chat messages."""
        asked = self.next(index, ())
        return asked.messages if isinstance(asked, Asked) else ()

    def request(self, key: Key, asked: Asked) -> Request:
        """The question as an engine takes it. The seed depends on the key alone."""
        how = replace(self.sampling, **asked.sampling) if asked.sampling else self.sampling
        later = (key.role, key.step) if (key.role, key.step) != (WRITE, 0) else ()
        draws = Draws(self.recipe.seed, "ask", key.index, key.attempt, *later)
        return Request(**asked.requested, sampling=how, seed=draws.below(2**31))

    def judge(self, drafts: Sequence[Draft]) -> list[tuple[Dialogue, tuple[Verdict, ...]]]:
        """Read drafts and have them judged by the critics, and by the judges that were asked."""
        dialogues = [self.read(draft) for draft in drafts]
        answered = [at for at, draft in enumerate(drafts) if not draft.refused]
        verdicts = judge_all([dialogues[at] for at in answered], self.critics)
        judged = dict(zip(answered, verdicts, strict=True))
        return [
            (
                dialogue,
                (*judged[at], *self._of_judges(draft, dialogue))
                if at in judged
                else (Verdict(ENGINE, REFUSED, draft.answers[-1]),),
            )
            for at, (dialogue, draft) in enumerate(zip(dialogues, drafts, strict=True))
        ]

    def _of_judges(self, draft: Draft, dialogue: Dialogue) -> Iterator[Verdict]:
        """What the judges say by the answers that the draft holds to the questions of today."""
        for judge in self.judges:
            answers: list[Completion] = []
            calls = iter(draft.judged(judge.name))
            while isinstance(told := judge.next(dialogue, answers), Asked):
                call = next(calls, None)
                if call is None or call.prompt_hash != prompt_hash(told.messages):
                    break
                answers.append(call.completion)
            else:
                yield from told

    def read(self, draft: Draft) -> Dialogue:
        """The dialogue that a draft holds; without turns where it holds none."""
        scenario = self.plan.scenario(draft.index)
        shown, told = self.shown(scenario), self.way.told(scenario)
        if draft.refused:
            return Dialogue(scenario, (), shown, told=told)
        read = self.way.next(scenario, shown, draft.answers)
        if isinstance(read, Dialogue):
            return replace(read, told=told)
        fault = f"unfinished: {len(draft.answers)} answers"
        return Dialogue(scenario, (), shown, fault, told=told)
