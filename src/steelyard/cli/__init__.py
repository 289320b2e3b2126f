"""The command line: ``steelyard ui | demo | evaluate | runs | compare``. One file a command; heavy imports inside."""

from __future__ import annotations

import os
import sys

import typer

from steelyard import __version__
from steelyard.cli.compare import compare
from steelyard.cli.demo import demo
from steelyard.cli.evaluate import evaluate
from steelyard.cli.runs import runs
from steelyard.cli.ui import ui
from steelyard.errors import SteelyardError

__all__ = ["app", "main"]

app = typer.Typer(
    name="steelyard",
    help="Weigh models: evaluate, keep, compare, look.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(ui)
app.command()(demo)
app.command()(evaluate)
app.command()(runs)
app.command()(compare)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"steelyard {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Weigh models: evaluate, keep, compare, look."""


def main() -> None:
    """Run the command line.

    An error of ours is one sentence and exit code 2; STEELYARD_DEBUG=1 shows where it arose.
    """
    try:
        app()
    except SteelyardError as problem:
        if os.environ.get("STEELYARD_DEBUG"):
            raise
        print(f"steelyard: {problem}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
