"""Many rows at once: on PostgreSQL as arrays in one statement, a tenth of the time of a statement a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Double, Table, Text, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement

from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Cursor


class Bulk:
    """One statement for many rows.

    Args:
        database: where; the statement is spelt once.
        table: of what.
        columns: what each row of ``run`` holds, in order; of an insert in the order of the table.
        key: for an update, the column by which a row is found: it stands behind the others then.
    """

    def __init__(self, database: Database, table: Table, columns: Sequence[str], *, key: str = "") -> None:
        self._arrays = database.dialect.name == "postgresql"
        names = [*columns, key] if key else [*columns]
        if not self._arrays and not key:
            self._text = database.positional(insert(table), columns)
            return
        if not self._arrays:
            values = [(table.c[name], bindparam(f"{name}_")) for name in columns]
            change = update(table).ordered_values(*values).where(table.c[key] == bindparam(f"{key}_"))
            self._text = database.positional(change)
            return
        given = [bindparam(f"{name}_", type_=postgresql.ARRAY(_kind(table.c[name]))) for name in names]
        rows = func.unnest(*given).table_valued(*names).render_derived()
        if key:
            values = [(table.c[name], rows.c[name]) for name in columns]
            self._text = database.positional(update(table).ordered_values(*values).where(table.c[key] == rows.c[key]))
        else:
            self._text = database.positional(
                insert(table).from_select(names, select(*(rows.c[name] for name in names)))
            )

    def run(self, cursor: Cursor, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write rows; nothing if there are none."""
        if not rows:
            return
        if self._arrays:
            cursor.execute(self._text, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(self._text, rows)


def _kind(column: ColumnElement[Any]) -> Any:
    if isinstance(column.type, Double):
        return Double()
    return Text() if isinstance(column.type, Text) else BigInteger()
