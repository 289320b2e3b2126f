"""Scorers of sessions: once all turns of a conversation are there, its traces are looked at together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from steelyard.engine.pool import DaemonPool
from steelyard.engine.scoring import ascore, score, timed_out, unscored
from steelyard.engine.stages import Bench
from steelyard.engine.work import Work
from steelyard.records import Case, LedgerEntry, Prediction, Row, Trace, Verdict


@dataclass(frozen=True, slots=True)
class Session:
    """The rows of one conversation, by their places; verdicts stand in the line of the first, or the first failed."""

    name: str | None
    rows: tuple[int, ...]


def sessions_of(rows: Iterable[Row]) -> tuple[Session, ...]:
    """Return the sessions of test data in the order of their first rows; a row without one is alone in its own."""
    named: dict[str, list[int]] = {}
    found: list[tuple[str | None, list[int]]] = []
    for row in rows:
        name = row.session
        if name is not None and name in named:
            named[name].append(row.index)
            continue
        places = [row.index]
        if name is not None:
            named[name] = places
        found.append((name, places))
    return tuple(Session(name, tuple(places)) for name, places in found)


def score_sessions(bench: Bench, sessions: tuple[Session, ...], *, stop: threading.Event) -> None:
    """Ask the scorers of sessions whatever has no verdict yet."""
    work = bench.work
    places = work.session_scorers
    done = {(v.row, v.repeat, v.scorer) for v in work.ledger.verdicts(work.run_id) if v.scorer in set(places)}
    if work.redo:
        redone = {(v.row, v.repeat, v.scorer) for v in work.ledger.verdicts(work.run_id) if v.outcome in work.redo}
        done -= redone
    predictions = {(p.row, p.repeat): p for p in work.ledger.predictions(work.run_id)}
    first_rows = {session.rows[0]: session for session in sessions}
    turn_takers = DaemonPool(work.concurrency)
    asked: deque[Future[None]] = deque()
    try:
        for row in work.rows:
            session = first_rows.get(row.index)
            if session is None:
                continue
            for repeat in range(work.repeats):
                left = tuple(place for place in places if not _is_done(session, repeat, place, done))
                if left and not stop.is_set():
                    asked.append(
                        turn_takers.submit(partial(_score_session, bench, row, session, repeat, left, predictions))
                    )
                if len(asked) > 2 * work.concurrency:
                    asked.popleft().result()
        for each in asked:
            each.result()
    finally:
        turn_takers.close()


def _is_done(session: Session, repeat: int, place: int, done: set[tuple[int, int, int]]) -> bool:
    return any((row, repeat, place) in done for row in session.rows)


def _score_session(
    bench: Bench,
    row: Row,
    session: Session,
    repeat: int,
    places: tuple[int, ...],
    predictions: dict[tuple[int, int], Prediction],
) -> None:
    turns = [predictions[index, repeat] for index in session.rows]
    failed = next((turn for turn in turns if turn.outcome != "predicted"), None)
    if failed is not None:  # its line is that of the turn that failed: a broken conversation is not scored
        bench.commit(LedgerEntry(verdicts=unscored(failed, places)))
        return
    traces = _traces(bench.work, turns)
    case = Case(
        inputs=row.inputs,
        outputs=turns[-1].output,
        expectations=row.expectations or _expected(traces),
        tags=row.tags,
        metadata=row.metadata,
        trace=traces[0] if traces else None,
        session=traces,
        row_id=row.row_id,
        row=row.index,
        repeat=repeat,
    )
    for place in places:
        bench.commit(LedgerEntry(verdicts=(_verdict(bench, place, case),)))


def _expected(traces: tuple[Trace, ...]) -> dict[str, object]:
    found = (a for trace in traces for a in trace.info.assessments if a.kind == "expectation" and a.valid)
    return {a.name: a.value for a in found}


def _traces(work: Work, turns: list[Prediction]) -> tuple[Trace, ...]:
    ids = [turn.trace_id for turn in turns if turn.trace_id is not None]
    found = work.find_traces(ids)
    traces = [found[trace_id] for trace_id in ids if trace_id in found]
    return tuple(sorted(traces, key=lambda trace: trace.info.request_time))


def _verdict(bench: Bench, place: int, case: Case) -> Verdict:
    scorer, limit = bench.work.scorers[place], bench.work.scorers[place].time_limit
    if scorer.is_async:
        return bench.loop().submit(ascore(bench.work, place, case)).result()
    try:
        return bench.pool.submit(partial(score, bench.work, place, case)).result(limit)
    except TimeoutError:
        bench.pool.give_up()
        return timed_out(bench.work, place, case, limit or 0.0)
