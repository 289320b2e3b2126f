"""How large and how deep a row may be that comes from a file which somebody else wrote."""

from __future__ import annotations

from typing import Any

from steelyard.data.rows.sizes import measured
from steelyard.errors import DataError

MAX_DEPTH = 64
MAX_ROW = 16_000_000  # characters and values of one row


def check_row(row: Any) -> None:
    """Refuse a row that is nested too deep or too large.

    Raises:
        DataError: it is.
    """
    size, depth = measured(row)
    if size > MAX_ROW:
        raise DataError(f"it holds more than {MAX_ROW:,} characters and values.")
    if depth > MAX_DEPTH:
        raise DataError(f"it is nested more than {MAX_DEPTH} levels deep.")
