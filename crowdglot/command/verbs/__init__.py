"""What can be asked of the command, verb by verb.

A module holds the verbs of one purpose as plain functions of typer; VERBS is their order in
``--help``, and GROUPS holds those with verbs of their own, by name.
"""

from collections.abc import Callable

import typer

from crowdglot.command.verbs.auditing import audit, personality
from crowdglot.command.verbs.comparing import compare, experiment, resemble, selection
from crowdglot.command.verbs.looking import browse, events, languages, show
from crowdglot.command.verbs.measuring import calibrate, report
from crowdglot.command.verbs.passing_on import export, publish
from crowdglot.command.verbs.personas import personas, traits
from crowdglot.command.verbs.scheduling import deploy
from crowdglot.command.verbs.writing import preview, rejudge, synthesize

VERBS: tuple[Callable[..., None], ...] = (
    synthesize, preview, rejudge, experiment, show, browse, report, compare, resemble, selection,
    audit, personality, traits, export, publish, deploy, calibrate, languages, events,
)  # fmt: skip
GROUPS: dict[str, typer.Typer] = {"personas": personas}
