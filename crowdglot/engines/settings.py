"""What a recipe or a caller says about the engine it wants."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """``concurrency`` 0: the engine's own default. ``context``: tokens of prompt and answer.

    ``time_out``: seconds for one answer. ``devices``: such as "cuda:0", or "all"; empty for the
    engine's choice. ``dtype``: of the weights; "" for the device's own. ``quantisation``: "",
    "8bit" or "4bit". An engine reads what concerns it.
    """

    model: str
    base_url: str = ""
    concurrency: int = 0
    api_key: str | None = field(default=None, repr=False)
    context: int = 4096
    time_out: float = 300.0
    devices: tuple[str, ...] = ()
    dtype: str = ""
    quantisation: str = ""
