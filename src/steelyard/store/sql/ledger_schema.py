"""The tables of ledgers, whose own constraints keep the books.

Each scorer's line in ``ledger_scorers`` counts what is planned, what is pending and what ended in each of six outcomes;
CHECK makes them add up, and triggers (``ledger_triggers``) count, so that no way of writing can make them not add up.
A verdict points at its prediction *with that prediction's outcome*, so that a failed prediction cannot be scored.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from steelyard.records.ledger import VERDICT_OUTCOMES
from steelyard.store.sql.schema import SqlId, SqlText, metadata

PREDICTION_OUTCOMES = ("predicted", "predict_failed", "over_budget")


def _among(column: str, words: Sequence[str]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"known_{column}")


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, CheckConstraint(f"{name} >= 0"), nullable=False, server_default="0")


ledgers = Table(
    "ledgers",
    metadata,
    Column("run", SqlId, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("data_digest", SqlText, nullable=False),
    Column("predict_digest", SqlText, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("repeats", BigInteger, nullable=False),
    Column("owner", SqlText, nullable=False),
    Column("heartbeat", BigInteger, nullable=False),
    Column("finished", Boolean, nullable=False),
    *(_count(outcome) for outcome in PREDICTION_OUTCOMES),
    *(_count(f"{kind}_tokens") for kind in ("input", "output", "cache_read", "cache_write", "reasoning")),
    Column("cost", Double),
    CheckConstraint("predicted + predict_failed + over_budget <= rows * repeats", name="no_more_than_planned"),
)
Index("ledgers_by_data", ledgers.c.data_digest)

ledger_scorers = Table(
    "ledger_scorers",
    metadata,
    Column("ledger", SqlId, ForeignKey("ledgers.run", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", SqlText, nullable=False),
    Column("digest", SqlText, nullable=False),
    _count("planned"),
    _count("pending"),
    *(_count(outcome) for outcome in VERDICT_OUTCOMES),
    CheckConstraint(f"pending + {' + '.join(VERDICT_OUTCOMES)} = planned", name="outcomes_add_up"),
    sqlite_with_rowid=False,
)

predictions = Table(
    "predictions",
    metadata,
    Column("ledger", SqlId, ForeignKey("ledgers.run", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("row", BigInteger, CheckConstraint('"row" >= 0'), primary_key=True, autoincrement=False),
    Column("repeat", Integer, CheckConstraint("repeat >= 0"), primary_key=True, autoincrement=False),
    Column("outcome", SqlText, nullable=False),
    Column("row_id", SqlText, nullable=False),
    Column("trace_id", SqlText),
    Column("output", SqlText),  # JSON
    Column("error", SqlText, nullable=False),
    Column("latency", Double),
    Column("usage", SqlText),  # JSON
    UniqueConstraint("ledger", "row", "repeat", "outcome"),  # what verdicts point at
    _among("outcome", PREDICTION_OUTCOMES),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("ledger", SqlId, primary_key=True, autoincrement=False),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
    Column("repeat", Integer, primary_key=True, autoincrement=False),
    Column("scorer", Integer, primary_key=True, autoincrement=False),
    Column("prediction", SqlText, nullable=False),  # the outcome of the prediction
    Column("outcome", SqlText, nullable=False),
    Column("feedbacks", SqlText),  # JSON
    Column("error", SqlText, nullable=False),
    Column("latency", Double),
    Column("usage", SqlText),  # JSON
    Column("cached", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["ledger", "row", "repeat", "prediction"],
        ["predictions.ledger", "predictions.row", "predictions.repeat", "predictions.outcome"],
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(["ledger", "scorer"], ["ledger_scorers.ledger", "ledger_scorers.number"]),
    _among("outcome", VERDICT_OUTCOMES),
    CheckConstraint(
        "(prediction = 'predicted' AND outcome <> 'predict_failed') OR "
        "(prediction <> 'predicted' AND outcome = prediction)",
        name="only_predictions_are_scored",
    ),
    sqlite_with_rowid=False,
)

answers = Table(
    "answers",
    metadata,
    Column("key", SqlText, primary_key=True),
    Column("answer", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
