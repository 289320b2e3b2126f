"""What a filter can say of traces, in SQL: MLflow's language for traces."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    String,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)

from steelyard.errors import FilterError
from steelyard.records.filters import like_escaped
from steelyard.records.trace import SESSION_KEY, TRACE_NAME_TAG, USER_KEY
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import Comparison, Vocabulary, compare
from steelyard.store.sql.schema import SqlText, runs
from steelyard.store.sql.trace_schema import assessments, spans, trace_runs, trace_tags, traces

TRACES = Vocabulary(
    noun="traces",
    attributes={
        "trace_id": "text",
        "name": "text",
        "status": "text",
        "timestamp": "number",
        "execution_time": "number",
        "end_time": "number",
        "client_request_id": "text",
        "run_id": "text",
        "session": "text",
        "user": "text",
        "text": "text",
        "request": "text",
        "response": "text",
        "tokens": "number",
        "input_tokens": "number",
        "output_tokens": "number",
        "cost": "number",
        "n_spans": "number",
        "experiment_id": "text",
        "prompt": "text",
    },
    aliases={
        "request_id": "trace_id",
        "state": "status",
        "timestamp_ms": "timestamp",
        "request_time": "timestamp",
        "execution_time_ms": "execution_time",
        "execution_duration": "execution_time",
        "end_time_ms": "end_time",
        "total_tokens": "tokens",
        "request_preview": "request",
        "response_preview": "response",
    },
    kinds={
        **dict.fromkeys(("trace", "traces", "attr", "attribute", "attributes"), "attributes"),
        **dict.fromkeys(("tag", "tags"), "tags"),
        **dict.fromkeys(("metadata", "request_metadata", "trace_metadata"), "metadata"),
        **dict.fromkeys(("span", "spans"), "span"),
        **dict.fromkeys(("feedback", "feedbacks"), "feedback"),
        **dict.fromkeys(("expectation", "expectations"), "expectation"),
        "issue": "issue",
    },
    types={
        "tags": "text",
        "metadata": "text",
        "issue": "text",
        "span": "any",
        "feedback": "any",
        "expectation": "any",
    },
    fixed={
        "span": (
            *("name", "type", "status", "model", "content", "attributes."),
            *("duration", "tokens", "input_tokens", "output_tokens", "cost"),
        ),
        "issue": ("id",),
    },
    patterns=True,
)

TRACE_ATTRIBUTES: dict[str, ColumnElement[Any]] = {
    "trace_id": traces.c.trace_id,
    "name": traces.c.name,
    "status": traces.c.state,
    "timestamp": traces.c.request_time,
    "execution_time": traces.c.duration,
    "end_time": type_coerce(traces.c.request_time + traces.c.duration, Double),
    "client_request_id": traces.c.client_request_id,
    "session": traces.c.session,
    "user": traces.c.user_id,
    "request": traces.c.request_preview,
    "response": traces.c.response_preview,
    "tokens": type_coerce(traces.c.input_tokens + traces.c.output_tokens, BigInteger),
    "input_tokens": traces.c.input_tokens,
    "output_tokens": traces.c.output_tokens,
    "cost": traces.c.cost,
    "n_spans": traces.c.n_spans,
    "experiment_id": cast(traces.c.experiment, SqlText),
}
LINKED_PROMPTS_TAG = "mlflow.linkedPrompts"
_METADATA_COLUMNS = {SESSION_KEY: traces.c.session, USER_KEY: traces.c.user_id}
_SPAN_COLUMNS: dict[str, ColumnElement[Any]] = {name: spans.c[name] for name in ("name", "type", "status", "model")}
_SPAN_NUMBERS: dict[str, ColumnElement[Any]] = {
    "duration": cast(spans.c.end_time - spans.c.start_time, Double) / literal_column("1000000.0"),  # milliseconds
    "tokens": type_coerce(spans.c.input_tokens + spans.c.output_tokens, BigInteger),
    "input_tokens": spans.c.input_tokens,
    "output_tokens": spans.c.output_tokens,
    "cost": spans.c.cost,
}
_SPAN_CONTENT = (spans.c.inputs, spans.c.outputs, spans.c.attributes, spans.c.events)
_LIKE = {"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"}
_NULL = {"IS NULL", "IS NOT NULL"}
TAG_START = 64
"""How much of a tag's value stands in an index."""


def trace_comparison(comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    """Return the SQL of one comparison; each ``span.…`` may be met by another span of the trace."""
    kind, name = comparison.key.kind, comparison.key.name
    if kind == "attributes":
        return _attribute(name, comparison, dialect)
    if kind == "tags":
        return _tag(name, comparison, dialect)
    if kind == "metadata":
        column = _METADATA_COLUMNS.get(name)
        return _there(
            dialect.member(traces.c.metadata, _plain(name)) if column is None else column, comparison, dialect
        )
    if kind == "span":
        return _span(name, comparison, dialect)
    if kind == "issue":
        msg = "Issues are not kept here, so issue.id finds nothing. What people say of a trace is feedback.<name>."
        raise FilterError(msg)
    return _assessment(kind, name, comparison, dialect)


def unindexed(column: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """Return a column that SQLite looks up in no index: it does not know how many rows it would begin with."""
    if dialect.name != "sqlite":
        return column
    return column + literal_column("''" if isinstance(column.type, String) else "0")


def of_name(table: FromClause, kind: str, name: str, dialect: Dialect) -> ColumnElement[bool]:
    """Return the condition on valid assessments of a name, for use with the trace that they are of."""
    # A trace has few assessments, and a name may have a million.
    return and_(unindexed(table.c.kind, dialect) == kind, table.c.name == name, table.c.valid.is_(True))


def tag_start(value: ColumnElement[str]) -> ColumnElement[str]:
    """Return the beginning of a tag's value, as it stands in an index."""
    return func.substr(value, literal_column("1"), literal_column(str(TAG_START)), type_=Text)


def sorted_assessment(kind: str, name: str, column: str, dialect: Dialect) -> ColumnElement[Any]:
    """Return the value of a trace's newest valid assessment of a name: its ``number`` or its ``word``."""
    a = assessments.alias()
    newest = select(a.c[column]).where(a.c.trace == traces.c.id, of_name(a, kind, name, dialect))
    return newest.order_by(a.c.id.desc()).limit(1).scalar_subquery()


def _attribute(name: str, comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    if name == "text":
        return _text(comparison, dialect)
    if name == "prompt":
        return _prompt(comparison, dialect)
    if name != "run_id":
        return _there(TRACE_ATTRIBUTES[name], comparison, dialect)
    linked = and_(trace_runs.c.trace == traces.c.id, trace_runs.c.run == runs.c.id)
    return _exists(linked, runs.c.run_id, comparison, dialect)


def _tag(name: str, comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    if name == TRACE_NAME_TAG:
        return _there(traces.c.name, comparison, dialect)
    there = and_(trace_tags.c.trace == traces.c.id, trace_tags.c.key == name)
    return _exists(there, trace_tags.c.value, comparison, dialect)


def _prompt(comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    """A version of a prompt stands among others in a tag, as JSON with or without spaces."""
    name, slash, version = str(comparison.value).rpartition("/")
    if comparison.operator != "=" or not (name and slash and version):
        msg = "A prompt is named with its version and compared with = only, as in prompt = 'greeting/3'."
        raise FilterError(msg)
    entry = {"name": name, "version": version}
    written = dict.fromkeys(
        (json.dumps(entry), json.dumps(entry, ensure_ascii=False), msgspec.json.encode(entry).decode())
    )
    value = trace_tags.c.value
    found = or_(*(dialect.like(value, f"%{like_escaped(one)}%", fold_case=False) for one in written))
    return _some(trace_tags.c.trace == traces.c.id, trace_tags.c.key == LINKED_PROMPTS_TAG, found)


def _span(name: str, comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    of_trace = spans.c.trace == traces.c.id
    if name == "content":
        return _some(of_trace, _content(comparison, dialect))
    column = _SPAN_COLUMNS.get(name)
    if column is not None:
        if isinstance(comparison.value, int | float):
            msg = f"span.{name} is text: compare it with a text in quotes."
            raise FilterError(msg)
        return _exists(of_trace, column, comparison, dialect)
    if name in _SPAN_NUMBERS:
        if comparison.operator not in _NULL and not isinstance(comparison.value, int | float):
            msg = f"span.{name} is a number: compare it with =, !=, >, >=, < or <=."
            raise FilterError(msg)
        return _exists(and_(of_trace, _SPAN_NUMBERS[name].is_not(None)), _SPAN_NUMBERS[name], comparison, dialect)
    key = _plain(name.removeprefix("attributes."))
    if isinstance(comparison.value, int | float):
        return _exists(of_trace, dialect.member_number(spans.c.attributes, key), comparison, dialect)
    return _exists(of_trace, dialect.member(spans.c.attributes, key), comparison, dialect)


def _text(comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    """The whole text of a trace: NOT LIKE means that no span has it."""
    operator = comparison.operator
    plain = Comparison(comparison.key, "ILIKE" if operator.endswith("ILIKE") else "LIKE", comparison.value)
    found = _some(spans.c.trace == traces.c.id, _content(plain, dialect, operator=operator))
    return not_(found) if operator.startswith("NOT") else found


def _content(comparison: Comparison, dialect: Dialect, *, operator: str | None = None) -> ColumnElement[bool]:
    if (operator or comparison.operator) not in _LIKE:
        msg = "The content of spans takes LIKE and ILIKE only, as in span.content LIKE '%refund%'."
        raise FilterError(msg)
    pattern, fold_case = str(comparison.value), comparison.operator.endswith("ILIKE")
    in_json = json_pattern(pattern)
    found = or_(
        dialect.like(spans.c.name, pattern, fold_case=fold_case),
        *(dialect.like(func.coalesce(c, literal_column("''")), in_json, fold_case=fold_case) for c in _SPAN_CONTENT),
    )
    return not_(found) if comparison.operator.startswith("NOT") else found


def _assessment(kind: str, name: str, comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    a = assessments.c
    there = and_(a.trace == traces.c.id, of_name(assessments, kind, name, dialect))
    return _exists(there, a.number if isinstance(comparison.value, int | float) else a.word, comparison, dialect)


def _some(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return that there is such a row of the trace, also in a statement that has spans or tags of its own beside it."""
    return exists().where(*conditions).correlate(traces)


def _exists(
    there: ColumnElement[bool], column: ColumnElement[Any], comparison: Comparison, dialect: Dialect
) -> ColumnElement[bool]:
    if comparison.operator not in _NULL:
        return _some(there, _there(column, comparison, dialect))
    if comparison.key.kind == "span" and comparison.key.name.startswith("attributes."):
        there = and_(there, column.is_not(None))
    return not_(_some(there)) if comparison.operator == "IS NULL" else _some(there)


def _there(column: ColumnElement[Any], comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    """A comparison that is plainly false where there is nothing to compare."""
    if comparison.operator in _NULL:
        return column.is_(None) if comparison.operator == "IS NULL" else column.is_not(None)
    compared = compare(column, comparison, dialect)
    return false() if compared is None else and_(column.is_not(None), compared)


def _plain(key: str) -> str:
    if '"' in key or "\\" in key:
        msg = f"The key {key!r} holds a quote or a backslash, which a search cannot find. Filter by another key."
        raise FilterError(msg)
    return key


def json_pattern(pattern: str) -> str:
    """Return a LIKE pattern for text that stands as JSON, where a quote or a line's end is written with a backslash.

    Examples:
        >>> print(json_pattern('say "hi"%'))
        say \\\\"hi\\\\"%
    """
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign in "%_":
            parts.append(sign)
        else:
            at += sign == "\\"
            written = msgspec.json.encode(pattern[at]).decode()[1:-1]
            parts.append("".join(f"\\{c}" if c in "\\%_" else c for c in written))
        at += 1
    return "".join(parts)
