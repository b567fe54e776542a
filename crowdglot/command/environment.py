"""Settings of other libraries, made before they are imported: quiet, patient, at home here."""

import os
from pathlib import Path


def has_own_server() -> bool:
    """Whether the user has named a Prefect server, or keeps settings of Prefect that may."""
    return "PREFECT_API_URL" in os.environ or (Path.home() / ".prefect/profiles.toml").exists()


def set_defaults() -> None:
    """Set defaults; whatever the user has set already stays.

    Without a server of the user's own, one is started for the run (``prefect_server``). Its
    database goes into the working directory so that it stays apart from other projects.
    """
    defaults = {
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    if not has_own_server():
        defaults["PREFECT_HOME"] = str(Path(".prefect").absolute())
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
