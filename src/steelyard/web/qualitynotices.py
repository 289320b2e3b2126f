"""What needs somebody now: alarms that are open, monitors that are behind or have stopped by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records import Store
from steelyard.web import links
from steelyard.web.contexts.dashboard import Notice
from steelyard.web.formats import plural
from steelyard.web.monitorwords import word_of

_MOST = 100
_NAMES = 3
_WORDS = {"paused": "paused by itself", "held": "held, for the judge is away", "behind": "behind"}


def notices_of(store: Store, experiment_id: str, *, now_ms: int) -> tuple[Notice, ...]:
    """Return what needs somebody, the worst first; nothing where all is well."""
    return (*_alarms(store, experiment_id), *_monitors(store, experiment_id, now_ms))


def _alarms(store: Store, experiment_id: str) -> tuple[Notice, ...]:
    found = store.alarms.alarms([experiment_id], states=("open",), max_results=_MOST).items
    if not found:
        return ()
    critical = sum(one.severity == "critical" for one in found)
    more = "at least " if len(found) == _MOST else ""
    text = f"{more}{plural(len(found), 'open alarm')}"
    if critical:
        text += f", {critical} of them critical" if len(found) > 1 else ", critical"
    if len(found) == 1:
        return (Notice(kind="bad", text=text, names=(found[0].rule_name,), href=links.alarm(found[0].alarm_id)),)
    names = tuple(dict.fromkeys(one.rule_name for one in found))
    return (Notice(kind="bad", text=text, names=names[:_NAMES], href=links.alarms(experiment_id)),)


def _monitors(store: Store, experiment_id: str, now_ms: int) -> tuple[Notice, ...]:
    monitors = [one for one in store.monitors.list([experiment_id]) if one.state != "stopped"]
    if not monitors:
        return ()
    standings = store.monitors.standing([one.monitor_id for one in monitors], now_ms=now_ms)
    by_kind: dict[str, list[str]] = {}
    for one in monitors:
        by_kind.setdefault(word_of(one, standings[one.monitor_id], now_ms).kind, []).append(one.name)
    return tuple(_notice(experiment_id, kind, by_kind[kind]) for kind in _WORDS if kind in by_kind)


def _notice(experiment_id: str, kind: str, names: Sequence[str]) -> Notice:
    href = links.monitor(experiment_id, names[0]) if len(names) == 1 else links.monitors(experiment_id)
    text = f"{plural(len(names), 'monitor')} {_WORDS[kind]}"
    return Notice(kind="bad" if kind == "paused" else "warn", text=text, names=tuple(names[:_NAMES]), href=href)
