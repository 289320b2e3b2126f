"""How monitors stand, in words: one by one, and all together."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records.monitor import Monitor, MonitorChange, MonitorStanding
from steelyard.web.contexts.monitors import HistoryLine, MonitorRow, MonitorWord
from steelyard.web.formats import plural, stretch

BEHIND_MS = 60_000
"""What is due for longer is behind: a score is promised within ten seconds of settling."""

_NAMES = 5
_FACTS = (
    ("version", "version"),
    ("level", "judges each"),
    ("sample_rate", "share"),
    ("filter_string", "filter"),
    ("settle_ms", "settle time"),
    ("max_cost_per_day", "cost a day"),
    ("max_scorings_per_day", "scorings a day"),
)


def behind_ms(standing: MonitorStanding, now_ms: int) -> int:
    """Return for how long the oldest that is due has been due; 0 if none is."""
    return max(0, now_ms - standing.oldest_due_ms) if standing.due and standing.oldest_due_ms else 0


def word_of(monitor: Monitor, standing: MonitorStanding, now_ms: int) -> MonitorWord:
    """Return a monitor's state in words."""
    if monitor.state == "paused":
        return MonitorWord(kind="paused", word="Paused", why=monitor.reason or "no reason was kept")
    if monitor.state == "stopped":
        return MonitorWord(kind="stopped", word="Stopped", why=monitor.reason)
    if not monitor.sample_rate:
        return MonitorWord(kind="idle", word="Watches nothing", why="its share is 0%")
    if monitor.held_until_ms > now_ms:
        left = stretch(max(1000, round((monitor.held_until_ms - now_ms) / 1000) * 1000))
        why = f"its judge cannot be reached; tried again in {left}"
        return MonitorWord(kind="held", word="Judge away", why=f"{why}. {monitor.held_reason}".strip())
    if standing.spent:
        return MonitorWord(kind="spent", word="Limit reached", why="what waits goes on at 00:00 UTC")
    late = behind_ms(standing, now_ms)
    if late > BEHIND_MS:
        return MonitorWord(kind="behind", word="Behind", why=f"the oldest has waited {waited(late)}")
    return MonitorWord(kind="active", word="Active")


def waited(milliseconds: int) -> str:
    """Write how long something has waited, no finer than anybody needs.

    Examples:
        >>> waited(734_000), waited(9_400), waited(7_380_000)
        ('12 min', '9 s', '2 h 3 min')
    """
    if milliseconds < 60_000:
        return f"{milliseconds // 1000} s"
    return stretch(milliseconds // 60_000 * 60_000)


def told_of(rows: Sequence[MonitorRow]) -> tuple[str, ...]:
    """Return what the first line of the page says: how many watch, what is behind, what is paused."""
    if not rows:
        return ("Nothing watches this traffic yet.",)
    watching = [row for row in rows if row.state.kind in ("active", "behind", "spent", "held")]
    n = len(rows)
    if len(watching) == n:
        said = [f"All {n} watch." if n > 1 else "One scorer watches."]
    else:
        said = [f"{len(watching)} of {n} {'watches' if len(watching) == 1 else 'watch'}."]
    late = [row for row in rows if row.state.kind == "behind"]
    if late:
        oldest = max(late, key=lambda row: row.behind_ms)
        said.append(f"{_named(late)} {_is(late)} behind, by up to {waited(oldest.behind_ms)}.")
    elif watching:
        said.append("Nothing is behind.")
    for kind, what in (("held", "held, for the judge is away"), ("spent", "at the limit of the day")):
        some = [row for row in rows if row.state.kind == kind]
        if some:
            said.append(f"{_named(some)} {_is(some)} {what}.")
    paused = [row for row in rows if row.state.kind == "paused"]
    said.append(f"{_named(paused)} {_is(paused)} paused." if paused else "None is paused.")
    return tuple(said)


def lines_of(changes: Sequence[MonitorChange]) -> tuple[HistoryLine, ...]:
    """Return a history with what each entry changed; both have the newest first."""
    found = []
    for number, one in enumerate(changes):
        before = changes[number + 1].monitor if number + 1 < len(changes) else None
        found.append(
            HistoryLine(
                time_ms=one.time_ms,
                by=one.by,
                action=one.action,
                changes=() if before is None else _changed(before, one.monitor),
                reason=one.monitor.reason if one.action in ("paused", "stopped") else "",
            )
        )
    return tuple(found)


def _changed(before: Monitor, after: Monitor) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (label, _fact(name, getattr(before, name)), _fact(name, getattr(after, name)))
        for name, label in _FACTS
        if getattr(before, name) != getattr(after, name)
    )


def _fact(name: str, value: object) -> str:
    if name == "version":
        return "the newest" if value is None else str(value)
    if value is None:
        return "no limit"
    if isinstance(value, float):
        return f"{100 * value:.4g}%" if name == "sample_rate" else f"${value:.10g}"
    if name == "settle_ms" and isinstance(value, int):
        return f"{value / 1000:g} s"
    if name == "filter_string":
        return str(value) or "all traces"
    return str(value)


def _named(rows: Sequence[MonitorRow]) -> str:
    if len(rows) == 1:
        return _short(rows[0].monitor.name)
    names = ", ".join(_short(row.monitor.name) for row in rows[:_NAMES])
    return f"{plural(len(rows), 'monitor')} ({names}{', …' if len(rows) > _NAMES else ''})"


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def _is(rows: Sequence[MonitorRow]) -> str:
    return "is" if len(rows) == 1 else "are"
