"""What is logged to a run: metrics, params and tags. The hot path: SQL compiled once, on a bare cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import Metric
from steelyard.store.limits import MAX_PARAM_VALUE, MAX_TAG_VALUE, check_integer, check_key, check_words
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor, Dialect
from steelyard.store.sql.schema import latest_metrics, metrics, params, runs, tags


@dataclass(frozen=True, slots=True)
class _Texts:
    """The statements of the hot path as SQL text."""

    find_run: str
    add_metric: str
    keep_latest: str
    add_param: str
    read_param: str
    set_tag: str


class RunLog:
    """Writes batches of metrics, params and tags, each batch wholly or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._texts: _Texts | None = None

    def write(
        self,
        run_id: str,
        *,
        metrics: Sequence[Metric],
        params: Mapping[str, str],
        tags: Mapping[str, str],
        durable: bool,
    ) -> None:
        """Write one batch; see ``RunStore.log_batch``."""
        # In the order of their keys: two batches that meet on the same rows wait for each other, and never in a ring.
        points = sorted(map(_point, metrics), key=itemgetter("key"))
        param_words = sorted(check_words(params, "param", limit=MAX_PARAM_VALUE).items()) if params else ()
        tag_words = sorted(check_words(tags, "tag", limit=MAX_TAG_VALUE).items()) if tags else ()
        texts = self._texts or self._compile()

        def work(cursor: Cursor) -> None:
            run = _active_run(cursor, texts, run_id)
            for point in points:
                point["run"] = run
            _write_points(cursor, texts, points)
            for key, value in param_words:
                _write_param(cursor, texts, {"run": run, "key": key, "value": value})
            for key, value in tag_words:
                cursor.execute(texts.set_tag, {"run": run, "key": key, "value": value})

        self._database.run(work, durable=durable)

    def _compile(self) -> _Texts:
        dialect, text = self._database.dialect, self._database.text
        set_tag = dialect.insert(tags)
        run, key = bindparam("run"), bindparam("key")
        self._texts = _Texts(
            find_run=text(select(runs.c.id, runs.c.lifecycle).where(runs.c.run_id == bindparam("run_id"))),
            add_metric=text(dialect.insert(metrics).on_conflict_do_nothing()),
            keep_latest=text(_keep_latest(dialect)),
            add_param=text(dialect.insert(params).on_conflict_do_nothing()),
            read_param=text(select(params.c.value).where(params.c.run == run, params.c.key == key)),
            set_tag=text(
                set_tag.on_conflict_do_update(index_elements=["run", "key"], set_={"value": set_tag.excluded.value})
            ),
        )
        return self._texts


def _keep_latest(dialect: Dialect) -> Any:
    """The later step wins, then the later time, then the greater value (NaN is below every number), as in MLflow."""
    upsert = dialect.insert(latest_metrics)
    new, old = upsert.excluded, latest_metrics.c
    greater = or_(old.value.is_(None), new.value > old.value)
    later = or_(new.timestamp > old.timestamp, and_(new.timestamp == old.timestamp, greater))
    return upsert.on_conflict_do_update(
        index_elements=["run", "key"],
        set_={"value": new.value, "step": new.step, "timestamp": new.timestamp},
        where=or_(new.step > old.step, and_(new.step == old.step, later)),
    )


def _point(metric: Metric) -> dict[str, Any]:
    try:
        value = float(metric.value)
    except (TypeError, ValueError) as error:
        msg = f"The metric {metric.key!r} has the value {metric.value!r}, which is not a number."
        raise InvalidArgument(msg) from error
    return {
        "run": 0,
        "key": check_key(metric.key, "metric key"),
        "step": check_integer(metric.step, "step"),
        "timestamp": check_integer(metric.timestamp, "timestamp"),
        "value": value,
        "is_nan": False,
    }


def _write_points(cursor: Cursor, texts: _Texts, points: list[dict[str, Any]]) -> None:
    latest = points
    if any(point["value"] != point["value"] for point in points):  # a NaN is not itself
        latest = [p if p["value"] == p["value"] else {**p, "value": None} for p in points]
        points = [p if p["value"] == p["value"] else {**p, "value": 0.0, "is_nan": True} for p in points]
    if len(points) == 1:
        cursor.execute(texts.add_metric, points[0])
        cursor.execute(texts.keep_latest, latest[0])
    elif points:
        cursor.executemany(texts.add_metric, points)
        cursor.executemany(texts.keep_latest, latest)


def _write_param(cursor: Cursor, texts: _Texts, row: dict[str, Any]) -> None:
    cursor.execute(texts.add_param, row)
    if cursor.rowcount == 1:
        return
    cursor.execute(texts.read_param, row)
    (stored,) = cursor.fetchone()
    if stored != row["value"]:
        msg = (
            f"The param {row['key']!r} is already {stored!r} and cannot become {row['value']!r}: "
            "params are written once. Log it under another key, use a tag, or start another run."
        )
        raise AlreadyExists(msg)


def _active_run(cursor: Cursor, texts: _Texts, run_id: str) -> int:
    cursor.execute(texts.find_run, {"run_id": run_id})
    row = cursor.fetchone()
    if row is None:
        msg = f"There is no run with id {run_id!r}."
        raise NotFound(msg)
    if row[1] != "active":
        msg = f"The run {run_id!r} is deleted. Restore it before writing to it."
        raise InvalidArgument(msg)
    return row[0]
