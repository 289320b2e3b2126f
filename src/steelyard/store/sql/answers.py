"""Answers of judges, kept by what they were asked."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import select

from steelyard.store.limits import MAX_KEY, check_name
from steelyard.store.sql.clock import now_ms
from steelyard.store.sql.database import Database
from steelyard.store.sql.ledger_schema import answers


class SqlAnswers:
    """See ``AnswerCache``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _upsert(self) -> str:
        upsert = self._database.dialect.insert(answers)
        changed = {"answer": upsert.excluded.answer, "made_at": upsert.excluded.made_at}
        return self._database.positional(upsert.on_conflict_do_update(index_elements=["key"], set_=changed))

    def get(self, key: str) -> bytes | None:
        with self._database.read() as connection:
            found = connection.execute(select(answers.c.answer).where(answers.c.key == key)).scalar()
        return None if found is None else bytes(found)

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer. It outlives this process at once, and a power cut from the next durable write on."""
        row = (check_name(key, "answer's key", limit=MAX_KEY), bytes(answer), now_ms())
        self._database.run(lambda cursor: cursor.execute(self._upsert, row), durable=False)
