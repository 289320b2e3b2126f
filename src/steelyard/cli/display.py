"""How numbers and verdicts look in a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import environ
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from steelyard.records import Estimate

SHAPES = {"better": "▲ better", "worse": "▼ worse", "equivalent": "■ equivalent", "undecided": "○ undecided"}
_STYLES = {"better": "green", "worse": "red", "equivalent": "default", "undecided": "yellow"}


def console() -> Console:
    """Return a console on standard output: as wide as the terminal, 120 columns where there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in environ else 120
    return Console(highlight=False, emoji=False, width=width)


def safe(text: object) -> str:
    """Return text without characters that steer a terminal, and without rich's markup."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "�" for c in str(text)))


def table(*columns: str, title: str | None = None, numbers: Sequence[str] = ()) -> Table:
    """Return an empty table: rules only under the head, numbers to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as people read it: three decimals or four figures, with a real minus sign."""
    if value is None or value != value:
        return "undefined"
    text = f"{value:,.0f}" if value == int(value) and abs(value) >= 10 else f"{value:.{digits}g}"
    return text.replace("-", "−")


def interval(estimate: Estimate) -> str:
    """Return an estimate's interval, or why it has none."""
    if estimate.low is None or estimate.high is None:
        return estimate.method
    return f"[{number(estimate.low)}, {number(estimate.high)}]"


def brief(estimate: Estimate) -> str:
    """Return value and interval in few characters, for a dense table."""
    if estimate.low is None or estimate.high is None:
        return f"{number(estimate.value, 3)} (too few rows)"
    return f"{number(estimate.value, 3)} [{number(estimate.low, 3)}, {number(estimate.high, 3)}]"


def verdict(word: str | None) -> str:
    """Return a verdict with its shape, in its colour."""
    if word is None:
        return ""
    return f"[{_STYLES.get(word, 'default')}]{SHAPES.get(word, word)}[/]"


def print_json(document: Any) -> None:
    """Print one JSON document; what is not a number becomes null."""
    sys.stdout.write(json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Yield a callback that draws progress bars on standard error; None where nobody would see them."""
    if quiet or not sys.stderr.isatty() or "CI" in environ or "NO_COLOR" in environ:
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
            bars.update(tasks[step], completed=done)

        yield show
