"""A sample of the traces of a stretch of time: those whose numbers have the smallest hashes.

Which traces are drawn follows from their numbers alone: asked again the same are drawn, and the sample of a stretch
holds the samples of its parts as far as they reach. Numbers are given in the order of arrival and say nothing of a
trace; squared modulo a prime they lie about like random ones, and both databases can do that beside an index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal_column, or_, select, type_coerce

from steelyard.errors import InvalidArgument
from steelyard.records.overview import SAMPLED_CONTENT, SampledTrace
from steelyard.records.trace import TraceInfo
from steelyard.store.sql.bare_rows import fetched
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.json_text import from_text
from steelyard.store.sql.trace_choice import chosen_experiments, matching
from steelyard.store.sql.trace_infos import INFO_COLUMNS, infos_from_rows
from steelyard.store.sql.trace_schema import spans, traces

MOST_SAMPLED = 20_000
_PRIME = 2_147_483_647
_FACTOR = 48_271


@dataclass(slots=True)
class _Found:
    """What the spans of a trace tell."""

    content: tuple[str, str, int, int] = ("", "", 0, 0)
    since: int | None = None
    models: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
    failed: int = 0


def sample_of(
    database: Database,
    experiment_ids: Sequence[str],
    filter_string: str,
    *,
    start_ms: int,
    end_ms: int,
    most: int,
    contents: bool,
) -> tuple[SampledTrace, ...]:
    """See ``TraceOverview.sample``."""
    if not 1 <= most <= MOST_SAMPLED:
        msg = f"most={most!r} is out of range: sample 1 to {MOST_SAMPLED:,} traces."
        raise InvalidArgument(msg)
    if not -(2**53) <= start_ms < end_ms <= 2**53:
        msg = f"start_ms={start_ms!r} and end_ms={end_ms!r} are not a stretch of time: give milliseconds since 1970."
        raise InvalidArgument(msg)
    with database.read() as connection:
        experiments = chosen_experiments(connection, experiment_ids)
        matches = matching(connection, database.dialect, filter_string)
        t = traces.c
        within = (t.request_time >= start_ms, t.request_time < end_ms)
        # The first ``most`` by hash, found beside the index of time: no trace is read that is not drawn.
        drawn = select(t.id).where(*matches.of(experiments), *within).order_by(_hash(t.id), t.id).limit(most)
        numbers = connection.execute(drawn).scalars().all()
        chosen = database.dialect.among(t.id, numbers)
        rows = connection.execute(select(*INFO_COLUMNS).where(chosen)).all()
        infos = infos_from_rows(connection, database.dialect, rows)
        told = _of_spans(connection, database.dialect, numbers) if contents else {}
    nothing = _Found()
    sampled = [_sampled(info, told.get(row[0], nothing)) for row, info in zip(rows, infos, strict=True)]
    return tuple(sorted(sampled, key=lambda one: (one.info.request_time, one.info.trace_id)))


def _hash(number: ColumnElement[int]) -> ColumnElement[int]:
    """Return a number below 2³¹ for a row id, the same on every database; no step leaves 63 bits."""
    prime, factor = literal_column(str(_PRIME)), literal_column(str(_FACTOR))
    mixed = type_coerce(((number % prime) * factor + literal_column("11")) % prime, BigInteger)
    squared = type_coerce((mixed * mixed) % prime, BigInteger)
    return type_coerce((squared * factor) % prime, BigInteger)


def _of_spans(connection: Connection, dialect: Dialect, numbers: Sequence[int]) -> dict[int, _Found]:
    s = spans.c
    found: dict[int, _Found] = defaultdict(_Found)
    telling = or_(s.model != literal_column("''"), s.type == "TOOL", s.status == "ERROR")
    statement = select(s.trace, s.model, s.type, s.name, s.status).where(dialect.among(s.trace, numbers), telling)
    for number, model, kind, name, status in fetched(connection, statement):
        of_trace = found[number]
        if model:
            of_trace.models.add(from_text(model))
        if kind == "TOOL":
            of_trace.tools.add(from_text(name))
        of_trace.failed += status == "ERROR"
    _add_contents(connection, dialect, numbers, found)
    return found


def _add_contents(connection: Connection, dialect: Dialect, numbers: Sequence[int], found: dict[int, _Found]) -> None:
    """Add what the root of each trace was given and gave back; of several roots the one that began first."""
    s = spans.c
    parts = [func.coalesce(func.substr(column, 1, SAMPLED_CONTENT), "") for column in (s.inputs, s.outputs)]
    lengths = [func.coalesce(func.length(column), 0) for column in (s.inputs, s.outputs)]
    roots = (dialect.among(s.trace, numbers), s.parent_id.is_(None))
    for number, since, *content in fetched(connection, select(s.trace, s.start_time, *parts, *lengths).where(*roots)):
        of_trace = found[number]
        if of_trace.since is None or since < of_trace.since:
            of_trace.since, of_trace.content = since, (content[0], content[1], content[2], content[3])


def _sampled(info: TraceInfo, told: _Found) -> SampledTrace:
    inputs, outputs, inputs_length, outputs_length = told.content
    return SampledTrace(
        info=info,
        inputs=inputs,
        outputs=outputs,
        inputs_length=inputs_length,
        outputs_length=outputs_length,
        models=tuple(sorted(told.models)),
        tools=tuple(sorted(told.tools)),
        failed_spans=told.failed,
    )
