"""What is said to people, as JSON that is the same for every kind of channel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from steelyard.records.alarm import AlarmRule, Finding
from steelyard.store.sql.json_text import from_json_as

MOST_SHOWN = 20
"""Alarms of one message that are told one by one; of the others it says how many they are."""


def about_alarms(
    rule: AlarmRule, experiment_name: str, rows: Sequence[RowMapping], what: Mapping[int, str], *, now_ms: int
) -> str:
    """Return the body of a message about alarms of one rule.

    Args:
        rule: whose.
        experiment_name: of the rule.
        rows: the alarms, as they are now.
        what: by an alarm's number, why it is told: opened, again (nobody acknowledged it) or recovered.
        now_ms: when.
    """
    alarms = [_alarm(rule, row, what[row["id"]]) for row in rows[:MOST_SHOWN]]
    return _json({**_about("alarm", rule, experiment_name, now_ms), "alarms": alarms, "more": len(rows) - len(alarms)})


def about_rule(rule: AlarmRule, experiment_name: str, *, now_ms: int) -> str:
    """Return the body of the message that a rule is not looked at any more, as its looks could not be done."""
    return _json({**_about("rule_paused", rule, experiment_name, now_ms), "reason": rule.reason})


def about_nothing(experiment_id: str, experiment_name: str, *, by: str, now_ms: int) -> str:
    """Return the body of a message that tries out a channel."""
    experiment = {"id": experiment_id, "name": experiment_name}
    return _json({"kind": "test", "time_ms": now_ms, "experiment": experiment, "by": by})


def _about(kind: str, rule: AlarmRule, experiment_name: str, now_ms: int) -> dict[str, Any]:
    draft = rule.draft
    return {
        "kind": kind,
        "time_ms": now_ms,
        "experiment": {"id": rule.experiment_id, "name": experiment_name},
        "rule": {
            "id": rule.rule_id,
            "name": draft.name,
            "severity": draft.severity,
            "note": draft.note,
            "series": draft.series,
            "condition": draft.condition,
        },
    }


def _alarm(rule: AlarmRule, row: RowMapping, what: str) -> dict[str, Any]:
    first, last = from_json_as(row["first"], Finding), from_json_as(row["last"], Finding)
    return {
        "alarm_id": row["alarm_id"],
        "path": f"/alarms/{row['alarm_id']}",
        "what": what,
        "group": row["group"],
        "state": row["state"],
        "severity": row["severity"],
        "opened_ms": row["opened_ms"],
        "ended_ms": row["ended_ms"],
        "no_data": last.kind == "no_data",
        "sentence": last.sentence,
        "first_sentence": first.sentence,
        "start_ms": last.start_ms,
        "end_ms": last.end_ms,
        "value": _finite(last.value),
        "low": _finite(last.low),
        "high": _finite(last.high),
        "n": last.n,
        "limit": _finite(last.limit),
    }


def _finite(value: float | None) -> float | None:
    """Return a number that JSON knows."""
    return value if value is not None and math.isfinite(value) else None


def _json(body: Mapping[str, Any]) -> str:
    return msgspec.json.encode(body).decode()
