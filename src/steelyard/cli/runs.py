"""``steelyard runs``: the runs of a store, newest first unless told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.records import Estimate, Run, Store

_USUAL = ("accuracy_score", "f1_score", "roc_auc", "log_loss", "root_mean_squared_error", "r2_score")
_CELL = 14  # "0.7775 ±0.041" and a space


def runs(
    experiment: Annotated[str | None, typer.Option(metavar="NAME", help="Only this experiment's runs.")] = None,
    filter_string: Annotated[
        str,
        typer.Option(
            "--filter", metavar="TEXT", help="Such as \"metrics.accuracy_score > 0.9 AND tags.stage = 'prod'\"."
        ),
    ] = "",
    order_by: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Such as 'metrics.accuracy_score DESC'. Repeatable.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Metrics, params and tags to show: accuracy_score,params.C,tags.stage."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="How many runs at most.")] = 30,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs with their metrics, newest first."""
    from steelyard.cli.options import open_chosen
    from steelyard.cli.text import print_json

    opened = open_chosen(store, to_read=True)
    ids = _experiments(opened, experiment)
    wanted = [name for name in map(str.strip, (columns or "").split(",")) if name]
    _check_columns(opened, ids, wanted)
    page = opened.search.search(ids, filter_string, order_by=order_by or [], max_results=limit)
    if as_json:
        print_json([_record(run) for run in page.items])
        return
    _print(opened, page.items, wanted, more=page.token is not None)


def _experiments(store: Store, name: str | None) -> list[str]:
    from steelyard._lib.names import nearest
    from steelyard.cli.options import all_experiments
    from steelyard.errors import NotFound

    every = all_experiments(store)
    if name is None:
        return [e.experiment_id for e in every]
    found = [e.experiment_id for e in every if e.name == name] or [
        e.experiment_id for e in every if e.experiment_id == name
    ]
    if not found:
        close = nearest(name, [e.name for e in every])
        raise NotFound(f"There is no experiment {name!r}." + (f" Did you mean {close!r}?" if close else ""))
    return found


def _check_columns(store: Store, experiments: Sequence[str], wanted: Sequence[str]) -> None:
    from steelyard._lib.names import nearest
    from steelyard.errors import InvalidArgument

    known = store.search.keys(experiments) if wanted else {}
    for name in wanted:
        kind, key = _kind(name)
        names = known.get(kind, ())
        if key in names:
            continue
        close = nearest(key, names)
        hint = f" Did you mean {close!r}?" if close else ""
        raise InvalidArgument(f"--columns {name!r}: no run has it among its {kind}.{hint}")


def _kind(name: str) -> tuple[str, str]:
    """Return what a column holds (metrics, params or tags) and its key."""
    kind, _, key = name.partition(".")
    return (kind, key) if kind in ("metrics", "params", "tags") and key else ("metrics", name)


def _record(run: Run) -> dict[str, object]:
    return {
        "run_id": run.info.run_id, "run_name": run.info.run_name, "experiment_id": run.info.experiment_id,
        "status": run.info.status, "start_time": run.info.start_time, "end_time": run.info.end_time,
        "metrics": dict(run.data.metrics), "params": dict(run.data.params), "tags": dict(run.data.tags),
    }  # fmt: skip


def _print(store: Store, found: Sequence[Run], wanted: Sequence[str], *, more: bool) -> None:
    from steelyard.cli.display import console, print_table
    from steelyard.cli.text import safe

    out = console()
    if not found:
        out.print("No run matches.")
        return
    usual = _usual(found)
    shown = list(wanted) or _fitting(usual, found, out.width)
    metrics = [key for kind, key in map(_kind, shown) if kind == "metrics"]
    estimates = store.estimates.list([r.info.run_id for r in found], metrics=metrics, slices=[()])
    rows = []
    for run in found:
        known = {s.metric: s.estimate for s in estimates.get(run.info.run_id, ())}
        cells = [safe(_cell(run, name, known)) for name in shown]
        started = datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")
        rows.append((safe(run.info.run_name), run.info.run_id[:8], run.info.status.lower(), started, *cells))
    numbers = [at for at, name in enumerate(shown, 4) if _kind(name)[0] == "metrics"]
    print_table(("run", "id", "status", "started (UTC)", *shown), rows, numbers=numbers, whole=(1, 2, 3))
    if more:
        out.print(f"The first {len(found)}; there are more: --limit, --filter.")
    if not wanted and len(usual) > len(shown):
        out.print(f"Not shown for want of room: {safe(', '.join(usual[len(shown) :]))} (--columns chooses).")


def _usual(found: Sequence[Run]) -> list[str]:
    """Return the metrics that people ask for first; where runs have none of those, the ones that most runs have."""
    from collections import Counter

    usual = [name for name in _USUAL if any(name in run.data.metrics for run in found)]
    held = Counter(name for run in found for name in run.data.metrics)
    return usual or [name for name, _ in sorted(held.items(), key=lambda item: (-item[1], item[0]))[: len(_USUAL)]]


def _fitting(names: Sequence[str], found: Sequence[Run], width: int) -> list[str]:
    """Return as many of the metrics as fit beside the names of the runs; one at least."""
    from steelyard.cli.display import widest
    from steelyard.cli.text import safe

    left = width - min(24, widest(safe(run.info.run_name) for run in found)) - 8 - 9 - 16 - 4 * 3
    fitting: list[str] = []
    for name in names:
        left -= max(len(name), _CELL) + 3
        if left < 0 and fitting:
            break
        fitting.append(name)
    return fitting


def _cell(run: Run, name: str, known: Mapping[str, Estimate]) -> str:
    from steelyard.cli.display import number

    kind, key = _kind(name)
    if kind == "params":
        return run.data.params.get(key, "")
    if kind == "tags":
        return run.data.tags.get(key, "")
    value = run.data.metrics.get(key)
    if value is None:
        return ""
    estimate = known.get(key)
    if estimate is not None and estimate.low is not None and estimate.high is not None:
        return f"{number(value)} ±{number((estimate.high - estimate.low) / 2, 2)}"
    return number(value)
