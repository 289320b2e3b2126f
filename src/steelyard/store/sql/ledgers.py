"""Ledgers in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Update, insert, literal, select, tuple_, update

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records.ledger import (
    VERDICT_OUTCOMES,
    LedgerEntry,
    LedgerPlan,
    LedgerState,
    PlannedScorer,
    Prediction,
    ScorerTally,
    Verdict,
)
from steelyard.records.trace import Usage
from steelyard.store.limits import check_integer, check_value
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.experiments import experiment_number
from steelyard.store.sql.ledger_rows import PREDICTION_COLUMNS, VERDICT_COLUMNS, prediction_from, verdict_from
from steelyard.store.sql.ledger_schema import PREDICTION_OUTCOMES, ledger_scorers, ledgers, predictions, verdicts
from steelyard.store.sql.ledger_writer import LedgerWriter, ledger_draft
from steelyard.store.sql.runs import active_run_number, run_number
from steelyard.store.sql.schema import runs
from steelyard.store.sql.trace_rows import USAGE

_PAGE = 1_000
_MAX_TEXT = 10_000


class SqlLedgers:
    """See ``LedgerStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def _writer(self) -> LedgerWriter:
        return self._database.spelt(LedgerWriter)

    def open(self, run_id: str, plan: LedgerPlan, *, owner_was: str | None = None) -> LedgerState:
        _check_plan(plan)
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            found = _states(connection, [number])
            changed = {"owner": plan.owner, "predict_digest": plan.predict_digest, "heartbeat": now_ms()}
            if found:
                _check_same(run_id, found[0].plan, plan)
                _take(connection, found[0], update(ledgers).where(ledgers.c.run == number).values(**changed), owner_was)
            else:
                fixed = {"data_digest": plan.data_digest, "rows": plan.rows, "repeats": plan.repeats, "finished": False}
                connection.execute(insert(ledgers).values(run=number, **fixed, **changed))
                if plan.scorers:
                    connection.execute(insert(ledger_scorers), _scorer_rows(number, plan))
            return _states(connection, [number])[0]

    def unfinished(self, experiment_id: str, plan: LedgerPlan) -> tuple[LedgerState, ...]:
        c = ledgers.c
        with self._database.read() as connection:
            statement = (
                select(c.run)
                .join(runs, runs.c.id == c.run)
                .where(
                    c.data_digest == plan.data_digest,
                    c.predict_digest == plan.predict_digest,
                    c.rows == plan.rows,
                    c.repeats == plan.repeats,
                    c.finished.is_(False),
                    runs.c.experiment == experiment_number(connection, experiment_id),
                    runs.c.lifecycle == "active",
                )
                .order_by(c.run.desc())
            )
            states = _states(connection, list(connection.execute(statement).scalars()))
        return tuple(state for state in states if state.plan.scorers == plan.scorers)

    def commit(self, run_id: str, entries: Sequence[LedgerEntry]) -> None:
        made = ledger_draft(run_id, entries)
        self._database.run(lambda cursor: self._writer.commit(cursor, run_id, made))

    def reopen(self, run_id: str, outcomes: Sequence[str]) -> int:
        """Release lines that ended so; return how many predictions and verdicts there were."""
        known = dict.fromkeys((*VERDICT_OUTCOMES, *PREDICTION_OUTCOMES[1:]))
        for outcome in outcomes:
            if outcome not in known:
                msg = f"No line ends in {outcome!r}: the outcomes are {', '.join(known)}."
                raise InvalidArgument(msg)
        return self._database.run(lambda cursor: self._writer.reopen(cursor, run_id, dict.fromkeys(outcomes)))

    def state(self, run_id: str) -> LedgerState | None:
        """Return how far a run's ledger is; None if it has none."""
        with self._database.read() as connection:
            found = _states(connection, [run_number(connection, run_id)])
        return found[0] if found else None

    def predictions(self, run_id: str) -> Iterator[Prediction]:
        p = predictions.c
        columns = tuple(p[name] for name in PREDICTION_COLUMNS)
        return (prediction_from(row) for row in self._lines(run_id, select(*columns), p.ledger, (p.row, p.repeat)))

    def verdicts(self, run_id: str) -> Iterator[Verdict]:
        v = verdicts.c
        columns = tuple(v[name] for name in VERDICT_COLUMNS)
        keys = (v.row, v.repeat, v.scorer)
        return (verdict_from(row) for row in self._lines(run_id, select(*columns), v.ledger, keys))

    def finish(self, run_id: str) -> None:
        s = ledger_scorers.c

        with self._database.write() as connection:
            number = run_number(connection, run_id)
            locked = select(ledgers).where(ledgers.c.run == number).with_for_update()
            ledger = connection.execute(locked).mappings().first()
            if ledger is None:
                raise _missing(run_id)
            waiting = select(s.name, s.pending).where(s.ledger == number, s.pending > 0).order_by(s.number)
            pending = [f"{name}: {count:,}" for name, count in connection.execute(waiting)]
            unpredicted = ledger["rows"] * ledger["repeats"] - sum(ledger[outcome] for outcome in PREDICTION_OUTCOMES)
            if unpredicted:
                pending.insert(0, f"predictions: {unpredicted:,}")
            if pending:
                msg = f"The ledger of the run {run_id!r} cannot be finished: lines are pending ({', '.join(pending)})."
                raise InvalidArgument(msg)
            connection.execute(update(ledgers).where(ledgers.c.run == number).values(finished=True, heartbeat=now_ms()))

    def _lines(
        self, run_id: str, chosen: Select[*tuple[Any, ...]], ledger: Any, keys: tuple[Any, ...]
    ) -> Iterator[Sequence[Any]]:
        """Yield lines page by page, each page in a transaction of its own; the keys are the first columns."""
        with self._database.read() as connection:
            number = run_number(connection, run_id)
        ordered = chosen.where(ledger == number).order_by(*keys).limit(_PAGE)
        page = ordered
        while True:
            with self._database.read() as connection:
                rows = connection.execute(page).all()
            yield from rows
            if len(rows) < _PAGE:
                return
            last = tuple(literal(value) for value in rows[-1][: len(keys)])
            page = ordered.where(tuple_(*keys) > tuple_(*last))


def _take(connection: Connection, found: LedgerState, change: Update, owner_was: str | None) -> None:
    """Make the plan's owner the ledger's; of two who want it from the same one, the first gets it."""
    wanted = change if owner_was is None else change.where(ledgers.c.owner == owner_was)
    if not connection.execute(wanted).rowcount:
        msg = f"The ledger of the run {found.run_id!r} was taken over by another process meanwhile."
        raise AlreadyExists(msg)


def _states(connection: Connection, numbers: Sequence[int]) -> list[LedgerState]:
    """Return the states of those of the runs that have a ledger, in the order of ``numbers``."""
    if not numbers:
        return []
    statement = select(ledgers, runs.c.run_id).join(runs, runs.c.id == ledgers.c.run).where(ledgers.c.run.in_(numbers))
    found = {row["run"]: row for row in connection.execute(statement).mappings()}
    s = ledger_scorers.c
    scorers: dict[int, list[Any]] = {number: [] for number in found}
    for row in connection.execute(select(ledger_scorers).where(s.ledger.in_(found)).order_by(s.number)).mappings():
        scorers[row["ledger"]].append(row)
    return [_state(found[number], scorers[number]) for number in numbers if number in found]


def _state(row: Any, scorers: Sequence[Any]) -> LedgerState:
    planned = tuple(PlannedScorer(name=s["name"], planned=s["planned"], digest=s["digest"]) for s in scorers)
    plan = LedgerPlan(
        data_digest=row["data_digest"],
        rows=row["rows"],
        scorers=planned,
        repeats=row["repeats"],
        predict_digest=row["predict_digest"],
        owner=row["owner"],
    )
    tallies = (
        ScorerTally(name=s["name"], planned=s["planned"], outcomes={o: s[o] for o in VERDICT_OUTCOMES}) for s in scorers
    )
    return LedgerState(
        run_id=row["run_id"],
        plan=plan,
        predictions={outcome: row[outcome] for outcome in PREDICTION_OUTCOMES},
        scorers=tuple(tallies),
        usage=Usage(**{name: row[name] for name in USAGE}),
        heartbeat=row["heartbeat"],
        finished=row["finished"],
    )


def _scorer_rows(number: int, plan: LedgerPlan) -> list[dict[str, Any]]:
    return [
        {"ledger": number, "number": i, "name": s.name, "digest": s.digest, "planned": s.planned, "pending": s.planned}
        for i, s in enumerate(plan.scorers)
    ]


def _check_plan(plan: LedgerPlan) -> None:
    texts = [plan.data_digest, plan.predict_digest, plan.owner]
    for text in (*texts, *(t for scorer in plan.scorers for t in (scorer.name, scorer.digest))):
        check_value(text, "plan's text", limit=_MAX_TEXT)
    if check_integer(plan.rows, "number of rows") < 0 or check_integer(plan.repeats, "number of repeats") < 1:
        msg = f"A ledger of {plan.rows} rows and {plan.repeats} repeats cannot be planned."
        raise InvalidArgument(msg)
    for scorer in plan.scorers:
        if not 0 <= check_integer(scorer.planned, "number of planned lines") <= plan.rows * plan.repeats:
            msg = (
                f"The scorer {scorer.name!r} cannot have {scorer.planned:,} lines: "
                f"{plan.rows:,} rows with {plan.repeats} repeats have {plan.rows * plan.repeats:,} at most."
            )
            raise InvalidArgument(msg)


def _check_same(run_id: str, old: LedgerPlan, new: LedgerPlan) -> None:
    differs = []
    if old.rows != new.rows:
        differs.append(f"the data had {old.rows:,} rows and have {new.rows:,}")
    elif old.data_digest != new.data_digest:
        differs.append("the data are not the same, though they have as many rows")
    if old.repeats != new.repeats:
        differs.append(f"there were {old.repeats} repeats and are {new.repeats}")
    differs += _scorers_differ(old.scorers, new.scorers)
    if differs:
        msg = (
            f"The run {run_id!r} was begun with another plan: {'; '.join(differs)}. "
            "Resume it with what it was begun with, or start another run."
        )
        raise InvalidArgument(msg)


def _scorers_differ(old: Sequence[PlannedScorer], new: Sequence[PlannedScorer]) -> list[str]:
    names, wanted = [s.name for s in old], [s.name for s in new]
    if names != wanted:
        if sorted(names) == sorted(wanted):
            return [f"the scorers stand in another order ({', '.join(names)} before)"]
        gone = [f"the scorer {name!r} is missing" for name in names if name not in wanted]
        added = [f"the scorer {name!r} is new" for name in wanted if name not in names]
        return [*gone, *added] or [f"the scorers are not as often there as before ({', '.join(names)})"]
    changed = [f"the scorer {a.name!r} has changed" for a, b in zip(old, new, strict=True) if a.digest != b.digest]
    planned = [
        f"the scorer {a.name!r} had {a.planned:,} lines and has {b.planned:,}"
        for a, b in zip(old, new, strict=True)
        if a.planned != b.planned and a.digest == b.digest
    ]
    return changed + planned


def _missing(run_id: str) -> NotFound:
    return NotFound(f"The run {run_id!r} has no ledger.")
