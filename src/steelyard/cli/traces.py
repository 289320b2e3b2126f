"""``steelyard traces``: traces in and out of files, how long they are kept, and the space they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.records import Store, TraceInfo
    from steelyard.tracking.trace_files import TraceFormat

traces = typer.Typer(no_args_is_help=True, help="Traces: list, export, import, keep, delete.", rich_markup_mode=None)

ExperimentOption = Annotated[str, typer.Option("--experiment", metavar="NAME", help="The experiment, by name or id.")]
FilterOption = Annotated[
    str, typer.Option("--filter", metavar="TEXT", help="Such as \"status = 'ERROR' AND span.type = 'TOOL'\".")
]


@traces.command(name="list", short_help="List traces, newest first.")
def list_traces(
    filter_string: FilterOption = "",
    experiment: ExperimentOption = "Default",
    order_by: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Such as 'cost DESC'. Repeatable.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="How many at most.")] = 30,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List traces, newest first unless told."""
    from steelyard.cli.options import open_chosen
    from steelyard.cli.text import print_json

    opened = open_chosen(store, to_read=True)
    ids = [_experiment(opened, experiment)]
    page = opened.traces.search(ids, filter_string, order_by=order_by or [], max_results=limit)
    if as_json:
        print_json([_record(info) for info in page.items])
        return
    for info in page.items:
        typer.echo(_line(info))
    if not page.items:
        typer.echo("No trace." if not filter_string else "No trace matches.")
    elif page.token is not None:
        typer.echo(f"… and more: --limit {limit * 10}")


@traces.command(short_help="Write traces into a file.")
def export(
    path: Annotated[Path, typer.Argument(help="The file: .jsonl (OpenTelemetry's JSON) or .parquet.")],
    filter_string: FilterOption = "",
    experiment: ExperimentOption = "Default",
    format_name: Annotated[
        str | None, typer.Option("--format", help="otlp-json, parquet, or rows for genai.evaluate.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    store: StoreOption = None,
) -> None:
    """Write traces with their spans into a file."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking import export_traces

    ids = [_experiment(open_chosen(store, to_read=True), experiment)]
    written = export_traces(
        path,
        filter_string,
        experiment_ids=ids,
        format=cast("TraceFormat | None", format_name),  # checked there
        overwrite=force,
    )
    typer.echo(f"{_number(written, 'trace')} in {path}")


@traces.command(name="import", short_help="Read OpenTelemetry's JSON into the store.")
def import_(
    path: Annotated[Path, typer.Argument(help="Requests of OTLP as JSON, one a line, or one in all.")],
    experiment: ExperimentOption = "Default",
    store: StoreOption = None,
) -> None:
    """Read traces from a file of OpenTelemetry's JSON. Reading it twice changes nothing."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking import import_traces

    place = _experiment(open_chosen(store), experiment)
    typer.echo(f"{_number(import_traces(path, experiment_id=place), 'span')} read into {experiment}")


@traces.command(short_help="Delete traces that match.")
def delete(
    filter_string: Annotated[str, typer.Option("--filter", metavar="TEXT", help='Which; "" means all of them.')],
    experiment: ExperimentOption = "Default",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Delete the traces that match, with their spans and assessments."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking.trace_files import pages_of

    opened = open_chosen(store, to_read=True)
    ids = [_experiment(opened, experiment)]
    number = opened.traces.count(ids, filter_string)
    if number and not yes:
        typer.confirm(f"Delete {_number(number, 'trace')} of {experiment}?", abort=True)
    # Page after page from the front: what was found is gone before the next page is asked for.
    gone = 0
    for page in pages_of(opened, ids, filter_string):
        gone += opened.traces.delete([info.trace_id for info in page])
    typer.echo(f"{_number(gone, 'trace')} deleted")


@traces.command(short_help="Say how long traces are kept.")
def keep(
    days: Annotated[
        float | None, typer.Option(help="Delete traces that began longer ago; 0 keeps them.", min=0)
    ] = None,
    gigabytes: Annotated[
        float | None, typer.Option(help="Delete the oldest beyond this; 0 means no limit.", min=0)
    ] = None,
    experiment: ExperimentOption = "Default",
    store: StoreOption = None,
) -> None:
    """Say how long an experiment's traces are kept, and what they take now. A server does the deleting."""
    from dataclasses import replace

    from steelyard.cli.options import open_chosen

    opened = open_chosen(store, to_read=True)
    place = _experiment(opened, experiment)
    retention = opened.upkeep.retention(place)
    if days is not None:
        retention = replace(retention, max_age_days=days or None)
    if gigabytes is not None:
        retention = replace(retention, max_bytes=int(gigabytes * 1e9) or None)
    if days is not None or gigabytes is not None:
        opened.upkeep.set_retention(place, retention)
    size = opened.upkeep.size(place)
    age = "for ever" if retention.max_age_days is None else f"for {retention.max_age_days:g} days"
    most = "" if retention.max_bytes is None else f", at most {retention.max_bytes / 1e9:.3g} GB"
    typer.echo(f"Traces of {experiment} are kept {age}{most}.")
    held = f"{_number(size.traces, 'trace')}, {_number(size.spans, 'span')}, {size.bytes / 1e6:,.1f} MB"
    typer.echo(f"Now: {held}.")


@traces.command(short_help="Index, count and tidy up now.")
def upkeep(
    compact: Annotated[bool, typer.Option("--compact", help="Then give all free space back to the disk.")] = False,
    store: StoreOption = None,
) -> None:
    """Do what a running server does beside its requests: index texts, count windows, apply retention."""
    from steelyard.cli.options import open_chosen

    opened = open_chosen(store, to_read=True)
    indexed = deleted = 0
    while True:
        report = opened.upkeep.work(1.0)
        indexed, deleted = indexed + report.indexed, deleted + report.deleted
        if not report.left or not (report.indexed or report.windows or report.deleted):
            break
    typer.echo(f"{_number(indexed, 'trace')} indexed, {_number(deleted, 'trace')} deleted by retention")
    if compact:
        typer.echo(f"{opened.upkeep.compact() / 1e6:,.1f} MB given back")


def _experiment(store: Store, name: str) -> str:
    from steelyard._lib.names import nearest
    from steelyard.cli.options import all_experiments
    from steelyard.errors import NotFound

    every = all_experiments(store)
    for one in every:
        if name in (one.name, one.experiment_id):
            return one.experiment_id
    close = nearest(name, [one.name for one in every])
    raise NotFound(f"There is no experiment {name!r}." + (f" Did you mean {close!r}?" if close else ""))


def _line(info: TraceInfo) -> str:
    from datetime import UTC, datetime

    from steelyard.cli.text import visible

    try:
        began = datetime.fromtimestamp(info.request_time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        began = str(info.request_time)
    lasted = "running" if info.execution_duration is None else f"{info.execution_duration:,.0f} ms"
    tokens = "" if info.usage is None else f"{info.usage.total_tokens:,} tokens"
    state = "" if info.state == "OK" else info.state
    return f"{info.trace_id}  {began}  {lasted:>12}  {tokens:>14}  {state:<11}  {visible(info.name)}".rstrip()


def _record(info: TraceInfo) -> dict[str, object]:
    return {
        "trace_id": info.trace_id,
        "name": info.name,
        "state": info.state,
        "request_time_ms": info.request_time,
        "duration_ms": info.execution_duration,
        "session": info.session,
        "user": info.user,
        "tokens": info.token_usage,
        "cost": info.usage.cost if info.usage else None,
        "spans": info.n_spans,
        "tags": dict(info.tags),
    }


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
