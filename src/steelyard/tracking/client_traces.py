"""The client's half that deals with traces and assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.records import Assessment, AssessmentSource, Expectation, Feedback, Store, Trace
from steelyard.tracing import flush
from steelyard.tracking import assessments
from steelyard.tracking.paged import PagedList
from steelyard.tracking.trace_reading import delete_found, with_spans


class TraceCalls:
    """What ``MlflowClient`` can do with traces."""

    if TYPE_CHECKING:

        @property
        def _store(self) -> Store: ...

    def get_trace(self, trace_id: str, flush_first: bool = True) -> Trace:
        """Return a trace with its spans and assessments.

        Raises:
            NotFound: if there is none with this id.
        """
        if flush_first:
            flush()
        return self._store.traces.get(trace_id)

    def search_traces(
        self,
        experiment_ids: Sequence[str] | None = None,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
        run_id: str | None = None,
        include_spans: bool = True,
        locations: Sequence[str] | None = None,
    ) -> PagedList[Trace]:
        """Return one page of the traces that match."""
        flush()
        page = self._store.traces.search(
            [str(one) for one in experiment_ids or locations or ()],
            filter_string or "",
            order_by=order_by or (),
            max_results=max_results,
            page_token=page_token,
            run_id=run_id,
        )
        found = with_spans(self._store, page.items) if include_spans else [Trace(info) for info in page.items]
        return PagedList(found, page.token)

    def delete_traces(
        self,
        experiment_id: str,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        trace_ids: Sequence[str] | None = None,
    ) -> int:
        """Delete traces by id, or by the time they began, and return how many there were."""
        flush()
        return delete_found(self._store, experiment_id, max_timestamp_millis, max_traces, trace_ids)

    def set_trace_tag(self, trace_id: str, key: str, value: object) -> None:
        """Set a label of a trace."""
        flush()
        self._store.traces.update(trace_id, tags={str(key): str(value)})

    def delete_trace_tag(self, trace_id: str, key: str) -> None:
        """Remove a label of a trace."""
        flush()
        self._store.traces.delete_tag(trace_id, key)

    def link_traces_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Count traces among a run's."""
        flush()
        self._store.traces.link(run_id, list(trace_ids))

    def log_feedback(
        self,
        trace_id: str,
        name: str = "feedback",
        value: Any = None,
        source: AssessmentSource | None = None,
        error: Any = None,
        rationale: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        span_id: str | None = None,
    ) -> Assessment:
        """Say something about a trace; see ``steelyard.log_feedback``."""
        return self.log_assessment(
            trace_id,
            Feedback(
                name=name,
                value=value,
                error=assessments.as_error(error),
                source=source or AssessmentSource("CODE"),
                metadata=dict(metadata or {}),
                span_id=span_id,
                rationale=rationale,
            ),
        )

    def log_expectation(
        self,
        trace_id: str,
        name: str,
        value: Any,
        source: AssessmentSource | None = None,
        metadata: Mapping[str, Any] | None = None,
        span_id: str | None = None,
    ) -> Assessment:
        """Say what was expected of a trace; see ``steelyard.log_expectation``."""
        source = source or AssessmentSource("HUMAN")
        return self.log_assessment(
            trace_id, Expectation(name, value, source=source, metadata=dict(metadata or {}), span_id=span_id)
        )

    def log_assessment(self, trace_id: str, assessment: Assessment) -> Assessment:
        """Keep a ``Feedback`` or an ``Expectation`` with a trace."""
        return assessments.add_to(self._store, trace_id, assessment)

    def get_assessment(self, trace_id: str, assessment_id: str) -> Assessment:
        """Return an assessment."""
        return self._store.assessments.get(trace_id, assessment_id)

    def update_assessment(
        self, trace_id: str, assessment_id: str, assessment: Assessment, *, by: AssessmentSource | None = None
    ) -> Assessment:
        """Change what an assessment says; see ``steelyard.update_assessment``."""
        return assessments.update_in(self._store, trace_id, assessment_id, assessment, by=by)

    def delete_assessment(self, trace_id: str, assessment_id: str, *, by: AssessmentSource | None = None) -> None:
        """Delete an assessment; see ``steelyard.delete_assessment``."""
        by = by or assessments.named(AssessmentSource("CODE"))
        self._store.assessments.delete(trace_id, assessment_id, by=by)
