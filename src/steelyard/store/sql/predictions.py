"""See ``PredictionStore``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.prediction import (
    LabelBatch,
    LabelCoverage,
    LabelsLogged,
    PredictedRow,
    PredictedType,
    PredictionBatch,
    PredictionNumbers,
    PredictionsLogged,
    PredictionsOnly,
    ProductionModel,
)
from steelyard.records.run import Page
from steelyard.store.limits import MAX_KEY, check_integer, check_key, check_name
from steelyard.store.sql.clock import now_ms as now
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number, experiment_numbers
from steelyard.store.sql.json_text import from_json, to_json
from steelyard.store.sql.prediction_schema import production_models, production_rows, production_windows

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_MOST_DIMENSIONS = 10
_m = production_models.c


class SqlPredictions:
    """See ``PredictionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self,
        experiment_id: str,
        name: str,
        *,
        model_type: PredictedType,
        pos_label: str = "",
        slices: Sequence[str] = (),
        hourly: bool = False,
    ) -> ProductionModel:
        check_name(name, "model name", limit=MAX_KEY)
        if model_type not in ("classifier", "regressor"):
            raise InvalidArgument(f"model_type={model_type!r} is neither 'classifier' nor 'regressor'.")
        if pos_label and model_type == "regressor":
            raise InvalidArgument("A regressor has no positive label: leave pos_label out.")
        dimensions = [_check_dimension(dimension) for dimension in slices]
        window = _HOUR_MS if hourly else _DAY_MS
        found = self.find(experiment_id, name)
        if found is None:
            row = {
                "key": f"pm-{uuid.uuid4().hex}", "name": name, "model_type": model_type, "pos_label": pos_label,
                "slices": to_json(sorted(set(dimensions)), "slices"), "window": window, "created": now(),
            }  # fmt: skip
            try:
                with self._database.write() as connection:
                    row["experiment"] = experiment_number(connection, experiment_id)
                    connection.execute(insert(production_models).values(row))
                return self.get(row["key"])
            except IntegrityError:  # somebody made it meanwhile
                found = self.find(experiment_id, name)
                if found is None:
                    raise
        told = {"model_type": model_type, "pos_label": pos_label, "window_ms": window}
        other = next((name for name, value in told.items() if getattr(found, name) != value), None)
        if other is not None:
            raise InvalidArgument(
                f"The model {name!r} was begun with {other}={getattr(found, other)!r}, not {told[other]!r}: its "
                "numbers could not be compared any more. Log under another name."
            )
        if len({*found.slices, *dimensions}) > len(found.slices):
            return self._add_slices(found.key, dimensions)
        return found

    def get(self, model: str) -> ProductionModel:
        with self._database.read() as connection:
            return _record(connection, _row(connection, model))

    def find(self, experiment_id: str, name: str) -> ProductionModel | None:
        with self._database.read() as connection:
            number = experiment_number(connection, experiment_id)
            statement = select(production_models).where(_m.experiment == number, _m.name == name)
            row = connection.execute(statement).first()
            return None if row is None else _record(connection, row)

    def models(self, experiment_ids: Sequence[str] = ()) -> tuple[ProductionModel, ...]:
        statement = select(production_models).order_by(_m.name, _m.id)
        with self._database.read() as connection:
            if experiment_ids:
                statement = statement.where(_m.experiment.in_(experiment_numbers(connection, experiment_ids)))
            return tuple(_record(connection, row) for row in connection.execute(statement).all())

    def log(self, model: str, batch: PredictionBatch, *, by: str = "") -> PredictionsLogged:
        from steelyard.store.sql.prediction_forms import predicted_form
        from steelyard.store.sql.prediction_writer import PredictionWriter

        about = self._about(model)
        form = predicted_form(batch, classifier=about.model_type == "classifier")
        unknown = sorted(set(batch.slices) - set(from_json(about.slices)))
        if unknown:
            raise InvalidArgument(f"The model has no slice {unknown[0]!r}: open it with that slice first.")
        writer = self._database.spelt(PredictionWriter)
        return self._database.run(lambda cursor: writer.log(cursor, model, form, by))

    def label(self, model: str, batch: LabelBatch, *, by: str = "") -> LabelsLogged:
        from steelyard.store.sql.prediction_forms import label_form
        from steelyard.store.sql.prediction_writer import PredictionWriter

        form = label_form(batch, classifier=self._about(model).model_type == "classifier")
        writer = self._database.spelt(PredictionWriter)
        return self._database.run(lambda cursor: writer.label(cursor, model, form, by))

    def settle(self, worker: str, *, now_ms: int, most: int = 10, at_once: bool = False) -> int:
        check_integer(now_ms, "now_ms")
        with self._database.read() as connection:
            if connection.execute(select(production_models.c.id).limit(1)).first() is None:
                return 0  # a server that watches no model does not load what counts
        from steelyard.store.sql.prediction_settling import Settling

        return Settling(self._database).settle(worker, now_ms=now_ms, most=most, at_once=at_once)

    def numbers(
        self,
        model: str,
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int = _DAY_MS,
        slice: str = "",  # noqa: A002 - the field's word
        by: str = "",
        metric: str = "",
        as_of_ms: int | None = None,
        origin_ms: int = 0,
    ) -> tuple[PredictionNumbers, ...]:
        from steelyard.store.sql.prediction_numbers import slice_of, windows_as_kept, windows_merged

        moments = {"start_ms": start_ms, "end_ms": end_ms, "origin_ms": origin_ms, "as_of_ms": as_of_ms or 0}
        for what, moment in moments.items():
            check_integer(moment, what)
        with self._database.read() as connection:
            row = _row(connection, model)
            if step_ms < 1 or step_ms % row.window:
                raise InvalidArgument(
                    f"step_ms={step_ms} is no multiple of {row.window}: the numbers of {row.name!r} are kept by "
                    f"{'hour' if row.window == _HOUR_MS else 'day'}."
                )
            if by and (slice or by not in from_json(row.slices)):
                raise InvalidArgument(
                    f"by={by!r} is none of the model's slices ({', '.join(from_json(row.slices)) or 'it has none'}), "
                    "or another slice is asked for at the same time."
                )
            of = (by, None) if by else _place(slice_of(slice, from_json(row.slices)))
            told = {"window_ms": row.window, "start_ms": start_ms, "end_ms": end_ms, "of": of, "metric": metric,
                    "as_of_ms": as_of_ms}  # fmt: skip
            if step_ms == row.window:
                return windows_as_kept(connection, row.id, **told)
            return windows_merged(
                connection, row.id, _classes(connection, row), step_ms=step_ms, origin_ms=origin_ms, **told
            )

    def history(
        self,
        model: str,
        start_ms: int,
        *,
        slice: str = "",  # noqa: A002 - the field's word
        metric: str = "",
    ) -> tuple[PredictionNumbers, ...]:
        from steelyard.store.sql.prediction_numbers import history_of, slice_of

        check_integer(start_ms, "start_ms")
        with self._database.read() as connection:
            row = _row(connection, model)
            of = _place(slice_of(slice, from_json(row.slices)))
            return history_of(connection, row.id, start_ms, window_ms=row.window, of=of, metric=metric)

    def coverage(self, model: str, *, now_ms: int) -> tuple[LabelCoverage, ...]:
        from steelyard.store.sql.prediction_numbers import coverage_of

        check_integer(now_ms, "now_ms")
        with self._database.read() as connection:
            return coverage_of(connection, _row(connection, model).id, now_ms=now_ms)

    def rows(
        self,
        model: str,
        *,
        start_ms: int,
        end_ms: int,
        only: PredictionsOnly = "",
        slice: str = "",  # noqa: A002 - the field's word
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[PredictedRow]:
        from steelyard.store.sql.prediction_numbers import slice_of
        from steelyard.store.sql.prediction_reading import page_of_rows

        with self._database.read() as connection:
            row = _row(connection, model)
            return page_of_rows(
                connection, self._database.dialect, row.id, names=_names(connection, row), start_ms=start_ms,
                end_ms=end_ms, only=only, key=slice_of(slice, from_json(row.slices)), max_results=max_results,
                page_token=page_token,
            )  # fmt: skip

    def sample(self, model: str, *, start_ms: int, end_ms: int, most: int) -> tuple[PredictedRow, ...]:
        from steelyard.store.sql.prediction_reading import sample_of_rows

        with self._database.read() as connection:
            row = _row(connection, model)
            return sample_of_rows(
                connection, self._database.dialect, row.id, names=_names(connection, row), start_ms=start_ms,
                end_ms=end_ms, most=most,
            )  # fmt: skip

    def _about(self, model: str) -> Row[Any]:
        with self._database.read() as connection:
            return _row(connection, model)

    def _add_slices(self, model: str, dimensions: Sequence[str]) -> ProductionModel:
        with self._database.write() as connection:
            row = connection.execute(select(production_models).where(_m.key == model).with_for_update()).one()
            slices = sorted({*from_json(row.slices), *dimensions})
            if len(slices) > _MOST_DIMENSIONS:
                raise InvalidArgument(f"A model has at most {_MOST_DIMENSIONS} slices: {', '.join(slices)} are more.")
            change = update(production_models).values(slices=to_json(slices, "slices"))
            connection.execute(change.where(_m.id == row.id))
        return self.get(model)


def _row(connection: Connection, model: str) -> Row[Any]:
    row = connection.execute(select(production_models).where(_m.key == model)).first()
    if row is None:
        raise NotFound(f"There is no model {model!r} whose predictions are logged.")
    return row


def _record(connection: Connection, row: Row[Any]) -> ProductionModel:
    r, w = production_rows.c, production_windows.c
    there = (r.model == row.id, r.time.is_not(None))
    first = connection.execute(select(func.min(r.time)).where(*there)).scalar()
    last = connection.execute(select(func.max(r.time)).where(*there)).scalar()
    waiting = select(func.count()).select_from(production_windows).where(w.model == row.id, w.version > w.settled)
    names = _names(connection, row) or {}
    return ProductionModel(
        key=row.key, experiment_id=str(row.experiment), name=row.name, model_type=row.model_type,
        pos_label=row.pos_label, slices=tuple(from_json(row.slices)), window_ms=row.window,
        labels=tuple(names.values()), created_time=row.created, first_ms=first or 0, last_ms=last or 0, n=row.n,
        labelled=row.labelled, orphans=row.orphans, waiting=connection.execute(waiting).scalar_one(),
    )  # fmt: skip


def _classes(connection: Connection, row: Row[Any]) -> Any:
    from steelyard.store.sql.prediction_settling import load_classes

    return load_classes(connection, row.id, row.pos_label) if row.model_type == "classifier" else None


def _names(connection: Connection, row: Row[Any]) -> Mapping[int, str] | None:
    classes = _classes(connection, row)
    return None if classes is None else classes.by_number


def _place(key: Any) -> tuple[str, str]:
    return key[0] if key else ("", "")


def _check_dimension(name: str) -> str:
    check_key(name, "slice")
    if '"' in name or "\\" in name or "=" in name:
        raise InvalidArgument(f"The slice {name!r} cannot be used: a dimension's name has no quote, backslash or '='.")
    return name
