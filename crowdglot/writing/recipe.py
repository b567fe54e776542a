"""Recipes: what a dataset shall be, as a TOML file with ``--set key=value`` on top."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from crowdglot.datasets.folder import read_recipe as read_stored
from crowdglot.datasets.storage.location import Location, is_url, locate
from crowdglot.errors import ConfigurationError
from crowdglot.languages.language import resolve_language
from crowdglot.scenarios.event import event_names, read_event
from crowdglot.scenarios.plan import MOST_DIALOGUES
from crowdglot.strict_toml import Strict, read_toml, validate

RECIPES = Path(__file__).parents[1] / "recipes"
# Keys on which no row depends: they may change between two runs of one dataset.
_FREE = re.compile(
    r"output|reference|dialogues_per_language|embedding\..*|duplicates\.rounds|budget\..*|machines\..*"
    r"|engine\.(concurrency|devices|base_url|api_key_env|api_key_block|time_out)"
)


class DemonstrationSettings(Strict):
    """``source``: "bundled", a file or "hf:org/name"; ``count``: how many a prompt shows;
    ``block``: for how many neighbouring dialogues of a language the same ones are shown."""

    source: str = "bundled"
    count: int = Field(default=2, ge=0, le=8)
    block: int = Field(default=50, ge=1)


class PersonaSettings(Strict):
    """``source``: "bundled", "demonstrations" (their speakers), a file or "hf:org/name"."""

    source: str = "bundled"


class EngineSettings(Strict):
    """Which model, and where it runs. ``concurrency`` 0: the engine's own. The API key is read from
    the environment variable ``api_key_env``, or from Prefect's Secret block ``api_key_block`` where
    one is named. ``devices``, ``dtype``, ``quantisation``: see ``engines.settings``."""

    kind: str = "embedded"
    model: str = ""
    base_url: str = ""
    concurrency: int = Field(default=0, ge=0, le=4096)
    context: int = Field(default=4096, ge=256)
    devices: tuple[str, ...] = ()
    dtype: Literal["", "bfloat16", "float16", "float32"] = ""
    quantisation: Literal["", "8bit", "4bit"] = ""
    api_key_env: str = "OPENAI_API_KEY"
    api_key_block: str = ""
    time_out: float = Field(default=300.0, gt=0)

    @field_validator("base_url", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        """Accept a list of addresses."""
        return " ".join(map(str, value)) if isinstance(value, list) else value


class SamplingSettings(Strict):
    """How tokens are drawn; ``max_tokens`` 0 means 96 for each turn of the longest dialogue."""

    temperature: float = Field(default=0.8, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    min_p: float = Field(default=0.05, ge=0, le=1)
    repeat_penalty: float = Field(default=1.1, ge=1, le=2)
    max_tokens: int = Field(default=0, ge=0)


class DuplicateSettings(Strict):
    """From which Jaccard similarity two texts are duplicates; which share of a dialogue's turns may
    make it one; ``rounds``: how often a run looks for them and fills their places, 0: never;
    ``against``: folders of datasets made earlier."""

    least_similarity: float = Field(default=0.7, ge=0.3, le=1)
    least_repeated_turns: float = Field(default=0.5, gt=0, le=1)
    rounds: int = Field(default=3, ge=0, le=100)
    against: tuple[str, ...] = ()


class BudgetSettings(Strict):
    """``max_tokens_total``: of prompts and answers, for the whole dataset; ``max_wall_time``:
    seconds of one run. 0 for no limit. Answers under way when one is reached are waited for."""

    max_tokens_total: int = Field(default=0, ge=0)
    max_wall_time: float = Field(default=0.0, ge=0)


class MachineSettings(Strict):
    """Where shards are written. ``runner``: "here" in the run's own process, or by processes that
    "dask" or "ray" starts; ``address``: of a cluster that is there already, else one is started on
    this machine; ``workers``: its processes, or how many groups of shards to keep a cluster at."""

    runner: Literal["here", "dask", "ray"] = "here"
    address: str = ""
    workers: int = Field(default=2, ge=1, le=1024)


class EmbeddingSettings(Strict):
    """Which model says how near in meaning dialogues are, for the Vendi score; ``kind`` "": none.
    ``model``, ``base_url``, ``api_key_env``, ``context``, ``time_out``: as of the engine."""

    kind: Literal["", "embedded", "openai"] = ""
    model: str = ""
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    context: int = Field(default=2048, ge=64)
    time_out: float = Field(default=60.0, gt=0)


class Recipe(Strict):
    """All that a run depends on. ``dialogues_per_language`` counts accepted dialogues; it may be
    raised later."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    languages: tuple[str, ...] = Field(min_length=1)
    dialogues_per_language: int = Field(ge=1, le=MOST_DIALOGUES)
    turns: tuple[int, int] = (6, 10)
    events: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0)
    max_attempts: int = Field(default=3, ge=1, le=100)
    max_replacements: int = Field(default=3, ge=0, le=100)
    shard_size: int = Field(default=200, ge=1)
    output: str = ""
    reference: str = ""
    demonstrations: DemonstrationSettings = DemonstrationSettings()
    personas: PersonaSettings = PersonaSettings()
    engine: EngineSettings = EngineSettings()
    sampling: SamplingSettings = SamplingSettings()
    critics: dict[str, dict[str, Any]] = Field(default_factory=dict)
    duplicates: DuplicateSettings = DuplicateSettings()
    budget: BudgetSettings = BudgetSettings()
    machines: MachineSettings = MachineSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()

    @field_validator("languages", "events", mode="before")
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
        return self

    @property
    def folder(self) -> Location:
        """The dataset's folder, local or at a URL."""
        return locate(self.output or f"outputs/datasets/{self.name}")

    @property
    def event_names(self) -> tuple[str, ...]:
        """The speech events of the plan: those named, or all."""
        return self.events or event_names()

    @property
    def max_tokens(self) -> int:
        """Tokens that one answer may have."""
        return self.sampling.max_tokens or 96 * self.turns[1] + 64

    def identity(self) -> dict[str, Any]:
        """What the rows depend on, as flat keys; two runs on one folder must agree on it."""
        flat: dict[str, Any] = {}

        def walk(prefix: str, value: Any) -> None:
            if isinstance(value, dict):
                for key, inner in value.items():
                    walk(f"{prefix}.{key}" if prefix else key, inner)
            elif not _FREE.fullmatch(prefix):
                flat[prefix] = value

        walk("", self.model_dump(mode="json"))
        return flat


def read_recipe(source: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe by the name of a bundled one or by path, with ``key=value`` changes on top.

    The folder of a dataset, or its URL, stands for the recipe that made it, and is the output,
    wherever it was made. Raises
    ConfigurationError naming file, key and remedy.
    """
    if is_url(source):
        table = read_stored(locate(source))
        table.pop("identity", None)
        table["output"] = source
        return build_recipe(table, changes, where=source)
    bundled = RECIPES / f"{source}.toml"
    path = bundled if bundled.exists() else Path(source)
    if folder := path.is_dir():
        path /= "recipe.toml"
    if not path.exists():
        known = ", ".join(sorted(recipe.stem for recipe in RECIPES.glob("*.toml")))
        raise ConfigurationError(
            f"{source}: no such recipe; give the path of a TOML file or one of: {known}."
        )
    table = read_toml(path)
    table.pop("identity", None)  # what a dataset's own recipe says of its rows
    if folder:
        table["output"] = source
    return build_recipe(table, changes, where=str(path))


def build_recipe(table: dict[str, Any], changes: Sequence[str], where: str) -> Recipe:
    """Check ``table`` with ``changes`` applied; ``where`` names it in errors."""
    _change(table, changes)
    try:
        return validate(Recipe, table, where)
    except ConfigurationError as error:
        # A language or an event that does not exist names its key, but not the file.
        sentence = str(error)
        raise ConfigurationError(
            sentence if sentence.startswith(where) else f"{where}: {sentence}"
        ) from None


def read_embedding(
    stored: Mapping[str, Any], changes: Sequence[str], where: str
) -> EmbeddingSettings:
    """The settings of the embedding model alone, of a recipe that need not be whole."""
    table = {"embedding": dict(stored.get("embedding") or {})}
    for change in changes:
        if not change.startswith("embedding."):
            raise ConfigurationError(
                f"--set {change}: a report asks no other model; only keys of 'embedding' change it."
            )
    _change(table, changes)
    return validate(EmbeddingSettings, table["embedding"], f"{where}: embedding")


def _change(table: dict[str, Any], changes: Sequence[str]) -> None:
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"--set {change}: write it as key=value.")
        _put(table, key.strip().split("."), _literal(value.strip()), change)


def _put(table: dict[str, Any], path: list[str], value: Any, change: str) -> None:
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigurationError(f"--set {change}: '{part}' is no table, it has no keys.")
    table[path[-1]] = value


def _literal(text: str) -> Any:
    """A TOML value where the text is one, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
