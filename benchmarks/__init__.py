"""What is timed: each module prints one table and, with --json, one JSON object last."""

import sys
from collections.abc import Callable
from typing import NoReturn

from crowdglot.errors import CrowdglotError


def command(main: Callable[[], int | None]) -> NoReturn:
    """Run a benchmark as a command; what it cannot work with is one sentence and exit code 2."""
    try:
        sys.exit(main())
    except CrowdglotError as error:
        sys.exit(_told(str(error)))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise
        what = f"'{error.name}' is not installed"
        sys.exit(_told(f"{what}; `make test` installs all that benchmarks need but the extras."))


_OURS = ("benchmarks", "critics", "crowdglot", "dialogues", "engines", "flows", "outputs", "tests")


def _told(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2
