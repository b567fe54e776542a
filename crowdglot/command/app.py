"""The ``crowdglot`` command."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from crowdglot import __version__
from crowdglot.command.options import MOST_SHOWN
from crowdglot.command.verbs import GROUPS, VERBS
from crowdglot.errors import CrowdglotError
from crowdglot.printable import name_shown, one_line

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Open LLMs as multilingual crowdworkers: dialogues written directly in any language.",
)
for verb in VERBS:
    app.command()(verb)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command; an error of ours is one sentence on stderr and exit code 2."""
    from crowdglot.command.environment import set_defaults

    set_defaults()
    told = ""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except CrowdglotError as error:
        told = str(error)
    except OSError as error:
        # What is stored tells its own errors: this is a name that no file can have, or the output.
        told = f"the output cannot be written ({error.strerror}); give it a place that has room."
        if error.filename is not None:
            told = f"{name_shown(error.filename)}: {error.strerror}; check the path."
        with suppress(OSError):  # or Python would say the same again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if told:
        with suppress(OSError):
            typer.echo(f"crowdglot: {one_line(told, MOST_SHOWN)}", err=True)
        sys.exit(2)


@app.callback(invoke_without_command=True)
def version(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Handle the options before any command."""
    if show_version:
        typer.echo(f"crowdglot {__version__}")
        raise typer.Exit


if __name__ == "__main__":
    main()
