"""Finding runs, as a frame with MLflow's columns or as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.records import Run
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.stores import get_store
from steelyard.tracking.views import view_type

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.records import Store

_PAGE = 10_000


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: object = "ACTIVE_ONLY",
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> pd.DataFrame | list[Run]:
    """Return the runs that match.

    Args:
        experiment_ids: the experiments to look in; the active one unless told.
        filter_string: MLflow's filter language, with OR, NOT and parentheses besides, such as
            ``metrics.f1_score > 0.9 AND (params.depth = '3' OR tags.team LIKE 'risk%')``.
        run_view_type: ``ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``.
        max_results: at most so many runs.
        order_by: such as ``["metrics.f1_score DESC"]``; the newest first unless told.
        output_format: ``pandas`` for a frame, ``list`` for a list of ``Run``.
        search_all_experiments: look in every experiment if none is named.
        experiment_names: the experiments by name, instead of by id.

    Returns:
        A frame with the columns run_id, experiment_id, status, artifact_uri, start_time and end_time (UTC), then
        ``metrics.<name>``, ``params.<name>`` and ``tags.<name>``: NaN where a metric and None where a param or tag is
        missing. Or a list of runs.

    Raises:
        InvalidArgument: if ids and names are both given, or ``output_format`` is something else.
        FilterError: if the filter or the order does not parse.
    """
    if output_format not in ("pandas", "list"):
        raise InvalidArgument(f"output_format is 'pandas' or 'list', not {output_format!r}.")
    store = get_store()
    ids = _experiments(store, experiment_ids, experiment_names, search_all_experiments)
    runs = collect_runs(store, ids, filter_string, view=run_view_type, limit=max_results, order_by=order_by or ())
    return runs if output_format == "list" else runs_frame(runs)


def collect_runs(
    store: Store,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    view: object = "ACTIVE_ONLY",
    limit: int,
    order_by: Sequence[str] = (),
) -> list[Run]:
    """Return the matching runs, page after page, at most ``limit`` of them."""
    if limit < 1:
        raise InvalidArgument(f"max_results={limit!r}: ask for at least one run.")
    if not experiment_ids:
        return []
    runs: list[Run] = []
    token = None
    while len(runs) < limit:
        page = store.search.search(
            experiment_ids,
            filter_string or "",
            order_by=order_by,
            max_results=min(_PAGE, limit - len(runs)),
            page_token=token,
            view=view_type(view),
        )
        runs.extend(page.items)
        token = page.token
        if token is None:
            break
    return runs


def runs_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Return runs as a frame with MLflow's columns."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependency(
            "pandas", extra="ml", purpose="return runs as a frame (or use output_format='list')"
        ) from error

    ends = [run.info.end_time for run in runs]
    columns: dict[str, Any] = {
        "run_id": [run.info.run_id for run in runs],
        "experiment_id": [run.info.experiment_id for run in runs],
        "status": [run.info.status for run in runs],
        "artifact_uri": [run.info.artifact_uri for run in runs],
        "start_time": pd.to_datetime([run.info.start_time for run in runs], unit="ms", utc=True),
        "end_time": pd.to_datetime(pd.Series(ends, dtype="Int64"), unit="ms", utc=True),
    }
    for kind, missing in (("metrics", float("nan")), ("params", None), ("tags", None)):
        parts = [getattr(run.data, kind) for run in runs]
        names = dict.fromkeys(name for part in parts for name in part)
        for name in names:
            values = [part.get(name, missing) for part in parts]
            columns[f"{kind}.{name}"] = values if kind == "metrics" else pd.Series(values, dtype=object)
    return pd.DataFrame(columns)


def _experiments(store: Store, ids: Sequence[str] | None, names: Sequence[str] | None, search_all: bool) -> list[str]:
    if ids and names:
        raise InvalidArgument("Give experiment_ids or experiment_names, and not both.")
    if isinstance(ids, str) or isinstance(names, str):
        raise InvalidArgument("experiment_ids and experiment_names are lists: put the one you mean in brackets.")
    if names:
        found = {name: store.experiments.find(name) for name in names}
        unknown = [name for name, experiment in found.items() if experiment is None]
        if unknown:
            raise InvalidArgument(f"There is no experiment named {', '.join(map(repr, unknown))}.")
        return [experiment.experiment_id for experiment in found.values() if experiment is not None]
    if ids is not None and len(ids) > 0:
        return [str(one) for one in ids]
    if search_all:
        return _all_experiments(store)
    return [active_experiment_id()]


def _all_experiments(store: Store) -> list[str]:
    ids: list[str] = []
    token = None
    while True:
        page = store.experiments.search("", max_results=1000, page_token=token)
        ids.extend(experiment.experiment_id for experiment in page.items)
        token = page.token
        if token is None:
            return ids
