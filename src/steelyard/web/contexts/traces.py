"""Traces as a list, over time, and by what they have in common; and what people do with several at once.

The data face of the list, ``/traces.json``, is the search for programs. It takes ``experiment`` or ``run``, ``filter``
(words, or the filter language), ``where`` (further conditions, as often as need be), ``start`` and ``end``
(milliseconds since 1970, or ISO 8601), ``range`` (``15m``, ``1h``, ``24h``, ``7d``, ``30d``), ``order_by`` (as often as
need be), ``max_results`` (1 to 1,000) and ``page_token``. It answers with a :class:`TracesPage`, of which ``traces``
and ``next_page_token`` are what most programs need; an error is ``{"error_code": …, "message": …}`` with status 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from steelyard.records.arrival import Loss
from steelyard.web.contexts.runs import Chip, PageLink, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Feedback that stands, as lists show it: ``mark`` is ``good``, ``bad`` or empty; ``n`` how many said so."""

    name: str
    value: Any
    word: str
    mark: str = ""
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRow:
    """A trace in a list. Times in milliseconds; tokens None if no model was called, cost None if no price is known."""

    trace_id: str
    experiment_id: str
    name: str
    request_time: int
    execution_duration: float | None
    state: str
    request: str
    response: str
    session: str
    user: str
    run_id: str
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    n_spans: int
    feedback: tuple[Verdict, ...] = ()
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceColumn:
    """A column: ``order_by`` is its key in the filter language, empty if traces cannot be put in its order."""

    key: str
    label: str
    order_by: str = ""
    number: bool = False
    chosen: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A view that was named: ``query`` is what stands behind ``?``."""

    name: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracesPage:
    """Traces that match, in order, from one page token to the next.

    Args:
        filter: what was typed.
        where: conditions that were clicked.
        condition: all of that as one filter, time included.
        anything: whether there are traces here at all, whatever was asked; known only if none matches.
        tail: whether the list may be live: the newest first, from the first page, with an open end.
        origin: where this server is, as clients reach it.
    """

    experiment_id: str
    experiment_name: str
    run_id: str
    run_name: str
    filter: str
    where: tuple[str, ...]
    condition: str
    range: str
    start_ms: int | None
    end_ms: int | None
    order_by: tuple[str, ...]
    traces: tuple[TraceRow, ...]
    next_page_token: str | None
    columns: tuple[TraceColumn, ...]
    chips: tuple[Chip, ...] = ()
    anything: bool = True
    tail: bool = False
    live: bool = False
    deleted: int = 0
    origin: str = ""
    views: tuple[SavedView, ...] = ()
    losses: tuple[Loss, ...] = ()
    older: PageLink | None = None
    newer: PageLink | None = None
    problem: Problem | None = None

    @property
    def lost(self) -> int:
        return sum(loss.n for loss in self.losses)

    @property
    def chosen(self) -> tuple[TraceColumn, ...]:
        return tuple(column for column in self.columns if column.chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineBar:
    """The traces of a stretch of time, those that failed on top. Places and sizes are percentages of the picture."""

    start_ms: int
    end_ms: int
    n: int
    errors: int
    x: str
    width: str
    failed_y: str
    failed_height: str
    passed_y: str
    passed_height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineTick:
    """A moment that is written under the picture."""

    x: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """Matching traces over time, counted wholly. ``first_ms`` is where the first bar begins, at or before the start."""

    experiment_id: str
    experiment_name: str
    condition: str
    n: int = 0
    errors: int = 0
    start_ms: int = 0
    end_ms: int = 0
    first_ms: int = 0
    step_ms: int = 1000
    highest: int = 0
    bars: tuple[TimelineBar, ...] = ()
    ticks: tuple[TimelineTick, ...] = ()
    wider: tuple[int, int] | None = None
    all: bool = True
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value of a facet; ``filter`` is the condition that keeps it, ``chosen`` whether that holds already."""

    value: str
    n: int | None
    filter: str
    chosen: bool
    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetGroup:
    """A facet with its most frequent values."""

    name: str
    label: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetsPage:
    """What the matching traces have in common, counted over the newest ``counted`` of them if there are more."""

    experiment_id: str
    experiment_name: str
    condition: str
    groups: tuple[FacetGroup, ...] = ()
    bounded: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePage:
    """Traces that somebody is about to delete. Of all that match, ``more`` says whether some are left for later."""

    experiment_id: str
    experiment_name: str
    trace_ids: tuple[str, ...]
    everything: bool
    n: int
    more: bool
    view: str
    first: tuple[TraceRow, ...] = ()
