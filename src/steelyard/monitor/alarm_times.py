"""Stretches and moments of time as people give them: "5m", "7d", a timedelta, seconds; a datetime, milliseconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from steelyard.errors import InvalidArgument

Span: TypeAlias = "str | float | timedelta"
Moment: TypeAlias = "int | float | str | datetime"

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", re.ASCII)


def span_ms(given: Span, what: str) -> int:
    """Return a stretch of time in milliseconds.

    Args:
        given: a number and a unit (``s``, ``m``, ``h``, ``d``, ``w``), a timedelta, or seconds.
        what: its name, for the error.

    Raises:
        InvalidArgument: it cannot be read, or is not positive.

    Examples:
        >>> span_ms("5m", "every"), span_ms("1.5h", "every"), span_ms(90, "every"), span_ms(timedelta(days=1), "every")
        (300000, 5400000, 90000, 86400000)
    """
    seconds = _seconds(given)
    if seconds is None or not (math.isfinite(seconds) and seconds > 0):
        raise InvalidArgument(f"{what} is a stretch of time, such as '5m', '1h', '7d' or a timedelta, not {given!r}.")
    return round(seconds * 1000)


def _seconds(given: Span) -> float | None:
    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, bool):
        return None
    if isinstance(given, int | float):
        return float(given)
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    return float(found[1]) * _UNITS[found[2]] if found else None


def moment_ms(given: Moment, what: str) -> int:
    """Return a moment in milliseconds since 1970.

    Args:
        given: milliseconds since 1970, a datetime, or one as text (ISO 8601); without a time zone it is UTC.
        what: its name, for the error.

    Raises:
        InvalidArgument: it cannot be read.

    Examples:
        >>> moment_ms("2024-01-01T00:00", "start"), moment_ms(datetime(2024, 1, 1, tzinfo=UTC), "start")
        (1704067200000, 1704067200000)
    """
    moment: object = given
    if isinstance(given, str):
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            moment = None
    if isinstance(moment, datetime):
        known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(known.timestamp() * 1000)
    if isinstance(moment, int | float) and not isinstance(moment, bool) and math.isfinite(moment):
        return round(moment)
    raise InvalidArgument(f"{what} is a datetime, its text such as '2024-01-31T12:00', or milliseconds, not {given!r}.")
