"""From infos of traces to rows of a list: columns, previews, the feedback that stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steelyard.records import Assessment, Expectation, TraceInfo
from steelyard.web.contexts.traces import TraceColumn, TraceRow, Verdict
from steelyard.web.judging import mark_of, word_of
from steelyard.web.spoken import line_of
from steelyard.web.tracewords import named

_SHORT = 40
_MOST_NAMES = 60
_USUAL = ("time", "name", "preview", "state", "duration", "tokens", "cost")
_OWN = (
    TraceColumn(key="time", label="Begun", order_by="timestamp", number=True),
    TraceColumn(key="name", label="Trace", order_by="name"),
    TraceColumn(key="preview", label="Request and response"),
    TraceColumn(key="state", label="State", order_by="status"),
    TraceColumn(key="duration", label="Duration", order_by="execution_time", number=True),
    TraceColumn(key="tokens", label="Tokens", order_by="tokens", number=True),
    TraceColumn(key="cost", label="Cost", order_by="cost", number=True),
    TraceColumn(key="session", label="Session, user", order_by="session"),
    TraceColumn(key="feedback", label="Feedback"),
    TraceColumn(key="tags", label="Tags"),
    TraceColumn(key="spans", label="Spans", number=True),
    TraceColumn(key="id", label="Trace id"),
)


def trace_rows(infos: Iterable[TraceInfo]) -> tuple[TraceRow, ...]:
    """Return traces as rows."""
    return tuple(trace_row(info) for info in infos)


def trace_row(info: TraceInfo) -> TraceRow:
    """Return a trace as a row."""
    request, response = line_of(info.request_preview, "user"), line_of(info.response_preview, "assistant")
    usage = info.usage
    return TraceRow(
        trace_id=info.trace_id,
        experiment_id=info.experiment_id,
        name=info.name or request[:80] or info.trace_id[:12],
        request_time=info.request_time,
        execution_duration=info.execution_duration,
        state=info.state,
        request=request,
        response=response,
        session=info.session or "",
        user=info.user or "",
        run_id=info.run_id or "",
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cost=usage.cost if usage else None,
        n_spans=info.n_spans,
        feedback=verdicts_of(info.assessments),
        expectations={a.name: a.value for a in info.assessments if isinstance(a, Expectation) and a.valid},
        tags={key: value for key, value in info.tags.items() if not key.startswith("mlflow.")},
    )


def verdicts_of(assessments: Iterable[Assessment]) -> tuple[Verdict, ...]:
    """Return the feedback that stands, the newest word of each name, and how many said anything under it."""
    standing: dict[str, list[Assessment]] = {}
    for one in assessments:
        if one.valid and one.value is not None and not isinstance(one, Expectation):
            standing.setdefault(one.name, []).append(one)
    return tuple(
        Verdict(
            name=name,
            value=said[-1].value,
            word=word_of(said[-1].value)[:_SHORT],
            mark=mark_of(said[-1].value),
            n=len(said),
        )
        for name, said in standing.items()
    )


def columns_of(rows: Sequence[TraceRow], asked: Sequence[str]) -> tuple[TraceColumn, ...]:
    """Return the columns that may be chosen: those of every trace, then one for each name of feedback and tags here.

    Without a choice, those of every trace that say something here are chosen.
    """
    names = sorted({verdict.name for row in rows for verdict in row.feedback})[:_MOST_NAMES]
    keys = sorted({key for row in rows for key in row.tags})[:_MOST_NAMES]
    found = [*_OWN, *(_named("feedback", name) for name in names), *(_named("tag", key) for key in keys)]
    known = {column.key for column in found}
    found += [_named(*key.split(".", 1)) for key in asked if key not in known and key.startswith(("feedback.", "tag."))]
    chosen = set(asked) & {column.key for column in found} or _usual(rows)
    return tuple(
        TraceColumn(
            key=column.key,
            label=column.label,
            order_by=column.order_by,
            number=column.number,
            chosen=column.key in chosen,
        )
        for column in found
    )


def _named(kind: str, name: str) -> TraceColumn:
    return TraceColumn(key=f"{kind}.{name}", label=name, order_by=named(kind, name))


def _usual(rows: Sequence[TraceRow]) -> set[str]:
    said = {
        "session": any(row.session or row.user for row in rows),
        "feedback": any(row.feedback for row in rows),
    }
    return {*_USUAL, *(key for key, there in said.items() if there)}
