"""Reading the numbers of models: as they are, as they were known at a moment, and how they came to be so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from steelyard.errors import InvalidArgument
from steelyard.metrics.estimates import Context, estimates
from steelyard.records.estimate import Estimate
from steelyard.records.prediction import LabelCoverage, PredictionNumbers
from steelyard.records.slices import SliceInfo, SliceKey
from steelyard.store.sql.bare_rows import fetched
from steelyard.store.sql.prediction_counting import Classes, without_many_labels
from steelyard.store.sql.prediction_schema import production_readings, production_windows
from steelyard.store.sql.prediction_settling import estimates_from_bytes
from steelyard.store.sql.prediction_states import KeptState, kept_from_bytes, merged, readings_of_kept

_DAY_MS = 86_400_000
_MOST_WINDOWS = 10_000
_COUNTS = ("n", "labelled", "failed", "scored")
_COLUMNS = (*("value", "start", "version", *_COUNTS, "predicted_sum", "scored_sum", "computed", "superseded", "why"),)


def slice_of(name: str, dimensions: Sequence[str]) -> SliceKey:
    """Return the slice that a name such as ``country=DE`` means.

    Raises:
        InvalidArgument: it begins with none of the model's dimensions.
    """
    if not name:
        return ()
    found = max((d for d in dimensions if name.startswith(f"{d}=")), key=len, default=None)
    if found is None:
        raise InvalidArgument(
            f"The slice {name!r} is none of this model's: give '<dimension>=<value>', the dimension one of: "
            f"{', '.join(dimensions) or 'none was declared; name them with slices=[…] when you log predictions'}."
        )
    return ((found, name[len(found) + 1 :]),)


def at_moment(as_of_ms: int | None) -> ColumnElement[bool]:
    """Return the condition that a reading holds: now, or at a moment."""
    r = production_readings.c
    if as_of_ms is None:
        return r.superseded.is_(None)
    return and_(r.computed <= as_of_ms, or_(r.superseded.is_(None), r.superseded > as_of_ms))


def windows_as_kept(
    connection: Connection, model: int, *, window_ms: int, start_ms: int, end_ms: int, of: tuple[str, str | None],
    metric: str, as_of_ms: int | None,
) -> tuple[PredictionNumbers, ...]:  # fmt: skip
    """Return the numbers of the model's own windows.

    Args:
        connection: a reading transaction.
        model: its row id.
        window_ms: how wide they are.
        start_ms, end_ms, metric, as_of_ms: as for ``PredictionStore.numbers``.
        of: a dimension, and one of its values; None for all of them.
    """
    rows = _readings(connection, model, start_ms, end_ms, of, at_moment(as_of_ms), "numbers")
    waiting = _waiting(connection, model, start_ms, end_ms)
    return tuple(
        numbers_of(row, of[0], window_ms, metric, waiting=row.start in waiting)
        for row in sorted(rows, key=lambda row: (row.start, row.value))
        if row.n or row.version > 1
    )


def windows_merged(
    connection: Connection, model: int, classes: Classes | None, *, window_ms: int, start_ms: int, end_ms: int,
    step_ms: int, origin_ms: int, of: tuple[str, str | None], metric: str, as_of_ms: int | None,
) -> tuple[PredictionNumbers, ...]:  # fmt: skip
    """Return the numbers of wider windows, from the states of the model's own. Arguments as above."""
    rows = _readings(connection, model, start_ms, end_ms, of, at_moment(as_of_ms), "state")
    waiting = _waiting(connection, model, start_ms, end_ms)
    groups: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.start):
        groups[(row.start - origin_ms) // step_ms * step_ms + origin_ms, row.value].append(row)
    made = []
    for (start, value), parts in sorted(groups.items()):
        n = sum(row.n for row in parts)
        if not n:
            continue
        key: SliceKey = ((of[0], value),) if of[0] else ()
        kept = [kept_from_bytes(bytes(row.state)) for row in parts if row.state]
        made.append(
            PredictionNumbers(
                start_ms=start, end_ms=start + step_ms, slice=key, **_summed(parts),
                estimates=_estimates(kept, classes, key, n, metric),
                computed_ms=max(row.computed for row in parts), why=f"summed up from {len(parts)} windows",
                waiting=any(row.start in waiting for row in parts),
            )
        )  # fmt: skip
    return tuple(made)


def numbers_of(row: Any, dimension: str, window_ms: int, metric: str, *, waiting: bool = False) -> PredictionNumbers:
    """Return a reading's row as a record."""
    return PredictionNumbers(
        start_ms=row.start, end_ms=row.start + window_ms, slice=((dimension, row.value),) if dimension else (),
        **_summed([row]), estimates=estimates_from_bytes(bytes(row.numbers), metric), computed_ms=row.computed,
        superseded_ms=row.superseded, why=row.why, version=row.version, waiting=waiting,
    )  # fmt: skip


def history_of(
    connection: Connection, model: int, start_ms: int, *, window_ms: int, of: tuple[str, str], metric: str
) -> tuple[PredictionNumbers, ...]:
    """Return every reading of a window, the newest first; ``of`` is a dimension and its value."""
    rows = _readings(connection, model, start_ms, start_ms + 1, of, None, "numbers")
    newest_first = sorted(rows, key=lambda row: -row.version)
    waiting = bool(_waiting(connection, model, start_ms, start_ms + 1))
    return tuple(
        numbers_of(row, of[0], window_ms, metric, waiting=waiting and row.superseded is None) for row in newest_first
    )


def coverage_of(connection: Connection, model: int, *, now_ms: int) -> tuple[LabelCoverage, ...]:
    """Return how many predictions have their label by age, each window having the age of its begin."""
    r = production_readings.c
    statement = select(r.start, r.n, r.labelled).where(r.model == model, r.dimension == "", r.superseded.is_(None))
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for start, n, labelled in fetched(connection, statement):
        days = max(0, now_ms - start) // _DAY_MS
        place = days.bit_length()  # under 1 day, 2, 4, 8 …
        found[place][0] += n
        found[place][1] += labelled
    return tuple(
        LabelCoverage(
            from_ms=0 if place == 0 else _DAY_MS << (place - 1), to_ms=_DAY_MS << place, n=n, labelled=labelled
        )
        for place, (n, labelled) in sorted(found.items())
        if n
    )


def _readings(
    connection: Connection, model: int, start_ms: int, end_ms: int, of: tuple[str, str | None],
    holds: ColumnElement[bool] | None, content: str,
) -> list[Any]:  # fmt: skip
    r = production_readings.c
    statement = select(*(r[name] for name in (*_COLUMNS, content))).where(
        r.model == model, r.dimension == of[0], r.start >= start_ms, r.start < end_ms
    )
    if of[1] is not None:
        statement = statement.where(r.value == of[1])
    if holds is not None:
        statement = statement.where(holds)
    counted = connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one()
    if counted > _MOST_WINDOWS:
        raise InvalidArgument(
            f"That would read {counted:,} numbers; at most {_MOST_WINDOWS:,} at once. Ask for a shorter time."
        )
    return list(connection.execute(statement).all())


def _summed(rows: Sequence[Any]) -> dict[str, Any]:
    """Return what adds up over readings, and the means that follow."""
    counts = {name: sum(getattr(row, name) for row in rows) for name in _COUNTS}
    means = {"predicted_mean": ("predicted_sum", counts["n"] - counts["failed"]),
             "scored_mean": ("scored_sum", counts["scored"])}  # fmt: skip
    for mean, (column, of) in means.items():
        parts = [getattr(row, column) for row in rows if row.n]
        counts[mean] = sum(parts) / of if of and None not in parts else None
    return counts


def _waiting(connection: Connection, model: int, start_ms: int, end_ms: int) -> set[int]:
    w = production_windows.c
    chosen = (w.model == model, w.start >= start_ms, w.start < end_ms, w.version > w.settled)
    return set(connection.execute(select(w.start).where(*chosen)).scalars())


def _estimates(
    kept: Sequence[KeptState], classes: Classes | None, key: SliceKey, n: int, metric: str
) -> dict[str, Estimate]:
    """Return the estimates of merged states. Those that were counted before the model's classes became others wait to
    be counted again: until then their rows are missing."""
    if not kept:
        return {}
    newest = kept[-1]
    alike = [one for one in kept if one.task == newest.task and (one.task != "binary" or one.labels == newest.labels)]
    names = {} if classes is None else classes.by_number
    both = merged(alike)
    readings, scored = readings_of_kept(both, names, () if classes is None else classes.numbers)
    if not scored:
        return {}
    told = estimates(without_many_labels(readings, len(both.labels)), Context([SliceInfo(key, scored, n - scored)]))
    return {one.metric: one.estimate for one in told if not metric or one.metric == metric}
