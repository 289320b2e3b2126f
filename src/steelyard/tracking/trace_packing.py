"""A trace as one line of text, and back: what waits on disk for a store comes to it as if it had never waited.

The text is JSON in Python's own notation: NaN and infinities, integers of any size, NUL characters and halves of
surrogate pairs return as they were. Reading is lenient, for a file may outlive the version that wrote it: fields that
are not known are passed over, and whether a value will do is for the store to say.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar

import msgspec

from steelyard.records import (
    Assessment,
    Expectation,
    Feedback,
    Span,
    SpanEvent,
    SpanStatus,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)
from steelyard.records.assessment import AssessmentError, AssessmentSource
from steelyard.records.trace import SpanLink, SpanOrigin

T = TypeVar("T")


def pack_trace(trace: Trace) -> str:
    """Return a trace as one line.

    Raises:
        TypeError, ValueError, RecursionError: it holds what has no form in JSON; no store would take it either.

    Examples:
        >>> trace = Trace(TraceInfo(trace_id="tr-1", execution_duration=float("inf"), tags={"a": "b"}))
        >>> unpack_trace(pack_trace(trace)) == trace
        True
    """
    kinds = [said.kind for said in trace.info.assessments]
    return json.dumps([kinds, msgspec.to_builtins(trace, enc_hook=_plain, str_keys=True)], separators=(",", ":"))


def unpack_trace(line: str) -> Trace:
    """Return the trace of ``pack_trace``'s line.

    Raises:
        ValueError, TypeError, LookupError: it is no such line.
    """
    kinds, told = json.loads(line)
    info = dict(told["info"])
    said = zip(kinds, info["assessments"], strict=True)
    info |= {"assessments": tuple([_assessment(*one) for one in said]), "usage": _some(Usage, info["usage"])}
    return Trace(_made(TraceInfo, info), TraceData(_each(_span, told["data"]["spans"])))


def with_ids(trace: Trace) -> Trace:
    """Return a trace whose assessments have ids: given to a store twice, it has them once."""
    info = trace.info
    if all(said.assessment_id for said in info.assessments):
        return trace
    said = [
        one if one.assessment_id else replace(one, assessment_id=f"a-{uuid.uuid4().hex}") for one in info.assessments
    ]
    return replace(trace, info=replace(info, assessments=tuple(said)))


def _span(told: Mapping[str, Any]) -> Span:
    inner = {
        "status": _made(SpanStatus, told["status"]),
        "events": _each(lambda one: _made(SpanEvent, one), told["events"]),
        "usage": _some(Usage, told["usage"]),
        "links": _each(lambda one: _made(SpanLink, one), told.get("links", ())),
        "origin": _some(SpanOrigin, told.get("origin")),
        "dropped": tuple(told.get("dropped", (0, 0, 0))),
    }
    return _made(Span, {**told, **inner})


def _assessment(kind: str, told: Mapping[str, Any]) -> Assessment:
    source = _some(AssessmentSource, told["source"])
    if kind == Expectation.kind:
        return _made(Expectation, {**told, "source": source})
    return _made(Feedback, {**told, "source": source, "error": _some(AssessmentError, told["error"])})


def _each(make: Any, told: Iterable[Any]) -> tuple[Any, ...]:
    return tuple([make(one) for one in told])


def _some(kind: type[T], told: Mapping[str, Any] | None) -> T | None:
    return None if told is None else _made(kind, told)


def _made(kind: type[T], told: Mapping[str, Any]) -> T:
    known = _names(kind)
    return kind(**{name: value for name, value in told.items() if name in known})


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    """Return what stands for a value of a type that the encoder does not know, as the stores have it."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return value.tolist()
    raise TypeError(f"a value of type {type(value).__name__}")
