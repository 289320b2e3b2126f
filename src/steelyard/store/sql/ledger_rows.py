"""Lines of ledgers as rows, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records.assessment import Feedback
from steelyard.records.ledger import VERDICT_OUTCOMES, Prediction, Verdict
from steelyard.records.trace import Usage
from steelyard.store.limits import MAX_KEY, check_integer, check_name
from steelyard.store.sql.assessment_rows import check_assessment, said
from steelyard.store.sql.json_text import from_json, from_json_as, from_text, to_json, to_text
from steelyard.store.sql.ledger_schema import PREDICTION_OUTCOMES
from steelyard.store.sql.trace_rows import check_finite, usage_from, usage_row

PREDICTION_COLUMNS = ("row", "repeat", "outcome", "row_id", "trace_id", "output", "error", "latency", "usage")
VERDICT_COLUMNS = ("row", "repeat", "scorer", "outcome", "feedbacks", "error", "latency", "usage", "cached")


def prediction_row(prediction: Prediction) -> tuple[Any, ...]:
    """Return the values of ``PREDICTION_COLUMNS``."""
    _check_outcome(prediction.outcome, PREDICTION_OUTCOMES, f"prediction of row {prediction.row}")
    trace_id = prediction.trace_id
    return (
        prediction.row,
        prediction.repeat,
        prediction.outcome,
        to_text(prediction.row_id),
        None if trace_id is None else check_name(trace_id, "trace id", limit=MAX_KEY),
        to_json(prediction.output, f"output of row {prediction.row}"),
        to_text(prediction.error),
        check_finite(prediction.latency, "latency"),
        _usage_text(prediction.usage),
    )


def prediction_from(row: Sequence[Any]) -> Prediction:
    """Return what ``prediction_row`` was given."""
    place, repeat, outcome, row_id, trace_id, output, error, latency, usage = row
    return Prediction(
        row=place,
        repeat=repeat,
        outcome=outcome,
        row_id=from_text(row_id),
        trace_id=trace_id,
        output=from_json(output),
        error=from_text(error),
        latency=latency,
        usage=_usage(usage),
    )


def verdict_row(verdict: Verdict) -> tuple[Any, ...]:
    """Return the values of ``VERDICT_COLUMNS``."""
    _check_outcome(verdict.outcome, VERDICT_OUTCOMES, f"verdict on row {verdict.row}")
    what = f"feedback on row {verdict.row}"
    return (
        verdict.row,
        verdict.repeat,
        verdict.scorer,
        verdict.outcome,
        to_json([said(check_assessment(one)) for one in verdict.feedbacks], what) if verdict.feedbacks else None,
        to_text(verdict.error),
        check_finite(verdict.latency, "latency"),
        _usage_text(verdict.usage),
        bool(verdict.cached),
    )


def verdict_from(row: Sequence[Any]) -> Verdict:
    """Return what ``verdict_row`` was given."""
    place, repeat, scorer, outcome, feedbacks, error, latency, usage, cached = row
    return Verdict(
        row=place,
        repeat=repeat,
        scorer=scorer,
        outcome=outcome,
        feedbacks=feedbacks_from(feedbacks),
        error=from_text(error),
        latency=latency,
        usage=_usage(usage),
        cached=bool(cached),
    )


def feedbacks_from(text: str | None) -> tuple[Feedback, ...]:
    """Return the feedbacks of a verdict."""
    return () if text is None else from_json_as(text, tuple[Feedback, ...])


def feedback_id(run_id: str, verdict: tuple[int, int, int], index: int) -> str:
    """Return the id of a verdict's feedback as an assessment: always the same, so that it is never there twice."""
    place = "/".join(map(str, (run_id, *verdict, index)))
    return f"a-{hashlib.blake2b(place.encode(), digest_size=16).hexdigest()}"


def _check_outcome(outcome: str, known: Sequence[str], what: str) -> None:
    if outcome not in known:
        msg = f"The {what} has the outcome {outcome!r}, which is none of {', '.join(known)}."
        raise InvalidArgument(msg)


def check_place(value: int, end: int, what: str) -> None:
    """Say so if a row, a repeat or a scorer is not one of the plan."""
    if not 0 <= check_integer(value, what) < end:
        msg = f"The {what} {value} is not in the ledger's plan, which has {end:,} of them, numbered from 0."
        raise InvalidArgument(msg)


def _usage_text(usage: Usage | None) -> str | None:
    return None if usage is None else msgspec.json.encode(usage_row(usage)).decode()


def _usage(text: str | None) -> Usage | None:
    return None if text is None else usage_from(msgspec.json.decode(text))
