"""The triggers that count a ledger's lines, in SQLite and in PostgreSQL.

A line that is written moves one from ``pending`` to its outcome; one that is deleted moves it back. The names in these
statements are constants of ours.
"""

from __future__ import annotations

from sqlalchemy import DDL, event

from steelyard.records.ledger import VERDICT_OUTCOMES
from steelyard.store.sql.ledger_schema import (
    PREDICTION_OUTCOMES,
    answers,
    ledger_scorers,
    ledgers,
    predictions,
    verdicts,
)


def _verdict_change(line: str, sign: str, back: str) -> str:
    """The UPDATE that counts one verdict in (``+``) or out (``-``)."""
    counts = ", ".join(f"{o} = {o} {sign} CASE WHEN {line}.outcome = '{o}' THEN 1 ELSE 0 END" for o in VERDICT_OUTCOMES)
    where = f"ledger = {line}.ledger AND number = {line}.scorer"
    return f"UPDATE ledger_scorers SET pending = pending {back} 1, {counts} WHERE {where};"  # noqa: S608 - constants


def _prediction_change(line: str, sign: str) -> str:
    counts = ", ".join(
        f"{o} = {o} {sign} CASE WHEN {line}.outcome = '{o}' THEN 1 ELSE 0 END" for o in PREDICTION_OUTCOMES
    )
    return f"UPDATE ledgers SET {counts} WHERE run = {line}.ledger;"  # noqa: S608 - constants


_IN = {"verdicts": _verdict_change("NEW", "+", "-"), "predictions": _prediction_change("NEW", "+")}
_OUT = {"verdicts": _verdict_change("OLD", "-", "+"), "predictions": _prediction_change("OLD", "-")}


def _sqlite(table: str, moment: str) -> DDL:
    body = {"INSERT": _IN[table], "DELETE": _OUT[table], "UPDATE": f"{_OUT[table]} {_IN[table]}"}[moment]
    name = f"{table}_counted_on_{moment.lower()}"
    return DDL(f"CREATE TRIGGER {name} AFTER {moment} ON {table} FOR EACH ROW BEGIN {body} END")


def _postgres_function(table: str) -> DDL:
    return DDL(
        f"CREATE OR REPLACE FUNCTION count_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP <> 'INSERT' THEN {_OUT[table]} END IF; "
        f"IF TG_OP <> 'DELETE' THEN {_IN[table]} END IF; "
        "RETURN NULL; END $$"
    )


def _postgres_trigger(table: str) -> DDL:
    return DDL(
        f"CREATE TRIGGER {table}_counted AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION count_{table}()"
    )


for _table in (predictions, verdicts):
    for _moment in ("INSERT", "DELETE", "UPDATE"):
        event.listen(_table, "after_create", _sqlite(_table.name, _moment).execute_if(dialect="sqlite"))
    for _statement in (_postgres_function(_table.name), _postgres_trigger(_table.name)):
        event.listen(_table, "after_create", _statement.execute_if(dialect="postgresql"))

LEDGER_TABLES = (ledgers, ledger_scorers, predictions, verdicts, answers)
