"""``steelyard compare``: is the candidate better, metric by metric and slice by slice?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from collections.abc import Container

    from steelyard.compare import Comparison, Difference
    from steelyard.records import Store

_MOST = 30
_MOST_REASONS = 6
_WIDE = 100


def compare(
    candidate: Annotated[
        str, typer.Argument(metavar="CANDIDATE", help="A run: its id, a beginning of it, or its name.")
    ],
    baseline: Annotated[str, typer.Argument(metavar="BASELINE", help="The run to compare it with.")],
    margin: Annotated[float | None, typer.Option(help="Differences within ± this count as equivalent.")] = None,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME", help="Only this metric. Repeatable.")
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="worse",
            help="End with 1 if a headline metric (with --metric: one of those) is worse, on all rows or in a slice.",
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the rows that they share, with paired intervals and a verdict in words."""
    from steelyard.cli.options import find_run, open_chosen
    from steelyard.cli.text import print_json
    from steelyard.compare import compare as weigh
    from steelyard.errors import InvalidArgument

    if fail_on not in (None, "worse"):
        raise InvalidArgument(f"--fail-on {fail_on!r}: only 'worse' is known.")
    opened = open_chosen(store, to_read=True)
    first, second = find_run(opened, candidate), find_run(opened, baseline)
    found = weigh(first.info.run_id, second.info.run_id, metrics=metrics, margin=margin, store=opened)
    headline = _headline(opened, found)
    judged = set(found.differences) if metrics or not headline else headline
    reasons = _worse(found, judged) if fail_on == "worse" else []
    if as_json:
        print_json({**found.to_dict(), "passed": not reasons, "reasons": reasons})
    else:
        _print(found, headline, reasons)
    raise typer.Exit(1 if reasons else 0)


def _headline(store: Store, found: Comparison) -> set[str]:
    """Return the metrics that the candidate's evaluation shows first."""
    import msgspec

    from steelyard.records import SUMMARY_PATH, EvaluationSummary

    content = store.artifacts.read(found.candidate.run_id, SUMMARY_PATH)
    summary = msgspec.json.decode(content, type=EvaluationSummary)
    return {about.name for about in summary.metrics if about.headline and about.name in found.differences}


def _cells(found: Comparison) -> list[Difference]:
    return [cell for by_metric in found.slices.values() for cell in by_metric.values()]


def _worse(found: Comparison, judged: Container[str]) -> list[str]:
    """Return a sentence for each judged metric that is worse, on all rows or in a slice."""
    everywhere = [d.sentence for d in found.differences.values() if d.verdict == "worse" and d.metric in judged]
    told = [(d.slice_name, d.sentence) for d in _cells(found) if d.verdict == "worse" and d.metric in judged]
    return everywhere + [f"{name}: {sentence}" for name, sentence in told]


def _print(found: Comparison, headline: Container[str], reasons: list[str]) -> None:
    from steelyard.cli.display import console, number, print_table, signed, span, verdict
    from steelyard.cli.text import safe

    out = console()
    ours, theirs = found.candidate, found.baseline
    names = f"[bold]{safe(ours.name)}[/] ({ours.run_id[:8]}) against [bold]{safe(theirs.name)}[/] ({theirs.run_id[:8]})"
    out.print(names)
    wide = out.width >= _WIDE
    rows = []
    for name, d in found.differences.items():
        values = [number(d.baseline.value), number(d.candidate.value)] if wide else []
        shown = f"[bold]{safe(name)}[/]" if name in headline else safe(name)
        rows.append((shown, *values, signed(d.difference), span(d.low, d.high, signed), verdict(d.verdict)))
    values = ("baseline", "candidate") if wide else ()
    columns = ("metric", *values, "difference", f"{found.confidence:.0%} interval", "verdict")
    print_table(columns, rows, numbers=range(1, len(columns) - 2), whole=(len(columns) - 2, len(columns) - 1))
    if not wide:
        out.print(f"Both runs' own values are shown from {_WIDE} columns on, and by --json.")
    _print_slices(found, headline)
    if found.rows is not None and found.rows.all.compared:
        c = found.rows.all
        same = f"{c.still_wrong:,} still wrong, {c.still_right:,} still right"
        out.print(f"{c.fixed:,} rows fixed, {c.broken:,} broken, {same}.")
    for warning in found.warnings:
        out.print(f"[yellow]mind[/] {safe(warning)}")
    for reason in reasons[:_MOST_REASONS]:
        out.print(f"[red]▼ gate failed[/] {safe(reason)}")
    if len(reasons) > _MOST_REASONS:
        out.print(f"… and {len(reasons) - _MOST_REASONS} more reasons: --json lists all.")


def _print_slices(found: Comparison, headline: Container[str]) -> None:
    """Print the slices that changed: what is worse first, headline metrics before others."""
    from steelyard.cli.display import console, print_table, signed, span, verdict
    from steelyard.cli.text import safe

    told = [d for d in _cells(found) if d.verdict in ("better", "worse")]
    if not found.slices:
        return
    if not told:
        console().print(f"No slice is better or worse ({found.n_slice_tests:,} cells looked at).")
        return
    told.sort(key=lambda d: (d.verdict != "worse", d.metric not in headline))
    rows = [
        (safe(d.slice_name), safe(d.title), signed(d.difference), span(d.low, d.high, signed), verdict(d.verdict))
        for d in told[:_MOST]
    ]
    columns = ("slice", "metric", "difference", f"{found.confidence:.0%} interval", "verdict")
    print_table(columns, rows, numbers=(2,), whole=(3, 4))
    if len(told) > _MOST:
        console().print(f"… and {len(told) - _MOST} more slices and metrics: --metric chooses, --json lists all.")
