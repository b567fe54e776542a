"""What a recipe says about the models it wants: its tables [engine] and [embedding]."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, Field, field_validator

from crowdglot.errors import ConfigurationError
from crowdglot.strict_toml import Strict, free

_PARAMETER = re.compile(r"[?&#;]([^=&#;\s,]*)=([^&#;\s,*]*)")
_SECRET_NAME = re.compile(
    r"key|token|secret|passw|pwd|auth|credential|signature|\A(?:sig|sas|pass|pw|code|bearer)\Z",
    re.I,
)
_SECRET_LENGTH = 32  # characters that no version or name of a deployment has in one


def without_secret(base_url: str, section: str = "engine") -> str:
    """``base_url``; ConfigurationError, which does not show it, where it seems to hold a secret.

    It goes into the recipe, the dataset and Prefect's database, where no secret may stand.
    """
    if "@" in base_url:
        held = "a user name or a password"
    elif found := next(
        (one for one in _PARAMETER.finditer(base_url) if _secret(*one.groups())), None
    ):
        held = f"a key, as '{unquote(found[1])[:40]}'"
    else:
        return base_url
    raise ConfigurationError(
        f"{section}.base_url holds {held}; put the key into the environment, as"
        f" {section}.api_key_env names it, which sends it in a header."
    )


def _secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(unquote(name))) or len(value) >= _SECRET_LENGTH


def _for_embedding(base_url: str) -> str:
    return without_secret(base_url, "embedding")


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
    model: str = ""
    base_url: Annotated[str, AfterValidator(without_secret)] = free("")
    concurrency: int = free(0, ge=0, le=4096)
    context: int = Field(default=4096, ge=256)
    devices: tuple[str, ...] = free(())
    dtype: Literal["", "bfloat16", "float16", "float32"] = ""
    quantisation: Literal["", "8bit", "4bit"] = ""
    api_key_env: str = free("OPENAI_API_KEY")
    api_key_block: str = free("")
    time_out: float = free(300.0, gt=0)

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
    model: str = free("")
    base_url: Annotated[str, AfterValidator(_for_embedding)] = free("")
    api_key_env: str = free("OPENAI_API_KEY")
    context: int = free(2048, ge=64)
    time_out: float = free(60.0, gt=0)
