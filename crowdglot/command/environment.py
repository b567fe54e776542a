"""Settings of other libraries, made before they are imported: quiet, patient, at home here."""

import io
import logging
import os
import sys
from hashlib import blake2b
from pathlib import Path

from crowdglot.user_files import state_folder
from crowdglot.writing.machines.own_settings import keep_to_own_settings

# What Prefect says at the very end of events that its server, which has ended by then, did not
# take. They are of no dataset.
_UNHEARD = ("EventsWorker", "APILogWorker")


def has_own_server() -> bool:
    """Whether the user has named a Prefect server, or keeps settings of Prefect that may."""
    return "PREFECT_API_URL" in os.environ or (Path.home() / ".prefect/profiles.toml").exists()


def set_defaults() -> None:
    """Set defaults; whatever the user has set already stays.

    Prefect takes its settings from the environment and the user's own profile alone. Without a
    server of the user's own, one is started for the run (``prefect_server``).
    """
    defaults = {
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
        "DO_NOT_TRACK": "1",
        # No process that is started looks for modules in the working directory.
        "PYTHONSAFEPATH": "1",
        # Our matrices are small: on a busy machine threads wait for one another many times longer.
        "OPENBLAS_NUM_THREADS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    if not has_own_server():
        defaults["PREFECT_HOME"] = str(prefect_home())
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    keep_to_own_settings()
    for name in _UNHEARD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # where it takes ASCII only, say, or Latin-1
            stream.reconfigure(errors="backslashreplace")


def prefect_home() -> Path:
    """Where the run's own server keeps its database: $PREFECT_HOME, else with the user, for each
    working directory.

    Not in the working directory, which may be a stranger's dataset with settings laid there.
    """
    if named := os.environ.get("PREFECT_HOME"):
        return Path(named).absolute()
    here = blake2b(os.fsencode(Path.cwd()), digest_size=8).hexdigest()
    return state_folder() / "prefect" / here
