"""From an evaluated application to what the page of its run shows."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from steelyard.errors import NotFound, UnreadableFile
from steelyard.records import (
    ALL_ROWS,
    APPLICATION_PATH,
    VERDICT_OUTCOMES,
    ApplicationSummary,
    EvaluationSummary,
    NamedFeedback,
    RowsColumn,
    ScorerSummary,
    Store,
)
from steelyard.web import links
from steelyard.web.caselines import case_columns, case_lines, look_columns
from steelyard.web.contexts.application import (
    ApplicationView,
    CasePreview,
    FeedbackView,
    OutcomePart,
    RepeatRow,
    ScorerView,
    Share,
)
from steelyard.web.evaluations import describe, is_of_repeats, load_rows
from steelyard.web.formats import score
from steelyard.web.rowfilter import Condition, RowFilter, RowOrder
from steelyard.web.rowtable import RowTable
from steelyard.web.scales import estimate_scale, nice_scale

_PREVIEW = 7
_VALUES = 8
_ERRORS = 4


def load_application(store: Store, run_id: str) -> ApplicationSummary | None:
    """Return what a run says of the application it evaluated, or None if it evaluated none.

    Raises:
        UnreadableFile: if the file is there and cannot be read.
    """
    try:
        content = store.artifacts.read(run_id, APPLICATION_PATH)
    except NotFound:
        return None
    try:
        return _decode(content)
    except msgspec.DecodeError as error:
        raise UnreadableFile(f"{APPLICATION_PATH} of run {run_id} cannot be read: {error}") from error


@lru_cache(maxsize=32)
def _decode(content: bytes) -> ApplicationSummary:
    return msgspec.json.decode(content, type=ApplicationSummary)


def view_application(
    store: Store, run_id: str, application: ApplicationSummary, summary: EvaluationSummary | None
) -> ApplicationView:
    """Return the view of an evaluated application."""
    lines = application.rows * application.repeats
    passes = _passes(summary)
    return ApplicationView(
        rows=application.rows,
        repeats=application.repeats,
        lines=lines,
        predicted_by=application.predicted_by,
        predictions=tuple(
            Share(label=name, count=n, share=n / lines if lines else 0.0, href=links.rows(run_id, outcome=name))
            for name, n in application.predictions.items()
            if n
        ),
        predicted=application.predictions.get("predicted", 0),
        latency_p50=application.latency_p50,
        latency_p90=application.latency_p90,
        latency_p99=application.latency_p99,
        scorers=tuple(_scorer(run_id, one, application, summary) for one in application.scorers),
        passes=passes,
        pass_scale=nice_scale(
            [v for p in passes for v in (p.estimate.value, p.estimate.low, p.estimate.high) if v is not None],
            within=(0.0, 1.0),
        )
        if passes
        else None,
        spent=application.spent,
        total=application.spent.predict + application.spent.judges,
        clustered_by=application.clustered_by,
        interrupted=application.interrupted,
        resumed=application.resumed,
        traces=store.traces.count([store.runs.get(run_id).info.experiment_id], run_id=run_id),
        preview=_preview(store, run_id, application, summary),
    )


def _passes(summary: EvaluationSummary | None) -> tuple[RepeatRow, ...]:
    if summary is None:
        return ()
    found = [s for s in summary.estimates if s.slice == ALL_ROWS and is_of_repeats(s.metric)]
    return tuple(RepeatRow(info=describe(s.metric, summary), estimate=s.estimate) for s in found)


def _scorer(
    run_id: str, scorer: ScorerSummary, application: ApplicationSummary, summary: EvaluationSummary | None
) -> ScorerView:
    named = [f for f in application.feedback if f.scorer == scorer.name]
    first = named[0].name if named else scorer.name
    return ScorerView(
        name=scorer.name,
        planned=scorer.planned,
        judged_by=scorer.judged_by,
        session_level=scorer.session_level,
        feedback=tuple(_feedback(run_id, f, summary) for f in named),
        outcomes=_strip(run_id, first, scorer),
        errors=scorer.errors[:_ERRORS],
        usage=scorer.usage,
        cached=scorer.cached,
        latency_p50=scorer.latency_p50,
        latency_p90=scorer.latency_p90,
    )


def _strip(run_id: str, name: str, scorer: ScorerSummary) -> tuple[OutcomePart, ...]:
    parts: list[OutcomePart] = []
    start = 0.0
    for outcome in VERDICT_OUTCOMES:
        n = scorer.outcomes.get(outcome, 0)
        share = n / scorer.planned if scorer.planned else 0.0
        href = links.rows(run_id, scorer=name, outcome=outcome) if n else ""
        parts.append(OutcomePart(outcome=outcome, count=n, start=start, share=share, href=href))
        start += share
    return tuple(parts)


def _feedback(run_id: str, named: NamedFeedback, summary: EvaluationSummary | None) -> FeedbackView:
    info = describe(named.metric, summary) if named.metric else None
    estimate = summary.estimate(named.metric) if summary and named.metric else None
    whole = sum(n for _, n in named.distribution) or 1
    top = max(named.histogram, default=0) or 1
    low, high = named.low or 0.0, named.high or 0.0
    width = (high - low) / max(len(named.histogram), 1)
    return FeedbackView(
        name=named.name,
        kind=named.kind,
        n=named.n,
        planned=named.planned,
        info=info,
        estimate=estimate,
        scale=estimate_scale([estimate], info) if estimate is not None and estimate.value is not None else None,
        values=tuple(
            Share(label=word, count=n, share=n / whole, href=links.rows(run_id, scorer=named.name, score=word))
            for word, n in named.distribution[:_VALUES]
        ),
        bins=tuple(
            Share(label=f"{score(low + i * width)} to {score(low + (i + 1) * width)}", count=n, share=n / top)
            for i, n in enumerate(named.histogram)
        ),
        low=named.low,
        high=named.high,
    )


def _preview(
    store: Store, run_id: str, application: ApplicationSummary, summary: EvaluationSummary | None
) -> CasePreview | None:
    table = load_rows(store, run_id, summary.rows_path if summary else None)
    if table is None:
        return None
    columns = case_columns(application)
    chosen, order, about, query = _worth_a_look(table, application)
    page = table.page(chosen, order, size=_PREVIEW, columns=look_columns(table))
    if not page.matching:
        page, about, query = (
            table.page(RowFilter(), RowOrder(), size=_PREVIEW, columns=look_columns(table)),
            "The first rows",
            {},
        )
    else:
        about = f"{page.matching:,} of {page.total:,}: {about}"
    return CasePreview(columns=columns, lines=case_lines(page, application), about=about, query=query)


def _worth_a_look(table: RowTable, application: ApplicationSummary) -> tuple[RowFilter, RowOrder, str, dict[str, str]]:
    """Return the rows to show first: those that the first yes-or-no scorer denies, else the lowest of a number."""
    for named in application.feedback:
        column = named.name + RowsColumn.VALUE
        if column not in table.columns:
            continue
        if named.kind == "boolean":
            denied = RowFilter(conditions=(Condition(column, "=", "0"),))
            return denied, RowOrder(), f"{named.name} is no", {"scorer": named.name, "score": "no"}
        if named.kind == "number":
            return RowFilter(), RowOrder(column), f"lowest {named.name} first", {"order": column}
    return RowFilter(), RowOrder(), "The first rows", {}
