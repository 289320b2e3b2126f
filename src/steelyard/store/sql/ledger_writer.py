"""Writing the lines of a ledger: predictions with their traces, verdicts with their feedback, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.assessment import Assessment, Feedback
from steelyard.records.ledger import LedgerEntry, Prediction, Verdict
from steelyard.records.trace import Usage
from steelyard.store.sql.assessment_rows import assessment_row, check_assessment, content_of
from steelyard.store.sql.assessment_writer import AssessmentWriter
from steelyard.store.sql.assessments import stamped
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor
from steelyard.store.sql.ledger_rows import (
    PREDICTION_COLUMNS,
    VERDICT_COLUMNS,
    check_place,
    feedback_id,
    feedbacks_from,
    prediction_row,
    verdict_row,
)
from steelyard.store.sql.ledger_schema import ledger_scorers, ledgers, predictions, verdicts
from steelyard.store.sql.schema import runs
from steelyard.store.sql.trace_rows import USAGE
from steelyard.store.sql.trace_schema import assessments
from steelyard.store.sql.trace_writer import TraceDraft, TraceWriter, draft

SOURCE_RUN = "mlflow.assessment.sourceRunId"

_Line = tuple[int, int]  # row, repeat
_Place = tuple[int, int, int]  # row, repeat, scorer
_Told = tuple[Assessment, bool]  # and whether it is new: without an id of its own, in nobody's place


@dataclass(frozen=True, slots=True)
class LedgerDraft:
    """Entries in the form of their rows, checked, and not yet written. Of two lines for one place, the first counts."""

    predictions: dict[_Line, tuple[Prediction, tuple[Any, ...]]]
    verdicts: dict[_Place, tuple[Verdict, tuple[Any, ...]]]
    traces: list[tuple[_Line | None, TraceDraft]]
    told: list[tuple[_Line | None, _Told]]  # what comes with the traces, such as expectations


@dataclass(frozen=True, slots=True)
class _Ledger:
    """A ledger's row, locked."""

    run: int
    run_id: str
    experiment: int
    rows: int
    repeats: int
    finished: bool
    usage: Usage
    scorers: int


@dataclass(frozen=True, slots=True)
class _Old:
    """A verdict's row that gives way."""

    place: _Place
    feedbacks: str | None
    trace_id: str | None


def ledger_draft(run_id: str, entries: Sequence[LedgerEntry]) -> LedgerDraft:
    """Return the rows of entries.

    Raises:
        InvalidArgument: something in them cannot be stored.
    """
    made = LedgerDraft({}, {}, [], [])
    for entry in entries:
        prediction = entry.prediction
        line = None
        if prediction is not None:
            line = (prediction.row, prediction.repeat)
            if line in made.predictions:
                continue
            made.predictions[line] = (prediction, prediction_row(prediction))
        if entry.trace is not None:
            made.traces.append((line, draft(entry.trace, experiment_id="0", run_id=run_id)))
            trace_id = entry.trace.info.trace_id
            for one in entry.trace.info.assessments:
                whole = stamped(check_assessment(replace(one, trace_id=trace_id)))
                made.told.append((line, (whole, one.assessment_id is None and one.overrides is None)))
        for verdict in entry.verdicts:
            made.verdicts.setdefault((verdict.row, verdict.repeat, verdict.scorer), (verdict, verdict_row(verdict)))
    return made


class LedgerWriter:
    """Writes and releases lines; each statement is spelt once.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        dialect, text = database.dialect, database.positional
        self._pack = dialect.pack
        self._traces, self._assessments = database.spelt(TraceWriter), database.spelt(AssessmentWriter)
        c, s, p, v = ledgers.c, ledger_scorers.c, predictions.c, verdicts.c
        of_ledger = bindparam("ledger")
        found = select(
            c.run, runs.c.experiment, runs.c.lifecycle, c.rows, c.repeats, c.finished, *(c[n] for n in USAGE)
        )
        found = found.join(runs, runs.c.id == c.run).where(runs.c.run_id == bindparam("run_id"))
        self._ledger = text(found.with_for_update(of=ledgers))
        self._pending = text(select(s.pending).where(s.ledger == of_ledger).order_by(s.number))
        written = select(p.row, p.repeat, p.outcome, p.trace_id)
        self._predicted = text(written.where(p.ledger == of_ledger, dialect.listed(p.row)))
        judged = select(v.row, v.repeat, v.scorer, v.outcome)
        self._judged = text(judged.where(v.ledger == of_ledger, dialect.listed(v.row)))
        same_line = and_(p.ledger == v.ledger, p.row == v.row, p.repeat == v.repeat)
        old = select(v.row, v.repeat, v.scorer, v.feedbacks, p.trace_id).join(predictions, same_line)
        of_place = (v.row == bindparam("row"), v.repeat == bindparam("repeat"), v.scorer == bindparam("scorer"))
        self._old_of_place = text(old.where(v.ledger == of_ledger, *of_place))
        self._old_of_line = text(old.where(v.ledger == of_ledger, *of_place[:2]))
        self._old_of_outcome = text(old.where(v.ledger == of_ledger, v.outcome == bindparam("outcome")))
        self._drop_verdict = text(delete(verdicts).where(v.ledger == of_ledger, *of_place))
        line = (p.row == bindparam("row"), p.repeat == bindparam("repeat"))
        self._drop_prediction = text(delete(predictions).where(p.ledger == of_ledger, *line))
        self._drop_failed = text(delete(predictions).where(p.ledger == of_ledger, p.outcome == bindparam("outcome")))
        self._predict = text(insert(predictions), ("ledger", *PREDICTION_COLUMNS))
        self._judge = text(insert(verdicts), ("ledger", "prediction", *VERDICT_COLUMNS))
        a = assessments.c
        overrides = select(a.trace, a.overrides).where(dialect.listed(a.trace), a.overrides.is_not(None))
        self._overrides = text(overrides)
        names = ("heartbeat", "finished", *USAGE)
        change = update(ledgers).values({name: bindparam(f"{name}_") for name in names})
        self._touch = text(change.where(c.run == of_ledger))

    def commit(self, cursor: Cursor, run_id: str, made: LedgerDraft) -> None:
        """Write what is not there yet, or gives way."""
        ledger = self._lock(cursor, run_id)
        _check_places(ledger, made)
        outcomes, trace_ids = self._predictions_there(cursor, ledger, made)
        predicted = {
            line: p for line, p in made.predictions.items() if outcomes.get(line, "over_budget") == "over_budget"
        }
        self._release_lines(cursor, ledger, [line for line in predicted if line in outcomes])
        judged_there = self._verdicts_there(cursor, ledger, made)
        outcomes |= {line: prediction.outcome for line, (prediction, _) in predicted.items()}
        trace_ids |= {line: prediction.trace_id for line, (prediction, _) in predicted.items()}
        judged = {
            place: v for place, v in made.verdicts.items() if judged_there.get(place, "over_budget") == "over_budget"
        }
        again = [place for place in judged if place in judged_there]
        for place in again:
            self._release(cursor, ledger, self._old_of_place, place)
        _check_verdicts(self._room(cursor, ledger.run), judged, outcomes)
        fresh = self._write_traces(cursor, ledger, [d for line, d in made.traces if line is None or line in predicted])
        if predicted:
            cursor.executemany(self._predict, [(ledger.run, *row) for _, row in predicted.values()])
        if judged:
            cursor.executemany(self._judge, [_verdict_values(ledger.run, row, outcomes) for _, row in judged.values()])
        self._write_told(cursor, [one for line, one in made.told if line is None or line in predicted], fresh)
        self._write_feedback(cursor, ledger, judged, trace_ids, predicted, fresh)
        self._update(cursor, ledger, predicted, judged)

    def reopen(self, cursor: Cursor, run_id: str, outcomes: Iterable[str]) -> int:
        """Take out the lines that ended so; return how many."""
        ledger = self._lock(cursor, run_id)
        released = 0
        for outcome in outcomes:
            released += self._release(cursor, ledger, self._old_of_outcome, (outcome,))
            cursor.execute(self._drop_failed, (ledger.run, outcome))
            released += cursor.rowcount
        usage = tuple(getattr(ledger.usage, name) for name in USAGE)
        cursor.execute(self._touch, (now_ms(), ledger.finished and not released, *usage, ledger.run))
        return released

    def _lock(self, cursor: Cursor, run_id: str) -> _Ledger:
        cursor.execute(self._ledger, (run_id,))
        row = cursor.fetchone()
        if row is None:
            msg = f"The run {run_id!r} has no ledger. Open one before writing lines."
            raise NotFound(msg)
        run, experiment, lifecycle, rows, repeats, finished, *usage = row
        if lifecycle != "active":
            msg = f"The run {run_id!r} is deleted. Restore it before writing to it."
            raise InvalidArgument(msg)
        used = Usage(**dict(zip(USAGE, usage, strict=True)))
        return _Ledger(run, run_id, experiment, rows, repeats, bool(finished), used, len(self._room(cursor, run)))

    def _room(self, cursor: Cursor, run: int) -> list[int]:
        """Return how many lines each scorer may still have."""
        cursor.execute(self._pending, (run,))
        return [pending for (pending,) in cursor.fetchall()]

    def _predictions_there(
        self, cursor: Cursor, ledger: _Ledger, made: LedgerDraft
    ) -> tuple[dict[_Line, str], dict[_Line, str | None]]:
        places = {row for row, _ in made.predictions} | {row for row, _, _ in made.verdicts}
        cursor.execute(self._predicted, (ledger.run, self._pack(sorted(places))))
        rows = cursor.fetchall()
        return {(row, repeat): outcome for row, repeat, outcome, _ in rows}, {(r[0], r[1]): r[3] for r in rows}

    def _verdicts_there(self, cursor: Cursor, ledger: _Ledger, made: LedgerDraft) -> dict[_Place, str]:
        places = sorted({row for row, _, _ in made.verdicts})
        if not places:
            return {}
        cursor.execute(self._judged, (ledger.run, self._pack(places)))
        return {(row, repeat, scorer): outcome for row, repeat, scorer, outcome in cursor.fetchall()}

    def _release_lines(self, cursor: Cursor, ledger: _Ledger, lines: Iterable[_Line]) -> None:
        for line in lines:
            self._release(cursor, ledger, self._old_of_line, line)
            cursor.execute(self._drop_prediction, (ledger.run, *line))

    def _release(self, cursor: Cursor, ledger: _Ledger, which: str, parameters: tuple[Any, ...]) -> int:
        """Take out verdicts, and their feedback from the traces; return how many."""
        cursor.execute(which, (ledger.run, *parameters))
        old = [_Old((row, repeat, scorer), said, trace) for row, repeat, scorer, said, trace in cursor.fetchall()]
        spoken = [(one, index, said) for one in old for index, said in enumerate(feedbacks_from(one.feedbacks))]
        wanted = {trace_id for one, _, said in spoken if (trace_id := said.trace_id or one.trace_id)}
        numbers = self._traces.numbers(cursor, sorted(wanted))
        for one, index, said in spoken:
            number = numbers.get(said.trace_id or one.trace_id or "")
            kept = None
            if number is not None:
                kept = self._assessments.find(cursor, number, feedback_id(ledger.run_id, one.place, index))
            if kept is not None:
                self._assessments.remove(cursor, kept, None)
        if old:
            cursor.executemany(self._drop_verdict, [(ledger.run, *one.place) for one in old])
        return len(old)

    def _write_traces(self, cursor: Cursor, ledger: _Ledger, drafts: Sequence[TraceDraft]) -> dict[str, int]:
        """Write traces into the run's experiment."""
        there = [replace(one, row=(one.row[0], ledger.experiment, *one.row[2:]), run_id=None) for one in drafts]
        return self._traces.write(cursor, there)

    def _write_told(self, cursor: Cursor, told: Sequence[_Told], numbers: Mapping[str, int]) -> None:
        """Write what came with the traces."""
        new = [one for one, is_new in told if is_new]
        self._assessments.add_new(
            cursor,
            [
                (*assessment_row(one, numbers[str(one.trace_id)], content_of(one)), "created", one.create_time_ms, None)
                for one in new
            ],
        )
        self._assessments.add(cursor, [one for one, is_new in told if not is_new], numbers)

    def _write_feedback(
        self,
        cursor: Cursor,
        ledger: _Ledger,
        judged: Mapping[_Place, tuple[Verdict, tuple[Any, ...]]],
        trace_ids: Mapping[_Line, str | None],
        predicted: Mapping[_Line, object],
        numbers: dict[str, int],
    ) -> None:
        """Link the lines' traces to the run, and hang feedback on them; what has no trace stays in its verdict."""
        spoken = [
            (feedback_id(ledger.run_id, place, index), said.trace_id or trace_ids[place[:2]], said)
            for place, (verdict, _) in judged.items()
            for index, said in enumerate(verdict.feedbacks)
        ]
        linked = {trace_id for line in predicted if (trace_id := trace_ids[line])}
        wanted = linked | {trace_id for _, trace_id, _ in spoken if trace_id}
        others = self._traces.numbers(cursor, sorted(wanted - numbers.keys()))
        numbers |= others
        self._traces.link(cursor, ledger.run, (numbers[trace_id] for trace_id in linked if trace_id in numbers))
        overridden = self._overridden(cursor, others)
        now = now_ms()
        rows = []
        for assessment_id, trace_id, said in spoken:
            number = numbers.get(trace_id or "")
            if number is not None:
                valid = said.valid and (number, assessment_id) not in overridden
                whole = _stamped(said, assessment_id, trace_id, ledger.run_id, now, valid=valid)
                rows.append((*assessment_row(whole, number, content_of(whole)), "created", now, None))
        self._assessments.add_new(cursor, rows)

    def _overridden(self, cursor: Cursor, others: Mapping[str, int]) -> set[tuple[int, str]]:
        """Return what people have corrected before it was released and is said again."""
        if not others:
            return set()
        cursor.execute(self._overrides, (self._pack(sorted(others.values())),))
        return {(trace, overrides) for trace, overrides in cursor.fetchall()}

    def _update(
        self,
        cursor: Cursor,
        ledger: _Ledger,
        predicted: Mapping[_Line, tuple[Prediction, Any]],
        judged: Mapping[_Place, tuple[Verdict, Any]],
    ) -> None:
        spent = ledger.usage
        for line in predicted.values():
            spent = spent if line[0].usage is None else spent + line[0].usage
        for verdict, _ in judged.values():
            spent = spent if verdict.usage is None or verdict.cached else spent + verdict.usage
        finished = ledger.finished and not predicted and not judged
        cursor.execute(self._touch, (now_ms(), finished, *(getattr(spent, name) for name in USAGE), ledger.run))


def _verdict_values(run: int, row: tuple[Any, ...], outcomes: Mapping[_Line, str]) -> tuple[Any, ...]:
    """Return a verdict's row in the order of its table."""
    return (run, *row[:3], outcomes[row[0], row[1]], *row[3:])


def _stamped(
    said: Feedback, assessment_id: str, trace_id: str | None, run_id: str, now: int, *, valid: bool
) -> Feedback:
    metadata = said.metadata if SOURCE_RUN in said.metadata else {**said.metadata, SOURCE_RUN: run_id}
    return Feedback(
        name=said.name,
        value=said.value,
        error=said.error,
        source=said.source,
        trace_id=trace_id,
        metadata=metadata,
        span_id=said.span_id,
        rationale=said.rationale,
        valid=valid,
        assessment_id=assessment_id,
        create_time_ms=said.create_time_ms or now,
        last_update_time_ms=said.last_update_time_ms or now,
    )


def _check_places(ledger: _Ledger, made: LedgerDraft) -> None:
    for row, repeat in made.predictions:
        check_place(row, ledger.rows, "row")
        check_place(repeat, ledger.repeats, "repeat")
    for _, _, scorer in made.verdicts:
        check_place(scorer, ledger.scorers, "scorer")


def _check_verdicts(
    room: list[int], judged: Mapping[_Place, tuple[Verdict, Any]], outcomes: Mapping[_Line, str]
) -> None:
    """Say in words what the database's constraints would refuse."""
    for place, (verdict, _) in judged.items():
        row, repeat, scorer = place
        prediction = outcomes.get((row, repeat))
        if prediction is None:
            msg = f"Row {row}, repeat {repeat} has a verdict and no prediction. Commit the prediction first."
            raise InvalidArgument(msg)
        if (verdict.outcome == "predict_failed") if prediction == "predicted" else (verdict.outcome != prediction):
            msg = (
                f"Row {row}, repeat {repeat} is {prediction!r}, so scorer {scorer} cannot end in {verdict.outcome!r}: "
                "a failed prediction is never scored, and one that succeeded has not failed."
            )
            raise InvalidArgument(msg)
        room[scorer] -= 1
        if room[scorer] < 0:
            msg = f"Scorer {scorer} would have more lines than were planned for it."
            raise InvalidArgument(msg)
