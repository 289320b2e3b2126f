"""The command line: ``steelyard ui | demo | evaluate | runs | datasets | traces | monitors | compare``, a file each."""

from __future__ import annotations

import os
import sys

import typer

from steelyard import __version__
from steelyard.cli.compare import compare
from steelyard.cli.datasets import datasets
from steelyard.cli.demo import demo
from steelyard.cli.evaluate import evaluate
from steelyard.cli.monitors import monitors
from steelyard.cli.runs import runs
from steelyard.cli.text import spell_out, visible
from steelyard.cli.traces import traces
from steelyard.cli.ui import ui
from steelyard.errors import SteelyardError

__all__ = ["app", "main"]

BAD_USAGE = 2
CRASH = 70  # EX_SOFTWARE: it is never mistaken for a gate that failed, which is 1

app = typer.Typer(
    name="steelyard",
    help="Weigh models: evaluate, keep, compare, look.",
    epilog="Exit codes: 0 all is well, 1 a gate failed, 2 the command cannot be carried out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(short_help="Serve the pages until Ctrl-C.")(ui)
app.command(short_help="See it all on real data.")(demo)
app.command(short_help="Weigh predictions or a model.")(evaluate)
app.command(short_help="List runs with their metrics.")(runs)
app.add_typer(datasets, name="datasets", short_help="List, import, export, compare datasets.")
app.add_typer(traces, name="traces", short_help="List, export, import, keep traces.")
app.add_typer(monitors, name="monitors", short_help="Score live traffic.")
app.command(short_help="Say if one run is better than another.")(compare)


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

    An error of ours is a sentence and exit code 2; STEELYARD_DEBUG=1 shows where it arose.
    """
    spell_out()
    try:
        app()
    except SteelyardError as problem:
        _tell(problem)
        sys.exit(BAD_USAGE)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        import traceback

        traceback.print_exc()
        print("steelyard: an unexpected error ended this command; the lines above say where.", file=sys.stderr)
        sys.exit(CRASH)


def _tell(problem: SteelyardError) -> None:
    if os.environ.get("STEELYARD_DEBUG", "0") not in ("", "0"):
        import traceback

        traceback.print_exception(problem)
    print(f"steelyard: {visible(problem, keep=chr(10))}", file=sys.stderr)
