"""Which traces an address asks for: what was typed, the facets that were clicked, the time, the order, the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from steelyard.errors import InvalidArgument
from steelyard.web.tracewords import all_of, as_filter, literal

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
RANGES: Mapping[str, int] = {"15m": 15 * MINUTE, "1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""The stretches that are a click away, up to now, in milliseconds."""

_MOST_BARS = 72
_SECOND = 1000
STEPS = (
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 30, 90, 365, 3650)),
)
"""How long a bar of a time line may be, in milliseconds."""

NEWEST_FIRST = "timestamp DESC"
_MOST_CONDITIONS = 40


class Params(Protocol):
    """The part of an address after ``?``."""

    def get(self, key: str, default: str, /) -> str: ...
    def getlist(self, key: str, /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    """Which traces are meant.

    Args:
        typed: what stands in the search box: words, or the filter language.
        where: conditions of the language that were clicked, such as those of facets.
        range: one of ``RANGES``, or empty.
        start_ms, end_ms: the stretch of time [start, end), milliseconds since 1970; None where it is open.
        order_by: keys of the language, the first of them first; empty means newest first.
        run_id: only the traces of this run; empty for those of any.
    """

    typed: str = ""
    where: tuple[str, ...] = ()
    range: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    order_by: tuple[str, ...] = ()
    run_id: str = ""

    @property
    def condition(self) -> str:
        """What is asked for but for time and run, in the filter language."""
        return all_of(as_filter(self.typed), *self.where)

    @property
    def filter(self) -> str:
        """What is asked for but for the run."""
        start = "" if self.start_ms is None else f"timestamp >= {self.start_ms}"
        end = "" if self.end_ms is None else f"timestamp < {self.end_ms}"
        return all_of(self.condition, start, end)

    @property
    def counted(self) -> str:
        """What is asked for but for time, with the run as a condition."""
        return all_of(self.condition, f"run_id = {literal(self.run_id)}" if self.run_id else "")

    @property
    def newest_first(self) -> bool:
        return not self.order_by or self.order_by[0].lower() == NEWEST_FIRST.lower()


def read_view(query: Params, *, now_ms: int) -> TraceView:
    """Read a view from an address.

    Raises:
        InvalidArgument: a time or a range cannot be read.
    """
    asked = query.get("range", "").strip()
    if asked and asked not in RANGES and asked != "all":
        raise InvalidArgument(f"range={asked!r} is not known. Use {', '.join(RANGES)} or all.")
    start, end = moment_of(query.get("start", ""), "start"), moment_of(query.get("end", ""), "end")
    if start is not None and end is not None and start >= end:
        raise InvalidArgument("The end of the stretch of time lies before its start. Exchange the two.")
    if start is None and end is None and asked in RANGES:
        start = now_ms - RANGES[asked]
        start -= start % step_of(start, now_ms)  # where a bar of the time line begins: both count the same traces
    where = tuple(dict.fromkeys(part.strip() for part in query.getlist("where") if part.strip()))
    if len(where) > _MOST_CONDITIONS:
        raise InvalidArgument(f"{len(where)} conditions are too many: at most {_MOST_CONDITIONS} are read.")
    return TraceView(
        typed=query.get("filter", "").strip(),
        where=where,
        range=asked if asked in RANGES and not (query.get("start", "") or query.get("end", "")) else "",
        start_ms=start,
        end_ms=end,
        order_by=tuple(part.strip() for part in query.getlist("order_by") if part.strip()),
        run_id=query.get("run", ""),
    )


def step_of(start_ms: int, end_ms: int) -> int:
    """Return how many milliseconds a bar stands for.

    Examples:
        >>> step_of(0, 3_600_000), step_of(0, 7 * 86_400_000)
        (60000, 10800000)
    """
    return next((step for step in STEPS if (end_ms - start_ms) / step <= _MOST_BARS), STEPS[-1])


def moment_of(text: str, name: str) -> int | None:
    """Read a moment: milliseconds since 1970, or as ISO 8601 writes it, in UTC unless it says otherwise.

    Examples:
        >>> moment_of("2026-05-01T10:00", "start"), moment_of("1777629600000", "start"), moment_of("", "start")
        (1777629600000, 1777629600000, None)

    Raises:
        InvalidArgument: it is neither.
    """
    text = text.strip()
    if not text:
        return None
    if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) <= 18:
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{name}={text!r} is no time. Write 2026-05-01T10:00 (UTC), or milliseconds since 1970."
        raise InvalidArgument(told) from error
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
