"""The recipe: all that a dataset depends on. ``recipes`` reads it from TOML."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from crowdglot.datasets.storage.location import Location, locate
from crowdglot.dialogues.ways import WaySettings, build_way
from crowdglot.engines.settings import EmbeddingSettings, EngineSettings, OpenAddress
from crowdglot.languages.language import resolve_language
from crowdglot.personas.sources import SOURCES
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.plan import MOST_DIALOGUES
from crowdglot.strict_toml import Strict, free, is_marked, outside, walk

# What a prompt tells (see ``dialogues.prompt``).
Form = Literal["full", "short", "personas", "personas_and_event", "personas_and_ground"]
# Keys that recipes did not always have, and what datasets were made with before.
_LATER = {"personas.count": 0, "personas.data": "", "personas.casting": "", "personas.told": True}
# The folder of the pool in that of a dataset.
POOL = "pool"


class DemonstrationSettings(Strict):
    """``source``: "bundled", a file or "hf:org/name"; ``count``: how many a prompt shows;
    ``by``: "block": the same for ``block`` consecutive dialogues of a language; "event": those of
    the scenario's own speech event, where the source tells events."""

    source: str = outside("bundled")
    count: int = Field(default=2, ge=0, le=8)
    by: Literal["block", "event"] = "block"
    block: int = Field(default=50, ge=1)


class PersonaSettings(Strict):
    """``source``: one of ``personas.sources``, "demonstrations" (their speakers), a file or
    "hf:org/name"; ``count``: how many of a source that makes them, 0: as many as it likes;
    ``data``: a TOML in the place of that source's own. ``casting``: "" for any two whom the
    relation allows; "fitting" for two of whom nothing contradicts the situation or the other;
    "similarity", "contrast", "match" for the best of several who fit. ``told``: whether prompts and
    rows tell personas; the same plan without them is a control."""

    source: str = outside("bundled")
    count: int = Field(default=0, ge=0, le=100_000)
    data: str = outside("")
    casting: Literal["", "fitting", "similarity", "contrast", "match"] = ""
    told: bool = True

    @model_validator(mode="after")
    def _made(self) -> "PersonaSettings":
        makes = self.source in SOURCES and self.source != "bundled"
        if (self.count or self.data) and not makes:
            raise ValueError(
                f"'count' and 'data' do nothing for the source '{self.source}'; leave them out"
            )
        return self

    def idle(self) -> frozenset[str]:
        return frozenset({"source"} if self.source in SOURCES else ())


class SamplingSettings(Strict):
    """How tokens are drawn; ``max_tokens`` 0 means 96 for each turn of the longest dialogue."""

    temperature: float = Field(default=0.8, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    min_p: float = Field(default=0.05, ge=0, le=1)
    repeat_penalty: float = Field(default=1.1, ge=1, le=2)
    max_tokens: int = Field(default=0, ge=0)


class DuplicateSettings(Strict):
    """From which Jaccard similarity two texts are duplicates; which share of a dialogue's turns may
    make it one; ``rounds``: how often a run looks for them and writes others, 0: never;
    ``against``: folders of datasets made earlier."""

    least_similarity: float = Field(default=0.7, ge=0.3, le=1)
    least_repeated_turns: float = Field(default=0.5, gt=0, le=1)
    rounds: int = free(3, ge=0, le=100)
    against: tuple[str, ...] = outside(())


class ChoiceSettings(Strict):
    """``candidates``: so many drafts of a scenario are written together, and the best of those that
    pass is taken, ``by`` "meaning": what the critics of meaning say of them, or "tournament": one
    against the next before five experts, where these are believed."""

    candidates: int = Field(default=1, ge=1, le=32)
    by: Literal["meaning", "tournament"] = "meaning"


class PoolSettings(Strict):
    """``iterations``: how often dialogues are written in the source language first, whose best
    become demonstrations; ``dialogues``: of each speech event that the demonstrations lack;
    ``keep``: how many of these are taken; ``of``: the pool of another dataset, its folder."""

    iterations: int = Field(default=0, ge=0, le=10)
    dialogues: int = Field(default=3, ge=1)
    keep: int = Field(default=1, ge=1)
    of: str = free("", outside=True)


class BudgetSettings(Strict):
    """``max_tokens_total``: of prompts and answers, for the whole dataset; ``max_wall_time``:
    seconds of one run. 0 for no limit. Answers under way when one is reached are waited for."""

    max_tokens_total: int = free(0, ge=0)
    max_wall_time: float = free(0.0, ge=0)


class AuditSettings(Strict):
    """In which share of the accepted dialogues `crowdglot audit` may find harm, personal data, or a
    refusal; 1 for no limit. Beyond one the dataset is not published."""

    most_harm: float = free(1.0, ge=0, le=1)
    most_personal_data: float = free(1.0, ge=0, le=1)
    most_abstention: float = free(1.0, ge=0, le=1)


class MachineSettings(Strict):
    """Where shards are written. ``runner``: "here" in the run's own process, or by processes that
    "dask" or "ray" starts; ``address``: of a cluster that is there already, else one is started on
    this machine; ``workers``: its processes, or how many groups of shards to keep a cluster at."""

    runner: Literal["here", "dask", "ray"] = free("here")
    address: OpenAddress = free("", outside=True)
    workers: int = free(2, ge=1, le=1024)

    def idle(self) -> frozenset[str]:
        return frozenset({"address"}) if self.runner == "here" else frozenset()


class Recipe(Strict):
    """All that a run depends on. ``dialogues_per_language`` counts accepted dialogues; it may be
    raised later. ``way``: how a dialogue is asked for (see ``dialogues.ways``); ``sessions``: on
    how many days, for the way of that name. ``meaning``: the embedding model by which critics of
    meaning judge, "" for none. ``judges``: critics that ask a model, in their order; ``believed``:
    the file of `calibrate --judges` that says where they are right. ``models``: other models than
    the engine's, of "judge" the one that judges ask. ``license``: the dataset's own, by the
    hub's name for it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    languages: tuple[str, ...] = Field(min_length=1)
    dialogues_per_language: int = free(..., ge=1, le=MOST_DIALOGUES)
    turns: tuple[int, int] = (6, 10)
    events: tuple[str, ...] = ()
    way: str = "whole"
    sessions: int = Field(default=2, ge=2, le=30)
    prompt: Form = "full"
    seed: int = Field(default=0, ge=0)
    max_attempts: int = Field(default=3, ge=1, le=100)
    max_replacements: int = Field(default=3, ge=0, le=100)
    shard_size: int = Field(default=200, ge=1)
    output: str = free("", outside=True)
    reference: str = free("", outside=True)
    license: str = free("", pattern=r"^[a-z0-9.-]*$")
    demonstrations: DemonstrationSettings = DemonstrationSettings()
    personas: PersonaSettings = PersonaSettings()
    engine: EngineSettings = EngineSettings()
    sampling: SamplingSettings = SamplingSettings()
    critics: dict[str, dict[str, Any]] = Field(default_factory=dict)
    meaning: Literal["", "bundled"] = ""
    judges: tuple[str, ...] = ()
    believed: str = free("", outside=True)
    models: dict[Literal["judge"], EngineSettings] = Field(default_factory=dict)
    choice: ChoiceSettings = ChoiceSettings()
    pool: PoolSettings = PoolSettings()
    duplicates: DuplicateSettings = DuplicateSettings()
    audit: AuditSettings = AuditSettings()
    budget: BudgetSettings = BudgetSettings()
    machines: MachineSettings = MachineSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()

    @field_validator("languages", "events", "judges", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("languages")
    @classmethod
    def _languages(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        canonical = tuple(resolve_language(tag).tag for tag in tags)
        if len(set(canonical)) < len(canonical):
            raise ValueError(f"a language stands twice in {', '.join(canonical)}; name each once")
        return canonical

    @field_validator("events")
    @classmethod
    def _events(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({read_event(name).name for name in names}))

    @field_validator("way")
    @classmethod
    def _way(cls, name: str) -> str:
        build_way(name)
        return name

    @field_validator("turns", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        """Accept [6, 10], "6-10" and 8."""
        if isinstance(value, str) and (found := re.fullmatch(r"(\d+)\s*[-–,]\s*(\d+)", value)):
            return (int(found[1]), int(found[2]))
        return (value, value) if isinstance(value, int) else value

    @field_validator("output")
    @classmethod
    def _output(cls, output: str) -> str:
        """Refuse a URL with a password before it gets anywhere."""
        locate(output)
        return output

    @model_validator(mode="after")
    def _turns(self) -> "Recipe":
        low, high = self.turns
        if not 2 <= low <= high <= 60:
            raise ValueError(f"'turns' is {low} to {high}; give a range within 2 to 60")
        least = build_way(self.way, WaySettings(self.prompt, self.sessions)).least_turns
        if low < least:
            raise ValueError(
                f"'turns' begins at {low}, and the way '{self.way}' needs at least {least}; give a "
                f"range such as [{least}, {max(least, high)}]"
            )
        if self.choice.candidates > 1 and not self.meaning and self.choice.by == "meaning":
            raise ValueError(
                "'choice.candidates' is more than 1 and nothing tells which is best; set 'meaning' "
                'to "bundled", or \'choice.by\' to "tournament"'
            )
        if self.choice.candidates > self.max_attempts:
            raise ValueError(
                f"'choice.candidates' is {self.choice.candidates} and 'max_attempts' "
                f"{self.max_attempts}; allow as many attempts as candidates"
            )
        return self

    @property
    def judging_engine(self) -> EngineSettings:
        return self.models.get("judge", self.engine)

    @property
    def folder(self) -> Location:
        """The dataset's folder, local or at a URL."""
        return locate(self.output or f"outputs/datasets/{self.name}")

    @property
    def pool_folder(self) -> Location:
        return locate(self.pool.of) if self.pool.of else self.folder / POOL

    def pool_file(self, iteration: int) -> Location:
        """The demonstrations that an iteration of the pool brought."""
        return self.pool_folder / f"iteration-{iteration}.jsonl"

    @property
    def event_names(self) -> tuple[str, ...]:
        return self.events or event_names()

    @property
    def max_tokens(self) -> int:
        return self.sampling.max_tokens or 96 * self.turns[1] + 64

    def identity(self) -> dict[str, Any]:
        """What the rows depend on, as flat keys; two runs on one folder must agree on it.

        Fields that are marked as free (see ``strict_toml.free``) are left out.
        """
        settings = walk(Recipe, self.model_dump(mode="json"))
        bound = [(key, value) for key, field, value, _ in settings if not is_marked(field, "free")]
        flat = (pair for key, value in bound for pair in _flat(key, value))
        return {key: value for key, value in flat if _LATER.get(key) != value}


def _flat(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{key}.{name}", inner)
    else:
        yield key, value
