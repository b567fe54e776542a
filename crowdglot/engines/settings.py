"""What a recipe says about the models it wants: its tables [engine] and [embedding]."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from crowdglot.strict_toml import Strict, free, outside

_SERVER = frozenset({"base_url", "api_key_env"})
# What an engine or embedder of each kind makes no use of.
_IDLE = {
    "": _SERVER | {"model"},
    "bundled": _SERVER | {"model"},
    "scripted": _SERVER | {"model"},
    "embedded": _SERVER,
    "transformers": _SERVER,
    "openai": frozenset({"model"}),
}

# What may follow a "?" in an address: no secret. Any other word there may be one.
_HARMLESS = frozenset({"api-version", "api_version", "version", "deployment", "region"})


def refuse_secrets(address: str) -> str:
    """The address, or addresses; ValueError where it holds a password, or may hold a key.

    A recipe is stored, shown and sent to Prefect, so the sentence does not repeat what it found.
    """
    asked = re.findall(r"[?&#]([^=&#\s,]*)", address)
    if "@" in address:
        raise ValueError("holds a user name or a password; put the key into the environment")
    if any(name.lower() not in _HARMLESS for name in asked):
        raise ValueError(
            'holds a query that may be a key; put the key into the environment ("api_key_env" '
            "names the variable), and leave all but api-version out of the address"
        )
    return address


OpenAddress = Annotated[str, AfterValidator(refuse_secrets)]


class EngineSettings(Strict):
    """Which model writes, and where it runs. An engine reads what concerns it.

    ``base_url``: of a server, or of several (see ``openai.addresses``). ``concurrency``: calls at
    a time; 0 for the engine's own number. ``context``: tokens of a prompt with its answer, where
    the model runs in this process. ``devices``: such as "cuda:0", or "all"; empty for the first.
    ``dtype``: of the weights; "" for the device's own. The API key is read from the environment
    variable ``api_key_env``, or from Prefect's Secret block ``api_key_block`` where one is named.
    ``time_out``: seconds for one answer of a server.
    """

    kind: str = "embedded"
    model: str = outside("")
    base_url: OpenAddress = free("", outside=True)
    concurrency: int = free(0, ge=0, le=4096)
    context: int = Field(default=4096, ge=256)
    devices: tuple[str, ...] = free(())
    dtype: Literal["", "bfloat16", "float16", "float32"] = ""
    quantisation: Literal["", "8bit", "4bit"] = ""
    api_key_env: str = free("OPENAI_API_KEY", outside=True)
    api_key_block: str = free("", outside=True)
    time_out: float = free(300.0, gt=0)

    def idle(self) -> frozenset[str]:
        """See ``Strict``; to a server the model is only a name."""
        return _IDLE.get(self.kind, frozenset())

    @field_validator("base_url", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        """Accept a list of addresses."""
        return " ".join(map(str, value)) if isinstance(value, list) else value

    @property
    def calls(self) -> int:
        """How many calls the engine takes at a time."""
        return self.concurrency or (1 if self.kind in ("embedded", "scripted") else 16)


class EmbeddingSettings(Strict):
    """Which model turns dialogues into vectors, for the Vendi score; ``kind`` "": none.

    ``context``: tokens of one text, where the model runs in this process. The others: as of the
    engine. No row depends on any of them.
    """

    kind: Literal["", "bundled", "embedded", "openai"] = free("")
    model: str = free("", outside=True)
    base_url: OpenAddress = free("", outside=True)
    api_key_env: str = free("OPENAI_API_KEY", outside=True)
    context: int = free(2048, ge=64)
    time_out: float = free(60.0, gt=0)

    def idle(self) -> frozenset[str]:
        """See ``Strict``; to a server the model is only a name."""
        return _IDLE.get(self.kind, frozenset())
