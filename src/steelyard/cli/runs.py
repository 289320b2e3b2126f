"""``steelyard runs``: the runs of a store, newest first unless told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.records import Run, Store

_USUAL = ("accuracy_score", "f1_score", "roc_auc", "log_loss", "root_mean_squared_error", "r2_score")


def runs(
    experiment: Annotated[str | None, typer.Option(help="Only this experiment's runs.")] = None,
    filter_string: Annotated[
        str, typer.Option("--filter", help="Such as \"metrics.accuracy_score > 0.9 AND tags.stage = 'prod'\".")
    ] = "",
    order_by: Annotated[
        list[str] | None, typer.Option(help="Such as 'metrics.accuracy_score DESC'. Repeatable.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Metrics and params to show: accuracy_score,params.C.")] = None,
    limit: Annotated[int, typer.Option(help="How many runs at most.")] = 30,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs with their metrics."""
    from steelyard.cli.display import print_json
    from steelyard.cli.options import open_chosen

    opened = open_chosen(store)
    ids = _experiments(opened, experiment)
    page = opened.search.search(ids, filter_string, order_by=order_by or [], max_results=limit)
    if as_json:
        print_json([_record(run) for run in page.items])
        return
    _print(opened, page.items, columns.split(",") if columns else None, more=page.token is not None)


def _experiments(store: Store, name: str | None) -> list[str]:
    from steelyard._lib.names import nearest
    from steelyard.errors import NotFound

    every = store.experiments.search().items
    if name is None:
        return [e.experiment_id for e in every]
    found = [e.experiment_id for e in every if name in (e.name, e.experiment_id)]
    if not found:
        close = nearest(name, [e.name for e in every])
        raise NotFound(f"There is no experiment {name!r}." + (f" Did you mean {close!r}?" if close else ""))
    return found


def _record(run: Run) -> dict[str, object]:
    return {
        "run_id": run.info.run_id, "run_name": run.info.run_name, "experiment_id": run.info.experiment_id,
        "status": run.info.status, "start_time": run.info.start_time, "end_time": run.info.end_time,
        "metrics": dict(run.data.metrics), "params": dict(run.data.params), "tags": dict(run.data.tags),
    }  # fmt: skip


def _print(store: Store, found: Sequence[Run], columns: list[str] | None, *, more: bool) -> None:
    from steelyard.cli.display import console, safe, table

    out = console()
    if not found:
        out.print("No run matches.")
        return
    room = max(1, (out.width - 50) // 17)
    shown = columns or [m for m in _USUAL if any(m in run.data.metrics for run in found)][:room]
    made = table("run", "id", "status", "started", *map(safe, shown), numbers=tuple(map(safe, shown)))
    estimates = store.estimates.list([r.info.run_id for r in found], metrics=shown, slices=[()])
    for run in found:
        known = {s.metric: s.estimate for s in estimates.get(run.info.run_id, ())}
        cells = [_cell(run, name, known) for name in shown]
        started = datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC).strftime("%d %b %H:%M")
        made.add_row(safe(run.info.run_name), run.info.run_id[:8], run.info.status.lower(), started, *map(safe, cells))
    out.print(made)
    if more:
        out.print(f"The first {len(found)}; there are more: --limit, --filter.")


def _cell(run: Run, name: str, known: Mapping[str, object]) -> str:
    from steelyard.cli.display import number
    from steelyard.records import Estimate

    kind, _, key = name.partition(".")
    if kind in ("params", "tags") and key:
        return {"params": run.data.params, "tags": run.data.tags}[kind].get(key, "")
    name = key if kind == "metrics" and key else name
    value = run.data.metrics.get(name)
    if value is None:
        return ""
    estimate = known.get(name)
    if isinstance(estimate, Estimate) and estimate.low is not None and estimate.high is not None:
        return f"{number(value)} ±{number((estimate.high - estimate.low) / 2, 2)}"
    return number(value)
