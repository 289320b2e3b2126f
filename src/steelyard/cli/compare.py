"""``steelyard compare``: is the candidate better, metric by metric and slice by slice?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.compare import Comparison, Difference

_MOST = 30


def compare(
    candidate: Annotated[str, typer.Argument(help="A run: its id, a beginning of it, or its name.")],
    baseline: Annotated[str, typer.Argument(help="The run to compare it with.")],
    margin: Annotated[float | None, typer.Option(help="Differences within ± this count as equivalent.")] = None,
    metrics: Annotated[list[str] | None, typer.Option("--metric", help="Only this metric. Repeatable.")] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="'worse': end with exit code 1 if a headline metric or any slice is worse.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the rows that they share, with paired intervals and a verdict in words."""
    from steelyard.cli.display import print_json
    from steelyard.cli.options import find_run, open_chosen
    from steelyard.compare import compare as weigh
    from steelyard.errors import InvalidArgument

    if fail_on not in (None, "worse"):
        raise InvalidArgument(f"--fail-on {fail_on!r}: only 'worse' is known.")
    opened = open_chosen(store)
    first, second = find_run(opened, candidate), find_run(opened, baseline)
    found = weigh(first.info.run_id, second.info.run_id, metrics=metrics, margin=margin, store=opened)
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    raise typer.Exit(1 if fail_on == "worse" and _is_worse(found) else 0)


def _is_worse(found: Comparison) -> bool:
    slices = (d for by_metric in found.slices.values() for d in by_metric.values())
    return "worse" in found.verdicts.values() or any(d.verdict == "worse" for d in slices)


def _print(found: Comparison) -> None:
    from steelyard.cli.display import console, number, safe, table, verdict

    out = console()
    numeric = ("baseline", "candidate", "difference") if out.width >= 100 else ("difference",)
    made = table("metric", *numeric, "interval", "verdict", numbers=numeric)
    for name, d in found.differences.items():
        values = [number(d.baseline.value), number(d.candidate.value)] if len(numeric) > 1 else []
        made.add_row(safe(name), *values, _signed(d.difference), _ends(d), verdict(d.verdict))
    out.print(made)
    told = [
        d for by_metric in found.slices.values() for d in by_metric.values() if d.verdict in ("better", "worse")
    ]  # fmt: skip
    told.sort(key=lambda d: (d.verdict != "worse", d.metric != "accuracy_score"))
    for d in told[:_MOST]:
        out.print(f"{verdict(d.verdict)}  {safe(d.sentence)}")
    if len(told) > _MOST:
        out.print(f"… and {len(told) - _MOST} more slices and metrics.")
    rows = found.rows
    if rows is not None:
        c = rows.all
        same = f"{c.still_wrong:,} still wrong, {c.still_right:,} still right"
        out.print(f"{c.fixed:,} rows fixed, {c.broken:,} broken, {same}.")
    for warning in found.warnings:
        out.print(f"[yellow]mind[/] {safe(warning)}")


def _signed(value: float | None) -> str:
    from steelyard.cli.display import number

    return "undefined" if value is None else ("+" if value > 0 else "") + number(value, 3)


def _ends(d: Difference) -> str:
    if d.low is None or d.high is None:
        return ""
    return f"\\[{_signed(d.low)}, {_signed(d.high)}]"
