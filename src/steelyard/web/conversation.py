"""From the traces of a session to the turns of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from steelyard.records import Span, Store, TraceInfo
from steelyard.records.trace import PREVIEW_LENGTH
from steelyard.web.contexts.session import Bubble, Turn
from steelyard.web.messages import clean
from steelyard.web.spoken import spoken
from steelyard.web.tracerows import trace_row

_MOST_SPANS = 500  # beyond, finding the root span costs more than its whole text is worth here
_LONGEST = 20_000
_LONG = 1_500
_ERROR = 600


def turns_of(store: Store, infos: Sequence[TraceInfo], *, first: int) -> tuple[Turn, ...]:
    """Return traces as turns, ``first`` being the number of the first."""
    turns: list[Turn] = []
    ended: float | None = None
    for number, info in enumerate(infos, first):
        root = _root(store, info) if _wants_root(info) else None
        asked = _bubble(root.inputs if root else info.request_preview, "user", whole=root is not None)
        answered = _bubble(root.outputs if root else info.response_preview, "assistant", whole=root is not None)
        turns.append(
            Turn(
                number=number,
                trace=trace_row(info),
                asked=asked,
                answered=answered,
                error=clean(root.status.description)[:_ERROR] if root and info.state == "ERROR" else "",
                pause=None if ended is None else max(0.0, info.request_time - ended),
            )
        )
        ended = info.request_time + (info.execution_duration or 0)
    return tuple(turns)


def _wants_root(info: TraceInfo) -> bool:
    """Whether the previews do not say it all: they are cut, or the trace failed."""
    cut = max(len(info.request_preview), len(info.response_preview)) >= PREVIEW_LENGTH
    return (cut or info.state == "ERROR") and 0 < info.n_spans <= _MOST_SPANS


def _root(store: Store, info: TraceInfo) -> Span | None:
    outline = store.traces.outline(info.trace_id)
    top = next((span for span in outline if span.parent_id is None), outline[0] if outline else None)
    return store.traces.span(info.trace_id, top.span_id) if top else None


def _bubble(said: Any, role: str, *, whole: bool) -> Bubble | None:
    if said is None or said == "":
        return None
    cut = not whole and isinstance(said, str) and len(said) >= PREVIEW_LENGTH
    text = spoken(said, role)
    return Bubble(text=text[:_LONGEST].strip(), cut=cut or len(text) > _LONGEST, whole=len(text) <= _LONG)
