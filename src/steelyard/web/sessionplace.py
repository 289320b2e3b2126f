"""Where a trace stands in its session: which trace came before it, and which after."""

from __future__ import annotations

from steelyard.errors import FilterError
from steelyard.records import Store, TraceInfo
from steelyard.records.trace import SESSION_KEY
from steelyard.web.contexts.trace import InSession
from steelyard.web.tracewords import literal

_TIES = 20
"""How many traces of one millisecond are looked through."""


def in_session(store: Store, info: TraceInfo) -> InSession | None:
    """Return the neighbours of a trace in its session; None if it has no session."""
    if not info.session:
        return None
    here = _place(info)
    try:
        before = [one for one in _beside(store, info, "<=", "timestamp_ms DESC") if _place(one) < here]
        after = [one for one in _beside(store, info, ">=", "timestamp_ms ASC") if _place(one) > here]
    except FilterError:  # a session whose name the language cannot write
        return InSession(session=info.session)
    return InSession(
        session=info.session,
        earlier=max(before, key=_place).trace_id if before else "",
        later=min(after, key=_place).trace_id if after else "",
    )


def _place(info: TraceInfo) -> tuple[int, str]:
    return info.request_time, info.trace_id


def _beside(store: Store, info: TraceInfo, order: str, by: str) -> tuple[TraceInfo, ...]:
    session = f"metadata.`{SESSION_KEY}` = {literal(info.session or '')}"
    return store.traces.search(
        [info.experiment_id],
        f"{session} AND timestamp_ms {order} {info.request_time}",
        order_by=[by],
        max_results=_TIES,
    ).items
