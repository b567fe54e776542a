"""The ``crowdglot`` command."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from crowdglot import __version__
from crowdglot.datasets.exports import EXPORTS
from crowdglot.errors import CrowdglotError
from crowdglot.printable import one_line

_MOST = 2_000  # characters of an error

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Open LLMs as multilingual crowdworkers: dialogues written directly in any language.",
)

Recipe = Annotated[str, typer.Argument(help="A recipe's path, or the name of a bundled one.")]
Dataset = Annotated[str, typer.Argument(help="The folder of a dataset, or its URL.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change a key of the recipe: key=value.")
]
EngineKind = Annotated[str, typer.Option("--engine", help="embedded, openai … (engine.kind).")]
Model = Annotated[str, typer.Option("--model", help="The model (engine.model).")]
BaseUrl = Annotated[str, typer.Option("--base-url", help="Where it is served (engine.base_url).")]
Output = Annotated[str, typer.Option("--output", help="The dataset's folder or URL (output).")]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Let the dataset's recipe reach what it names; once is enough."),
]


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
    except OSError as error:  # what is stored tells its own errors, so this is the output
        told = f"the output cannot be written ({error.strerror}); give it a place that has room."
        with suppress(OSError):  # or Python would say the same again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if told:
        with suppress(OSError):
            typer.echo(f"crowdglot: {one_line(told, _MOST)}", err=True)
        sys.exit(2)


def _gather(
    changes: list[str] | None, engine: str = "", model: str = "", base_url: str = "",
    output: str = "",
) -> list[str]:  # fmt: skip
    """The short options, as the changes of the recipe that they stand for."""
    options = {
        "engine.kind": engine,
        "engine.model": model,
        "engine.base_url": base_url,
        "output": output,
    }
    return [*(f"{key}={value}" for key, value in options.items() if value), *(changes or [])]


def _trust(source: str, trust: bool) -> None:
    """Note that the user trusts the dataset in ``source``, and show what that lets it reach."""
    from crowdglot.recipes import trust_dataset

    if trust and (told := trust_dataset(source)):
        typer.echo(one_line(told, _MOST), err=True)


@app.command()
def synthesize(
    recipe: Recipe,
    changes: Changes = None,
    engine: EngineKind = "",
    model: Model = "",
    base_url: BaseUrl = "",
    output: Output = "",
    show: Annotated[int, typer.Option(help="Dialogues to show at the end.")] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check all shards; write damaged ones anew.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Write the dialogues of RECIPE. Run it again after any interruption and it goes on."""
    from crowdglot.command.running import run_with_display
    from crowdglot.recipes import read_recipe

    _trust(recipe, trust)
    chosen = read_recipe(recipe, _gather(changes, engine, model, base_url, output))
    sys.exit(run_with_display(chosen, show, verify=verify))


@app.command()
def preview(
    recipe: Recipe,
    changes: Changes = None,
    first: Annotated[int, typer.Option(help="Index of the first scenario.")] = 0,
    count: Annotated[int, typer.Option(help="How many prompts to print.")] = 1,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Calls, tokens and time instead of prompts.")
    ] = False,
    like: Annotated[
        Path | None, typer.Option(help="A dataset to estimate by; by default the recipe's own.")
    ] = None,
    price_in: Annotated[float, typer.Option(help="Per million prompt tokens.", min=0)] = 0.0,
    price_out: Annotated[float, typer.Option(help="Per million answer tokens.", min=0)] = 0.0,
    trust: Trust = False,
) -> None:
    """Print the prompts of RECIPE, or what its run will cost; no model is called."""
    from crowdglot.command.dialogues import print_prompts
    from crowdglot.command.tables import print_estimate
    from crowdglot.recipes import read_recipe
    from crowdglot.writing.opened import open_recipe

    _trust(recipe, trust)
    chosen = read_recipe(recipe, changes or [])
    if estimate:
        print_estimate(open_recipe(chosen), like, price_in, price_out)
    else:
        print_prompts(chosen, first, count)


@app.command()
def rejudge(dataset: Dataset, changes: Changes = None, trust: Trust = False) -> None:
    """Judge DATASET anew with today's critics and thresholds; the model is not asked."""
    from crowdglot.command.tables import print_funnel
    from crowdglot.recipes import read_rejudged
    from crowdglot.writing.rejudge import rejudge_dataset

    _trust(dataset, trust)
    outcome = asyncio.run(rejudge_dataset(read_rejudged(dataset, changes or [])))
    print_funnel(outcome.funnel)
    if count := outcome.unfinished:
        typer.echo(f"{count} shard(s) want more dialogues: run `crowdglot synthesize` again.")


@app.command()
def show(
    dataset: Dataset,
    language: Annotated[str, typer.Option(help="Only this language tag.")] = "",
    event: Annotated[str, typer.Option(help="Only this speech event.")] = "",
    rejected: Annotated[bool, typer.Option("--rejected", help="Rejected drafts instead.")] = False,
    count: Annotated[int, typer.Option(help="How many dialogues.")] = 4,
) -> None:
    """Show dialogues of DATASET in the terminal, one of each language in turn; 1 if none is."""
    from crowdglot.command.dialogues import print_dialogues
    from crowdglot.datasets.storage.location import locate

    folder = locate(dataset)
    if not print_dialogues(folder, language=language, event=event, rejected=rejected, count=count):
        sys.exit(1)


@app.command()
def report(
    dataset: Dataset,
    human: Annotated[
        Path | None, typer.Option(help="Human dialogues to compare with: a folder, or one file.")
    ] = None,
    changes: Changes = None,
    trust: Trust = False,
) -> None:
    """Write report.html and metrics.json into DATASET; a browser shows the page, offline too."""
    from crowdglot.command.console import print_left_out
    from crowdglot.datasets.storage.location import locate
    from crowdglot.dialogues.human import human_files, left_out
    from crowdglot.recipes import read_embedding, read_reference
    from crowdglot.writing.ending.report import rewrite_report

    _trust(dataset, trust)
    folder = locate(dataset)
    human = human or read_reference(folder)
    if human is not None:
        print_left_out(left_out(human_files(human)))
    page, _ = rewrite_report(folder, read_embedding(folder, changes or []), human)
    typer.echo(one_line(page))


@app.command()
def export(
    dataset: Dataset,
    form: Annotated[str, typer.Option("--as", help=f"One of: {', '.join(EXPORTS)}.")],
    to: Annotated[str, typer.Option(help="A folder; by default below outputs/exports.")] = "",
    fold: Annotated[
        bool, typer.Option("--fold", help="Personas in the first user turn, not as system text.")
    ] = False,
) -> None:
    """Write DATASET in the shape that a trainer reads, every dialogue once a speaker."""
    from crowdglot.command.tables import print_exported
    from crowdglot.datasets.exports.making.exporting import export_dataset
    from crowdglot.datasets.storage.location import locate

    print_exported(export_dataset(locate(dataset), form, to, folded=fold))


@app.command()
def publish(
    dataset: Dataset,
    repo: Annotated[str, typer.Option(help="The repository on the hub: org/name.")],
    private: Annotated[bool, typer.Option("--private", help="Only its members see it.")] = False,
    gated: Annotated[
        bool, typer.Option("--gated", help="Who wants it must accept terms first.")
    ] = False,
) -> None:
    """Upload DATASET to the Hugging Face hub; again, what is new of it."""
    from crowdglot.command.tables import print_published
    from crowdglot.datasets.publishing.publish import publish_dataset
    from crowdglot.datasets.storage.location import locate

    print_published(publish_dataset(locate(dataset), repo, private=private, gated=gated))


@app.command()
def calibrate(
    source: Annotated[Path, typer.Argument(help="A folder of human dialogues, or one file.")],
    language: Annotated[str, typer.Option(help="The language of all files.")] = "",
    turns: Annotated[int, typer.Option(help="Judge only the first turns; 0 for all.", min=0)] = 0,
    examples: Annotated[int, typer.Option(help="Rejections to show of each.", min=0)] = 3,
    judges: Annotated[
        bool, typer.Option("--judges", help="Damage them: does each score tell good from bad?")
    ] = False,
    most: Annotated[int, typer.Option(help="Dialogues a language, for --judges.", min=20)] = 100,
    output: Annotated[Path | None, typer.Option(help="A JSON file for --judges.")] = None,
    recipe: Annotated[
        str, typer.Option(help="Try its judges too, asking its [models.judge] or [engine].")
    ] = "",
    changes: Changes = None,
) -> None:
    """Judge human dialogues: how often each critic is wrong; exit code 1 above 1%."""
    from crowdglot.command.console import print_left_out
    from crowdglot.command.tables import print_calibration, print_trials
    from crowdglot.critics.calibration import calibrate as measure
    from crowdglot.dialogues.human import human_files, left_out

    print_left_out(left_out(human_files(source, language)))
    if judges:
        from crowdglot.critics.calibration.trials import try_critics, write_trials

        turns = turns or 10
        trials = try_critics(source, language, most_turns=turns, most=most)
        if recipe:
            from crowdglot.recipes import read_recipe
            from crowdglot.writing.judging.trials import try_judges

            kept, chosen = Path(f"{output or 'trials'}.calls"), read_recipe(recipe, changes or [])
            asking = try_judges(chosen, source, language, most_turns=turns, most=most, journal=kept)
            trials += asyncio.run(asking)
        print_trials(trials)
        if output is not None:
            write_trials(output, trials)
        return
    calibration = measure(source, language, turns)
    print_calibration(calibration, examples)
    sys.exit(1 if calibration.broken else 0)


@app.command()
def languages() -> None:
    """List the languages that have a pack; any other BCP-47 tag can be asked for too."""
    from crowdglot.command.tables import print_languages

    print_languages()


@app.command()
def events() -> None:
    """List the speech events."""
    from crowdglot.command.tables import print_events

    print_events()


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
