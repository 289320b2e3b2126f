"""What the rest of the house may ask of a store about traces: keep them, count them, look after them, assess them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from steelyard.records.arrival import Arrival, Loss
from steelyard.records.assessment import Assessment, AssessmentChange, AssessmentSource
from steelyard.records.overview import (
    Facet,
    Retention,
    SampledTrace,
    SessionSummary,
    TraceSize,
    TraceWindow,
    UpkeepReport,
    UserSummary,
)
from steelyard.records.run import Page
from steelyard.records.trace import Span, SpanLine, Trace, TraceInfo


class TraceStore(Protocol):
    """Traces and their spans, written at once or span by span, in any order; written again, one replaces itself."""

    def put(self, traces: Sequence[Trace], *, durable: bool = True) -> None:
        """Keep traces. Assessments that their infos hold are added too (an assessment with a known id is replaced)."""
        ...

    def arrive(self, arrivals: Sequence[Arrival]) -> None:
        """Keep spans that came from elsewhere, durably; their traces are made on first use and grow with them.

        What a trace says of itself follows its spans, whatever the order they come in: it is IN_PROGRESS until a span
        without a parent has ended, and usage, times, previews and the name are those of all its spans so far. What
        was set by ``put`` or ``update`` is not overwritten by a guess.
        """
        ...

    def lost(self, losses: Sequence[Loss]) -> None:
        """Count traces that clients lost, by experiment, source and reason; told again, the numbers add up."""
        ...

    def get(self, trace_id: str) -> Trace: ...
    def infos(self, trace_ids: Sequence[str]) -> Mapping[str, TraceInfo]:
        """Return those of the traces that exist, with their assessments."""
        ...

    def spans(self, trace_ids: Sequence[str]) -> Mapping[str, tuple[Span, ...]]:
        """Return the spans of traces, parents before their children, by the time they began."""
        ...

    def outline(self, trace_id: str) -> tuple[SpanLine, ...]:
        """Return all spans without inputs, outputs, attributes and events: quick for tens of thousands of them."""
        ...

    def span(self, trace_id: str, span_id: str) -> Span: ...
    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
        run_id: str | None = None,
    ) -> Page[TraceInfo]:
        """Find traces in MLflow's filter language for traces, plus OR, NOT and parentheses, newest first."""
        ...

    def count(self, experiment_ids: Sequence[str], filter_string: str = "", *, run_id: str | None = None) -> int: ...
    def update(
        self,
        trace_id: str,
        *,
        tags: Mapping[str, str] | None = None,
        state: str | None = None,
        client_request_id: str | None = None,
    ) -> None: ...
    def delete_tag(self, trace_id: str, key: str) -> None: ...
    def delete(self, trace_ids: Sequence[str]) -> int:
        """Delete traces with their spans and assessments; return how many there were."""
        ...

    def link(self, run_id: str, trace_ids: Sequence[str]) -> None:
        """Count traces among a run's, whatever run they were made in."""
        ...


class TraceOverview(Protocol):
    """Traces by the many. Filters are those of ``TraceStore.search``."""

    def windows(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        by: str = "",
        origin_ms: int = 0,
    ) -> tuple[TraceWindow, ...]:
        """Count traces by the time they began; windows without traces are left out.

        Args:
            experiment_ids: where.
            filter_string: which traces. Without one the answer comes from states kept by window, quick at any size.
            start_ms, end_ms: the whole stretch; the first window begins at or before it, at ``origin_ms`` plus a
                multiple of ``step_ms``.
            step_ms: of one window, a multiple of 1000. At most 2,000 windows.
            by: ``model``, ``name``, ``status``, ``session``, ``user`` or ``tag.<key>``; one window for each value then
                (a trace with several models counts under each), the most frequent 50 values by name and the others
                together as ``…``.
            origin_ms: where windows begin, a multiple of 1000. With the stretch's own start and length as origin and
                step, one window tells of all of it.
        """
        ...

    def sample(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        start_ms: int,
        end_ms: int,
        most: int = 10_000,
        contents: bool = True,
    ) -> tuple[SampledTrace, ...]:
        """Return traces that began in [start_ms, end_ms), at most so many, drawn evenly; the oldest first.

        Asked again, the same are drawn: those whose number in this store has the smallest hash. ``contents=False``
        leaves out what the spans tell (inputs, outputs, models, tools), which is quicker.
        """
        ...

    def span_of_time(self, experiment_ids: Sequence[str]) -> tuple[int, int] | None:
        """Return when the first and the last trace began, milliseconds since 1970; None if there is none."""
        ...

    def facets(
        self, experiment_ids: Sequence[str], filter_string: str = "", *, most: int = 10
    ) -> Mapping[str, tuple[Facet, ...]]:
        """Return the most frequent values of ``status``, ``name``, ``model``, ``span type``, ``user``, ``feedback``
        (its names) and of each tag, counted over the matching traces, or the newest 10,000 of them if there are more.
        """
        ...

    def sessions(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[SessionSummary]:
        """Return the sessions with a matching trace, the one with the newest trace first; sums are of all of them."""
        ...

    def users(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        *,
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[UserSummary]:
        """Return the users with a matching trace, the one seen last first; sums are of all their traces."""
        ...

    def losses(self, experiment_ids: Sequence[str]) -> tuple[Loss, ...]:
        """Return what clients said that they lost, newest first."""
        ...


class TraceUpkeep(Protocol):
    """What is done to traces beside the requests: indexing, counting, retention, space."""

    def work(self, max_seconds: float = 1.0) -> UpkeepReport:
        """Do what waits, for about so long, in small transactions, so that writers are not held up."""
        ...

    def backlog(self) -> int:
        """Return how many traces and windows wait."""
        ...

    def retention(self, experiment_id: str) -> Retention: ...
    def set_retention(self, experiment_id: str, retention: Retention) -> None: ...
    def size(self, experiment_id: str) -> TraceSize: ...
    def compact(self) -> int:
        """Give the space of what was deleted back to the disk, now and wholly; return how many bytes."""
        ...


class AssessmentStore(Protocol):
    """Feedback and expectations on traces. Every change leaves what was there in a history."""

    def add(self, assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
        """Keep assessments and return them with id and times. One that overrides another makes that one invalid."""
        ...

    def get(self, trace_id: str, assessment_id: str) -> Assessment: ...
    def list(self, trace_ids: Sequence[str]) -> Mapping[str, tuple[Assessment, ...]]:
        """Return the assessments of traces, invalid ones too, in the order they were made."""
        ...

    def update(self, assessment: Assessment, *, by: AssessmentSource | None = None) -> Assessment:
        """Put a changed assessment (found by its ids) in place of what was there; name, source and span stay."""
        ...

    def delete(self, trace_id: str, assessment_id: str, *, by: AssessmentSource | None = None) -> None:
        """Delete one; if it overrode another, that one is valid again."""
        ...

    def history(self, trace_id: str, assessment_id: str) -> tuple[AssessmentChange, ...]: ...
