"""Facets: the values that the matching traces have, the most frequent first, each with the condition that keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, func, select

from steelyard.errors import InvalidArgument
from steelyard.records.filters import condition
from steelyard.records.overview import Facet
from steelyard.store.sql.bare_rows import fetched
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.trace_schema import assessments, spans, trace_tags, traces

_NEWEST = 10_000
_MOST_TAGS = 20
_LONGEST = 200
_KEYS = {"span type": "span.type", "model": "span.model"}


def facets_of(
    database: Database, experiment_ids: Sequence[str], filter_string: str, *, most: int
) -> Mapping[str, tuple[Facet, ...]]:
    """See ``TraceOverview.facets``; facets without a value are left out, and so are tags named ``mlflow.…``."""
    if not 1 <= most <= 1000:
        msg = f"most={most!r} is out of range: ask for 1 to 1000 values of a facet."
        raise InvalidArgument(msg)
    t = traces.c
    with database.read() as connection:
        matches = matching(connection, database.dialect, filter_string)
        numbers = chosen_experiments(connection, experiment_ids)
        statement = select(t.id, t.state, t.name, t.user_id).where(*matches.of(numbers))
        rows = connection.execute(statement.order_by(t.request_time.desc(), t.id.desc()).limit(_NEWEST)).all()
        chosen = [row[0] for row in rows]
        counted: dict[str, Counter[str]] = {
            "status": Counter(row[1] for row in rows),
            "name": Counter(row[2] for row in rows if row[2] is not None),
        }
        counted |= _of_spans(connection, database.dialect, chosen)
        counted["user"] = Counter(row[3] for row in rows if row[3] is not None)
        counted["feedback"] = _feedback(connection, database.dialect, chosen)
        counted |= _of_tags(connection, database.dialect, chosen)
    facets = {name: tuple(_facets(name, values, most)) for name, values in counted.items()}
    return {name: found for name, found in facets.items() if found}


def _facets(facet: str, values: Counter[str], most: int) -> Iterable[Facet]:
    short = [(value, n) for value, n in values.items() if value and len(value) <= _LONGEST]
    for value, n in sorted(short, key=lambda one: (-one[1], one[0]))[:most]:
        yield Facet(value, n, _filter(facet, value))


def _filter(facet: str, value: str) -> str:
    if facet == "feedback":
        return condition(f"feedback.{value}", "IS NOT NULL")
    return condition(_KEYS.get(facet, facet), "=", value)


def _of_spans(connection: Connection, dialect: Dialect, chosen: Sequence[int]) -> dict[str, Counter[str]]:
    s = spans.c
    statement = select(s.trace, s.model, s.type).where(dialect.among(s.trace, chosen)).distinct()
    models: set[tuple[int, str]] = set()
    types: set[tuple[int, str]] = set()
    for number, model, kind in fetched(connection, statement):
        types.add((number, kind))
        if model:
            models.add((number, model))
    return {
        "model": Counter(from_text(model) for _, model in models),
        "span type": Counter(from_text(kind) for _, kind in types),
    }


def _feedback(connection: Connection, dialect: Dialect, chosen: Sequence[int]) -> Counter[str]:
    a = assessments.c
    valid = (dialect.among(a.trace, chosen), a.kind == "feedback", a.valid.is_(True))
    statement = select(a.name, func.count(a.trace.distinct())).where(*valid).group_by(a.name)
    return Counter(dict(connection.execute(statement).all()))


def _of_tags(connection: Connection, dialect: Dialect, chosen: Sequence[int]) -> dict[str, Counter[str]]:
    t = trace_tags.c
    statement = select(t.key, t.value, func.count()).where(dialect.among(t.trace, chosen)).group_by(t.key, t.value)
    counted: dict[str, Counter[str]] = {}
    for key, value, n in connection.execute(statement):
        if not key.startswith("mlflow."):
            counted.setdefault(key, Counter())[value] = n
    frequent = sorted(counted, key=lambda key: (-counted[key].total(), key))[:_MOST_TAGS]
    return {f"tag.{key}": counted[key] for key in sorted(frequent)}
