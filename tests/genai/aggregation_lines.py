"""Lines of made-up evaluations, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from steelyard.evaluation.genai.aggregation import Aggregated, Aggregator, ScorerFacts
from steelyard.records import Estimate, Feedback, Line, Prediction, Row, SliceKey, Usage, Verdict

FAILED = object()
"""A row whose prediction failed."""

BROKEN = object()
"""A row whose prediction is there and whose scorer raised."""


def line(
    index: int,
    values: Mapping[str, Any] | Any,
    *,
    repeat: int = 0,
    scorer: str = "good",
    session: str | None = None,
    tags: Mapping[str, str] | None = None,
    latency: float | None = None,
    usage: Usage | None = None,
) -> Line:
    """Return a line of one scorer, or of as many as ``values`` names: a value, None, FAILED or BROKEN for each."""
    each = values if isinstance(values, Mapping) else {scorer: values}
    row = Row(index=index, row_id=f"row-{index}", session=session, tags=tags or {})
    failed = any(value is FAILED for value in each.values())
    prediction = Prediction(
        row=index, repeat=repeat, row_id=row.row_id, outcome="predict_failed" if failed else "predicted",
        latency=latency, usage=usage,
    )  # fmt: skip
    verdicts = tuple(
        Verdict(row=index, repeat=repeat, scorer=place, outcome="predict_failed")
        if failed
        else Verdict(row=index, repeat=repeat, scorer=place, outcome="scorer_error", error="it raised")
        if value is BROKEN
        else Verdict(row=index, repeat=repeat, scorer=place, feedbacks=(Feedback(name, value),))
        for place, (name, value) in enumerate(each.items())
    )
    return Line(row=row, repeat=repeat, prediction=prediction, verdicts=verdicts)


def aggregate(
    lines: Iterable[Line],
    *,
    rows: int | None = None,
    repeats: int = 1,
    facts: Sequence[ScorerFacts] = (),
    **options: Any,
) -> Aggregated:
    """Return what lines come to; the scorers are those that the first line names unless ``facts`` are given."""
    lines = list(lines)
    rows = len({one.row.index for one in lines}) if rows is None else rows
    names = [v.feedbacks[0].name for v in lines[0].verdicts if v.feedbacks] if lines else []
    facts = facts or [ScorerFacts(name=name, planned=rows * repeats) for name in names]
    aggregator = Aggregator(facts, rows=rows, repeats=repeats, **options)
    for one in lines:
        aggregator.add(one)
    return aggregator.finish()


def of(values: Sequence[Any], **options: Any) -> Aggregated:
    """Return what one scorer's values come to, a row each."""
    given = {key: options.pop(key) for key in ("sessions", "tags") if key in options}
    facts = options.pop("facts", ScorerFacts(name="good", planned=len(values)))
    lines = [
        line(i, value, scorer=facts.name, session=given.get("sessions", {i: None})[i] if "sessions" in given else None,
             tags=given["tags"][i] if "tags" in given else None)
        for i, value in enumerate(values)
    ]  # fmt: skip
    return aggregate(lines, facts=[facts], **options)


def estimate(found: Aggregated, metric: str, key: SliceKey = ()) -> Estimate:
    """Return one estimate."""
    return next(one.estimate for one in found.estimates if (one.metric, one.slice) == (metric, key))
