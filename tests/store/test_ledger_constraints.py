"""The database itself keeps the books: whoever writes, and however, the outcomes add up."""

from __future__ import annotations

import pytest
from back_ends import AT_HAND
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from traces_made import entry, plan

from steelyard.records import VERDICT_OUTCOMES, Store


@pytest.fixture
def begun(store: Store, run_id: str) -> Store:
    """A ledger of four rows: one scored, one failed, one over budget, one not yet."""
    store.ledgers.open(run_id, plan(4, "a", "b"))
    failed = entry(1, "predict_failed", outcome="predict_failed")
    store.ledgers.commit(run_id, [entry(0, "scored"), failed, entry(2, outcome="over_budget")])
    return store


def execute(store: Store, statement: str) -> None:
    with store._database.write() as connection:
        connection.execute(text(statement))


def tally(store: Store) -> list[tuple[int, ...]]:
    """Planned, pending and the six outcomes of each scorer, as the database has them."""
    columns = ", ".join(("planned", "pending", *VERDICT_OUTCOMES))
    with store._database.read() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM ledger_scorers ORDER BY number"))]


def predicted(store: Store) -> tuple[int, ...]:
    with store._database.read() as connection:
        return tuple(connection.execute(text("SELECT predicted, predict_failed, over_budget FROM ledgers")).one())


def insert(row: int, scorer: int, prediction: str, outcome: str) -> str:
    return (
        'INSERT INTO verdicts (ledger, "row", repeat, scorer, prediction, outcome, error, cached) '
        f"SELECT run, {row}, 0, {scorer}, '{prediction}', '{outcome}', '', false FROM ledgers"
    )


REFUSED = {
    "a score on a failed prediction": insert(1, 1, "predict_failed", "scored"),
    "a score on a failed prediction that is called predicted": insert(1, 1, "predicted", "scored"),
    "over budget on a failed prediction": insert(1, 1, "predict_failed", "over_budget"),
    "a failed prediction where it succeeded": insert(0, 1, "predicted", "predict_failed"),
    "a failed prediction that did not fail": insert(0, 1, "predict_failed", "predict_failed"),
    "a score on a prediction over budget": insert(2, 1, "over_budget", "scored"),
    "a failure of a prediction over budget": insert(2, 1, "over_budget", "predict_failed"),
    "a verdict on no prediction": insert(3, 0, "predicted", "scored"),
    "a verdict of no scorer": insert(0, 2, "predicted", "scored"),
    "an outcome of no name": insert(0, 1, "predicted", "fine"),
    "a line that is there": insert(0, 0, "predicted", "scored"),
    "a verdict that becomes a failure": "UPDATE verdicts SET outcome = 'predict_failed' WHERE \"row\" = 0",
    "a failure that becomes a score": "UPDATE verdicts SET outcome = 'scored' WHERE \"row\" = 1",
    "a prediction that fails when it was scored": "UPDATE predictions SET outcome = 'predict_failed' WHERE \"row\" = 0",
    "a counter that lies": "UPDATE ledger_scorers SET scored = scored + 1",
    "counters that lie together": "UPDATE ledger_scorers SET scored = -1, pending = planned + 1",
    "fewer planned": "UPDATE ledger_scorers SET planned = planned - 1",
    "a scorer that is taken away": "DELETE FROM ledger_scorers WHERE number = 0",
    "more predictions than rows": "UPDATE ledgers SET predicted = 4",
    "a negative row": 'UPDATE predictions SET "row" = -1 WHERE "row" = 2',
}


@AT_HAND
@pytest.mark.parametrize("what", REFUSED)
def test_the_database_refuses(begun: Store, what: str) -> None:
    before = tally(begun), predicted(begun)
    with pytest.raises(IntegrityError):
        execute(begun, REFUSED[what])
    assert (tally(begun), predicted(begun)) == before


@AT_HAND
def test_more_verdicts_than_planned_are_refused(store: Store, run_id: str) -> None:
    store.ledgers.open(run_id, plan(2, "a"))
    store.ledgers.commit(run_id, [entry(0, "scored"), entry(1)])
    execute(store, "UPDATE ledger_scorers SET planned = 1, pending = 0")
    with pytest.raises(IntegrityError):
        execute(store, insert(1, 0, "predicted", "refused"))


@AT_HAND
def test_lines_written_changed_and_deleted_by_hand_are_counted(begun: Store) -> None:
    assert tally(begun) == [(4, 2, 1, 0, 0, 0, 1, 0), (4, 4, 0, 0, 0, 0, 0, 0)]
    execute(begun, insert(0, 1, "predicted", "refused"))
    execute(begun, insert(2, 1, "over_budget", "over_budget"))
    assert tally(begun)[1] == (4, 2, 0, 0, 0, 1, 0, 1)
    execute(begun, "UPDATE verdicts SET outcome = 'parse_error' WHERE \"row\" = 0")
    assert tally(begun) == [(4, 2, 0, 0, 1, 0, 1, 0), (4, 2, 0, 0, 1, 0, 0, 1)]
    execute(begun, 'DELETE FROM predictions WHERE "row" = 0')  # its verdicts go with it
    assert tally(begun) == [(4, 3, 0, 0, 0, 0, 1, 0), (4, 3, 0, 0, 0, 0, 0, 1)]
    assert predicted(begun) == (0, 1, 1)
    execute(begun, "DELETE FROM verdicts")
    assert tally(begun) == [(4, 4, 0, 0, 0, 0, 0, 0)] * 2
