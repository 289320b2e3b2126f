"""Reading traces page after page, and deleting what was found, in any store."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.errors import InvalidArgument
from steelyard.records import Store, Trace, TraceData, TraceInfo

PAGE = 500


def collect_infos(
    store: Store,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    limit: int | None,
    order_by: Sequence[str] = (),
    run_id: str | None = None,
) -> list[TraceInfo]:
    """Return the matching traces without their spans, page after page, at most ``limit`` of them."""
    if limit is not None and limit < 1:
        raise InvalidArgument(f"max_results={limit!r}: ask for at least one trace.")
    found: list[TraceInfo] = []
    token = None
    while limit is None or len(found) < limit:
        size = PAGE if limit is None else min(PAGE, limit - len(found))
        page = store.traces.search(
            experiment_ids, filter_string, order_by=order_by, max_results=size, page_token=token, run_id=run_id
        )
        found.extend(page.items)
        token = page.token
        if token is None:
            break
    return found


def with_spans(store: Store, infos: Sequence[TraceInfo]) -> list[Trace]:
    """Return traces with their spans."""
    found: list[Trace] = []
    for start in range(0, len(infos), PAGE):
        part = infos[start : start + PAGE]
        spans = store.traces.spans([info.trace_id for info in part])
        found.extend(Trace(info, TraceData(spans.get(info.trace_id, ()))) for info in part)
    return found


def delete_found(
    store: Store, experiment_id: str, until: int | None, limit: int | None, trace_ids: Sequence[str] | None
) -> int:
    """Delete traces by id, or by the time they began."""
    if (until is None) == (trace_ids is None):
        raise InvalidArgument("delete_traces needs max_timestamp_millis or trace_ids, and not both.")
    if trace_ids is not None:
        if limit is not None:
            raise InvalidArgument("max_traces goes with max_timestamp_millis, not with trace_ids.")
        return store.traces.delete(list(trace_ids))
    infos = collect_infos(
        store, [str(experiment_id)], f"timestamp <= {int(until or 0)}", limit=limit, order_by=("timestamp ASC",)
    )
    return store.traces.delete([info.trace_id for info in infos])
