"""Lines of an alarm's story, and its end."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, insert, update

from steelyard.store.sql.alarm_schema import alarm_events, alarms
from steelyard.store.sql.json_text import to_text


def write_event(
    connection: Connection, alarm: int, action: str, *, time_ms: int, text: str = "", by: str = "", link: str = ""
) -> None:
    """Add a line to an alarm's story."""
    values = {"alarm": alarm, "time_ms": time_ms, "action": action, "text": to_text(text), "by": by, "link": link}
    connection.execute(insert(alarm_events).values(values))


def not_told(connection: Connection, alarm: int, now_ms: int) -> None:
    """Write down that a silence covers an alarm."""
    write_event(connection, alarm, "not_told", time_ms=now_ms, text="A silence covers it.")


def end(connection: Connection, row: RowMapping, state: str, *, now_ms: int, text: str, by: str = "") -> None:
    """End an alarm that lasts."""
    values = {"state": state, "ended_ms": max(now_ms, row["opened_ms"], 1), "tell_ms": None}
    connection.execute(update(alarms).where(alarms.c.id == row["id"]).values(values))
    write_event(connection, row["id"], state, time_ms=now_ms, text=text, by=by)
