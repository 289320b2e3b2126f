"""The filter language for traces as plain Python says it: slow, short, sharing nothing with the SQL but the parser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from steelyard.records import Span, Trace
from steelyard.store.sql.filter.terms import Both, Comparison, Condition, Either, Not, Ordering

TRACE_NAME = "mlflow.traceName"


def holds(condition: Condition | None, trace: Trace) -> bool:
    if condition is None:
        return True
    if isinstance(condition, Comparison):
        return _compares(condition, trace)
    if isinstance(condition, Not):
        return not holds(condition.condition, trace)
    parts = (holds(part, trace) for part in condition.conditions)
    return all(parts) if isinstance(condition, Both) else any(parts) if isinstance(condition, Either) else False


def in_order(traces: Iterable[Trace], orderings: Iterable[Ordering], numbers: dict[str, int]) -> list[Trace]:
    """Sort traces; ``numbers`` tells which of them the store met first."""
    found = sorted(traces, key=lambda one: (one.info.request_time, numbers[one.info.trace_id]), reverse=True)
    for ordering in reversed(list(orderings)):
        for place in (1, 0) if ordering.key.kind in {"feedback", "expectation"} else (0,):
            keyed = [(_sort_value(ordering, one)[place], one) for one in found]
            there = [pair for pair in keyed if pair[0] is not None]
            there.sort(key=lambda pair: pair[0], reverse=ordering.descending)
            found = [one for _, one in there] + [one for value, one in keyed if value is None]
    return found


def _sort_value(ordering: Ordering, trace: Trace) -> tuple[Any, ...]:
    kind, name = ordering.key.kind, ordering.key.name
    if kind in {"feedback", "expectation"}:
        said = [(_number(a.value), _word(a.value)) for a in trace.info.assessments if _is(a, kind, name)]
        return said[-1] if said else (None, None)
    return (trace.info.tags.get(name) if kind == "tags" else _attribute(name, trace),)


def _compares(one: Comparison, trace: Trace) -> bool:
    kind, name, info = one.key.kind, one.key.name, trace.info
    if kind == "tags":
        return _single(one, info.tags.get(name))
    if kind == "metadata":
        return _single(one, info.trace_metadata.get(name))
    if kind in {"feedback", "expectation"}:
        said = [a for a in info.assessments if _is(a, kind, name)]
        if one.value is None:
            return bool(said) == (one.operator == "IS NOT NULL")
        by_number = isinstance(one.value, int | float)
        return any(_single(one, _number(a.value) if by_number else _word(a.value)) for a in said)
    if kind == "span":
        return _some_span(one, name, trace.data.spans)
    if name == "text":
        plain = Comparison(one.key, one.operator.removeprefix("NOT "), one.value)
        return any(_content(plain, span) for span in trace.data.spans) != one.operator.startswith("NOT")
    return _single(one, _attribute(name, trace))


def _is(assessment: Any, kind: str, name: str) -> bool:
    return assessment.kind == kind and assessment.name == name and assessment.valid


def _attribute(name: str, trace: Trace) -> Any:
    info = trace.info
    usage = info.usage
    return {
        "trace_id": info.trace_id,
        "name": info.tags.get(TRACE_NAME),
        "status": info.state,
        "timestamp": info.request_time,
        "execution_time": info.execution_duration,
        "user": info.trace_metadata.get("mlflow.trace.user"),
        "session": info.trace_metadata.get("mlflow.trace.session"),
        "tokens": None if usage is None else usage.input_tokens + usage.output_tokens,
        "cost": None if usage is None else usage.cost,
        "n_spans": len(trace.data.spans),
    }[name]


def _some_span(one: Comparison, name: str, spans: Iterable[Span]) -> bool:
    if name == "content":
        negated = one.operator.startswith("NOT")
        plain = Comparison(one.key, one.operator.removeprefix("NOT "), one.value)
        return any(_content(plain, span) != negated for span in spans)
    values = [_span_value(name, span, number=isinstance(one.value, int | float)) for span in spans]
    if one.value is None:
        return any(value is not None for value in values) == (one.operator == "IS NOT NULL")
    return any(_single(one, value) for value in values)


def _span_value(name: str, span: Span, *, number: bool) -> Any:
    if name.startswith("attributes."):
        value = span.attributes.get(name.removeprefix("attributes."))
        if number:
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        return value if isinstance(value, str) or value is None else msgspec.json.encode(value).decode()
    if name == "duration":
        return None if span.end_time_ns is None else (span.end_time_ns - span.start_time_ns) / 1e6
    if name == "tokens":
        return None if span.usage is None else span.usage.input_tokens + span.usage.output_tokens
    return {"name": span.name, "type": span.span_type, "status": span.status.status_code, "model": span.model}[name]


def _content(one: Comparison, span: Span) -> bool:
    written = (
        span.inputs,
        span.outputs,
        span.attributes or None,
        [[e.name, e.timestamp, e.attributes] for e in span.events] or None,
    )
    texts = ["" if value is None else msgspec.json.encode(value).decode() for value in written]
    fold = one.operator == "ILIKE"
    return _like(span.name, str(one.value), fold=fold) or any(
        _like(text, str(one.value), fold=fold, in_json=True) for text in texts
    )


def _single(one: Comparison, value: Any) -> bool:
    operator, wanted = one.operator, one.value
    if wanted is None:
        return (value is None) == (operator == "IS NULL")
    if value is None:
        return False
    if operator in {"IN", "NOT IN"}:
        return (value in wanted) == (operator == "IN")
    if operator.endswith("LIKE") and not operator.endswith("RLIKE"):
        return _like(value, str(wanted), fold=operator.endswith("ILIKE")) != operator.startswith("NOT")
    if operator.endswith("RLIKE"):
        return (re.search(str(wanted), value, re.DOTALL) is not None) != operator.startswith("NOT")
    return {
        "=": lambda: value == wanted,
        "!=": lambda: value != wanted,
        ">": lambda: value > wanted,
        ">=": lambda: value >= wanted,
        "<": lambda: value < wanted,
        "<=": lambda: value <= wanted,
    }[operator]()


def _like(text: str, pattern: str, *, fold: bool, in_json: bool = False) -> bool:
    made, signs = "", iter(pattern)
    for sign in signs:
        if sign in "%_":
            made += ".*" if sign == "%" else "."
            continue
        literal = next(signs) if sign == "\\" else sign
        made += re.escape(json.dumps(literal, ensure_ascii=False)[1:-1] if in_json else literal)
    # Letters of ASCII alone are folded, as both databases do.
    flags = re.DOTALL
    return re.fullmatch(_ascii_lower(made) if fold else made, _ascii_lower(text) if fold else text, flags) is not None


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, bool | int | float) else None


def _word(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return None
    return msgspec.json.encode(value).decode()
