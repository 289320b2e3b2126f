"""``steelyard evaluate``: weigh predictions in a file, or a saved model, and gate on the result."""

from __future__ import annotations

import math
import re
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.evaluation import EvaluationResult, MetricThreshold

_THRESHOLD = re.compile(r"^\s*(?P<metric>.+?)\s*(?P<sign>>=|<=)\s*(?P<value>[-+0-9.eE]+)\s*$")
_MOST_SLICES = 60
_MOST_HEADS = 3

Columns = list[str] | None


def evaluate(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A path or glob of Parquet, CSV or JSONL.")],
    targets: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of true values.")] = None,
    predictions: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of predictions.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="URI", help="A saved model: runs:/…, models:/… or a folder.")
    ] = None,
    probabilities: Annotated[
        Columns, typer.Option(metavar="COLUMN", help="The positive label's probability; repeated: one a label.")
    ] = None,
    model_type: Annotated[
        str, typer.Option(metavar="TYPE", help="classifier, regressor, question-answering, text, retriever …")
    ] = "classifier",
    slices: Annotated[
        Columns,
        typer.Option("--slice", metavar="COLUMN", help="A column to slice by; a,b crosses two columns. Repeatable."),
    ] = None,
    bins: Annotated[
        Columns,
        typer.Option(metavar="COLUMN:N", help="A column of numbers to slice by, in N bins: age:5. Repeatable."),
    ] = None,
    id_column: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What names each row.")] = None,
    weights: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column of row weights.")] = None,
    clusters: Annotated[str | None, typer.Option(metavar="COLUMN", help="Whose rows belong together.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The dataset's name.")] = None,
    run_name: Annotated[str | None, typer.Option(metavar="NAME", help="The run's name.")] = None,
    experiment: Annotated[str | None, typer.Option(metavar="NAME", help="The experiment to keep the run in.")] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="GATE", help="Such as 'accuracy_score>=0.9'; failing one ends with 1. Repeatable."),
    ] = None,
    replicates: Annotated[int, typer.Option(help="Bootstrap replicates.")] = 200,
    confidence: Annotated[float, typer.Option(help="Nominal coverage of the intervals.")] = 0.95,
    store: StoreOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Evaluate a model or predictions on a file, print every metric with its interval, and keep it in a run."""
    from steelyard import tracking
    from steelyard.cli.display import progress
    from steelyard.cli.options import open_chosen
    from steelyard.evaluation import evaluate as weigh

    gates, dimensions = [_gate(text) for text in threshold or ()], _slices(slices, bins)
    open_chosen(store)
    if experiment is not None:
        tracking.set_experiment(experiment)
    with progress(quiet=quiet or as_json) as show:
        result = weigh(
            model, data, model_type=model_type, targets=targets, predictions=predictions,
            probabilities=_one_or_many(probabilities), slices=dimensions, id_column=id_column,
            weights=weights, clusters=clusters, name=name, run_name=run_name, replicates=replicates,
            confidence=confidence, progress=show,
        )  # fmt: skip
    reasons = _failed(result, gates)
    _print_json(result, reasons) if as_json else _print(result, reasons, store)
    raise typer.Exit(1 if reasons else 0)


def _one_or_many(columns: list[str] | None) -> Any:
    if not columns:
        return None
    return columns[0] if len(columns) == 1 else columns


def _slices(slices: list[str] | None, bins: list[str] | None) -> list[Any]:
    from steelyard.errors import InvalidArgument
    from steelyard.metrics import by_bins

    found: list[Any] = [[part.strip() for part in s.split(",")] if "," in s else s for s in slices or ()]
    for text in bins or ():
        column, _, count = text.rpartition(":")
        if not column or not count.isdecimal():
            raise InvalidArgument(f"--bins {text!r}: write the column and the number of bins, such as age:5.")
        found.append(by_bins(column, int(count)))
    return found


def _gate(text: str) -> tuple[str, MetricThreshold]:
    from steelyard.errors import InvalidArgument
    from steelyard.evaluation import MetricThreshold

    match = _THRESHOLD.match(text)
    if match is None:
        raise InvalidArgument(f"--threshold {text!r}: write a metric, >= or <=, and a number: 'accuracy_score>=0.9'.")
    try:
        value = float(match["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidArgument(f"--threshold {text!r}: {match['value']!r} is no number.")
    return match["metric"], MetricThreshold(threshold=value, greater_is_better=match["sign"] == ">=")


def _failed(result: EvaluationResult, gates: list[tuple[str, MetricThreshold]]) -> list[str]:
    """Return a sentence for each gate that did not pass; one by one, as a metric may have two."""
    from steelyard._lib.names import nearest
    from steelyard.errors import ModelValidationFailed
    from steelyard.evaluation import validate_evaluation_results

    found = []
    for metric, gate in gates:
        try:
            validate_evaluation_results({metric: gate}, result)
        except ModelValidationFailed as problem:
            close = None if metric in result.metrics else nearest(metric, result.metrics)
            reason = " ".join(line.strip() for line in str(problem).splitlines()[1:])
            found.append(reason + (f" Did you mean {close!r}?" if close else ""))
    return found


def _print_json(result: EvaluationResult, reasons: list[str]) -> None:
    from dataclasses import asdict

    from steelyard.cli.text import print_json

    summary = result.summary
    print_json(
        {
            "run_id": result.run_id,
            "task": summary.task,
            "rows": summary.n_rows,
            "outcomes": dict(summary.outcomes),
            "dataset": asdict(summary.dataset),
            "metrics": result.metrics,
            "estimates": {name: asdict(e) for name, e in result.estimates.items()},
            "slices": {name: {m: asdict(e) for m, e in found.items()} for name, found in result.slices.items()},
            "failures": dict(result.failures),
            "warnings": list(summary.warnings),
            "passed": not reasons,
            "reasons": reasons,
        }
    )


def _print(result: EvaluationResult, reasons: list[str], store: str | None) -> None:
    from steelyard.cli.display import console, number, print_table, span
    from steelyard.cli.text import safe

    out, summary = console(), result.summary
    missing = summary.n_rows - summary.outcomes.get("scored", 0)
    lost = f", {missing:,} without a score" if missing else ""
    out.print(f"[bold]{safe(summary.dataset.name)}[/], {summary.n_rows:,} rows{lost}")
    rows = []
    for about in summary.metrics:
        estimate = summary.estimate(about.name)
        if estimate is None or about.family == "counts":
            continue
        name = safe(about.name) + (" ↓" if about.greater_is_better is False else "")
        ends = span(estimate.low, estimate.high)
        shown = f"[bold]{name}[/]" if about.headline else name
        rows.append((shown, number(estimate.value), ends, f"{estimate.n:,}", safe(estimate.method)))
    print_table(
        ("metric", "value", f"{summary.confidence:.0%} interval", "n", "method"), rows, numbers=(1, 3), whole=(2,)
    )
    _print_slices(result)
    for failed, error in result.failures.items():
        out.print(f"[red]failed[/] {safe(failed)}: {safe(error)}")
    for warning in summary.warnings:
        out.print(f"[yellow]mind[/] {safe(warning)}")
    for reason in reasons:
        out.print(f"[red]▼ gate failed[/] {safe(reason)}")
    where = "" if store is None else f" --store {shlex.quote(store)}" if "://" not in store else " with its --store"
    out.print(f"run {result.run_id}. To look at it: steelyard ui{safe(where)}", soft_wrap=True)


def _print_slices(result: EvaluationResult) -> None:
    from steelyard.cli.display import brief, console, print_table, widest
    from steelyard.cli.text import safe

    out, summary = console(), result.summary
    heads = [m for m in summary.metrics if m.headline][:_MOST_HEADS]
    if not summary.slices or not heads:
        return

    def rows(between: str) -> list[list[str]]:
        return [
            [
                safe(about.name) + (" (few rows)" if about.small else ""),
                f"{about.n:,}",
                *(brief(summary.estimate(head.name, about.key), between=between) for head in heads),
            ]
            for about in summary.slices[:_MOST_SLICES]
        ]

    columns = ["slice", "n", *(h.title for h in heads)]
    made = rows(" ")
    if sum(widest([safe(c)], (row[at] for row in made)) + 3 for at, c in enumerate(columns)) > out.width:
        made = rows("\n")  # the interval goes under its value rather than being torn
    print_table(columns, made, numbers=(1,), whole=range(2, len(columns)))
    if len(summary.slices) > _MOST_SLICES:
        out.print(f"… and {len(summary.slices) - _MOST_SLICES} more slices in the run.")
