"""``steelyard evaluate``: weigh predictions in a file, or a saved model, and gate on the result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.evaluation import EvaluationResult, MetricThreshold

_THRESHOLD = re.compile(r"^\s*(?P<metric>.+?)\s*(?P<sign>>=|<=)\s*(?P<value>[-+0-9.eE]+)\s*$")
_MOST_SLICES = 60


def evaluate(
    data: Annotated[str, typer.Argument(help="A path or glob of Parquet, CSV or JSONL.")],
    targets: Annotated[str | None, typer.Option(help="The column of true values.")] = None,
    predictions: Annotated[str | None, typer.Option(help="The column of predictions.")] = None,
    model: Annotated[str | None, typer.Option(help="A saved model: runs:/…, models:/… or a folder.")] = None,
    probabilities: Annotated[
        list[str] | None, typer.Option(help="The column of the positive label's probability; several: one a label.")
    ] = None,
    model_type: Annotated[
        str, typer.Option(help="classifier, regressor, question-answering, text, retriever …")
    ] = "classifier",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="A column to slice by; a,b crosses two columns. Repeatable.")
    ] = None,
    bins: Annotated[list[str] | None, typer.Option(help="A number to slice by, and into how many bins: age:5.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="The column that names each row.")] = None,
    weights: Annotated[str | None, typer.Option(help="The column of row weights.")] = None,
    clusters: Annotated[str | None, typer.Option(help="The column whose rows belong together.")] = None,
    name: Annotated[str | None, typer.Option(help="The dataset's name.")] = None,
    run_name: Annotated[str | None, typer.Option(help="The run's name.")] = None,
    experiment: Annotated[str | None, typer.Option(help="The experiment to keep the run in.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(help="A gate such as 'accuracy_score>=0.9'; failing one ends with exit code 1.")
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

    gates = [_gate(text) for text in threshold or ()]
    open_chosen(store)
    if experiment is not None:
        tracking.set_experiment(experiment)
    with progress(quiet=quiet or as_json) as show:
        result = weigh(
            model, data, model_type=model_type, targets=targets, predictions=predictions,
            probabilities=_one_or_many(probabilities), slices=_slices(slices, bins), id_column=id_column,
            weights=weights, clusters=clusters, name=name, run_name=run_name, replicates=replicates,
            confidence=confidence, progress=show,
        )  # fmt: skip
    problem = _check(result, dict(gates))
    if as_json:
        _print_json(result, problem)
    else:
        _print(result, problem)
    raise typer.Exit(1 if problem else 0)


def _one_or_many(columns: list[str] | None) -> Any:
    if not columns:
        return None
    return columns[0] if len(columns) == 1 else columns


def _slices(slices: list[str] | None, bins: list[str] | None) -> list[Any]:
    from steelyard.errors import InvalidArgument
    from steelyard.metrics import by_bins

    found: list[Any] = [s.split(",") if "," in s else s for s in slices or ()]
    for text in bins or ():
        column, _, count = text.rpartition(":")
        if not column or not count.isdigit():
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
        raise InvalidArgument(f"--threshold {text!r}: {match['value']!r} is no number.") from None
    return match["metric"], MetricThreshold(threshold=value, greater_is_better=match["sign"] == ">=")


def _check(result: EvaluationResult, gates: dict[str, MetricThreshold]) -> str | None:
    from steelyard.errors import ModelValidationFailed
    from steelyard.evaluation import validate_evaluation_results

    try:
        validate_evaluation_results(gates, result)
    except ModelValidationFailed as problem:
        return str(problem)
    return None


def _print_json(result: EvaluationResult, problem: str | None) -> None:
    from dataclasses import asdict

    from steelyard.cli.display import print_json

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
            "passed": problem is None,
            "reason": problem,
        }
    )


def _print(result: EvaluationResult, problem: str | None) -> None:
    from steelyard.cli.display import console, interval, number, safe, table

    out, summary = console(), result.summary
    missing = summary.n_rows - summary.outcomes.get("scored", 0)
    lost = f", {missing:,} without a score" if missing else ""
    out.print(f"[bold]{safe(summary.dataset.name)}[/], {summary.n_rows:,} rows{lost}")
    made = table("metric", "value", f"{summary.confidence:.0%} interval", "n", "method", numbers=("value", "n"))
    for about in summary.metrics:
        estimate = summary.estimate(about.name)
        if estimate is None or about.family == "counts":
            continue
        arrow = " ↓" if about.greater_is_better is False else ""
        name = safe(about.name) + arrow
        shown = f"[bold]{name}[/]" if about.headline else name
        span = interval(estimate) if estimate.low is not None else ""
        made.add_row(shown, number(estimate.value), span, f"{estimate.n:,}", safe(estimate.method))
    out.print(made)
    _print_slices(result)
    for failed, error in result.failures.items():
        out.print(f"[red]failed[/] {safe(failed)}: {safe(error)}")
    for warning in summary.warnings:
        out.print(f"[yellow]mind[/] {safe(warning)}")
    for line in (problem or "").splitlines():
        out.print(f"[red]▼[/] {safe(line.strip())}")
    out.print(f"run {result.run_id}. To look at it: steelyard ui")


def _print_slices(result: EvaluationResult) -> None:
    from steelyard.cli.display import brief, console, safe, table

    summary = result.summary
    heads = [m for m in summary.metrics if m.headline][:3]
    if not summary.slices or not heads:
        return
    made = table("slice", "n", *(h.title for h in heads), numbers=("n",))
    for about in summary.slices[:_MOST_SLICES]:
        cells = []
        for head in heads:
            estimate = summary.estimate(head.name, about.key)
            cells.append("" if estimate is None else brief(estimate))
        made.add_row(safe(about.name) + (" (few rows)" if about.small else ""), f"{about.n:,}", *map(safe, cells))
    console().print(made)
    if len(summary.slices) > _MOST_SLICES:
        console().print(f"… and {len(summary.slices) - _MOST_SLICES} more slices in the run.")
