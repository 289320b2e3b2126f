"""How numbers, verdicts and tables look in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import environ
from typing import TYPE_CHECKING, Any

from steelyard.cli.text import safe

if TYPE_CHECKING:
    from rich.console import Console

    from steelyard.records import Estimate

SHAPES = {"better": "▲ better", "worse": "▼ worse", "equivalent": "■ equivalent", "undecided": "○ undecided"}
_STYLES = {"better": "green", "worse": "red", "equivalent": "default", "undecided": "yellow"}
_NARROWEST_NAME = 12
_GAP = 3
_MOST_READABLE = 1e7  # beyond, a power of ten is shorter


def console(width: int | None = None) -> Console:
    """Return a console on standard output: as wide as the terminal, 120 columns where there is none."""
    from rich.console import Console

    from steelyard.cli.text import reader_left

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            reader_left()

    if width is None and not (sys.stdout.isatty() or "COLUMNS" in environ):
        width = 120
    return Quiet(highlight=False, emoji=False, width=width)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int], whole: Sequence[int] = ()
) -> None:
    """Print a table with rules only under its head.

    Names are folded where the terminal is narrow. Numbers and intervals never are, as half a number misleads: a table
    whose numbers alone are wider than the terminal is printed wider than it.

    Args:
        columns: the heads, as plain text.
        rows: the cells, as markup (see :func:`safe`).
        numbers: the columns that are aligned to the right; they are kept whole.
        whole: further columns that are kept whole.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    kept = list(rows)
    needed = 0
    for at, head in enumerate(columns):
        fixed = at in numbers or at in whole
        longest = widest([safe(head)], (row[at] for row in kept))
        least = longest if fixed else min(longest, _NARROWEST_NAME)
        needed += least + _GAP
        made.add_column(
            safe(head), justify="right" if at in numbers else "left", overflow="fold", min_width=least, no_wrap=fixed
        )
    for row in kept:
        made.add_row(*row)
    out = console()
    (out if out.width >= needed else console(needed)).print(made)


def widest(*groups: Iterable[str]) -> int:
    """Return the columns that the widest line among pieces of markup takes."""
    from rich.cells import cell_len
    from rich.text import Text

    lines = (
        line for group in groups for cell in group for line in Text.from_markup(cell, emoji=False).plain.split("\n")
    )
    return max((cell_len(line) for line in lines), default=0)


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as people read it: four figures, thousands apart, with a real minus sign."""
    if value is None or value != value:
        return "undefined"
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "−∞"
    whole = value == int(value) and 10 <= abs(value) < 1e15
    if whole or 10 ** (digits - 1) <= abs(value) < _MOST_READABLE:
        text = f"{value if whole else float(f'{value:.{digits}g}'):,.0f}"
    else:
        text = f"{value:,.{digits}g}"
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    return ("+" if value is not None and value > 0 else "") + number(value, 3)


def span(low: float | None, high: float | None, write: Callable[[float | None], str] = number) -> str:
    """Return an interval's ends in brackets, as markup; nothing where there is no interval."""
    return "" if low is None or high is None else safe(f"[{write(low)}, {write(high)}]")


def brief(estimate: Estimate | None, *, between: str = " ") -> str:
    """Return value and interval in few characters, for a dense table."""
    if estimate is None:
        return ""
    ends = span(estimate.low, estimate.high, lambda end: number(end, 3))
    why = "" if estimate.value is None else f"({safe(estimate.method)})" if estimate.method else ""
    return f"{number(estimate.value, 3)}{between if ends or why else ''}{ends or why}"


def verdict(word: str | None) -> str:
    """Return a verdict with its shape, in its colour."""
    if word is None:
        return ""
    return f"[{_STYLES.get(word, 'default')}]{SHAPES.get(word, safe(word))}[/]"


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Yield a callback that draws progress bars on standard error; None where nobody would see them."""
    unwanted = any(environ.get(name) for name in ("CI", "NO_COLOR")) or environ.get("TERM") == "dumb"
    if quiet or unwanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    tasks: dict[str, Any] = {}
    with bars:

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show
