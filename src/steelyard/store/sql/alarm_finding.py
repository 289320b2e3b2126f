"""What a look found, as alarms: one that lasts for a rule and a group, from its opening to its end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from steelyard.errors import InvalidArgument
from steelyard.records.alarm import AlarmRule, Finding, Silence
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_value
from steelyard.store.sql import alarm_outbox
from steelyard.store.sql.alarm_reading import covered_until, silences_that_hold
from steelyard.store.sql.alarm_schema import alarms
from steelyard.store.sql.alarm_story import end, not_told, write_event
from steelyard.store.sql.json_text import from_json_as, to_json

_MOST_FINDINGS = 1_000
_KINDS = ("bad", "fine", "unsure", "no_data")
_a = alarms.c


@dataclass(slots=True)
class Look:
    """What comes of one look at a rule.

    Args:
        experiment: its number.
        rule: as it is now.
        now_ms: when.
        silences: those that hold.
        changed: numbers of alarms that opened, worsened or ended, in their order.
        to_tell: of these, what is to be said of which.
    """

    experiment: int
    rule: AlarmRule
    now_ms: int
    silences: Sequence[Silence]
    changed: list[int] = field(default_factory=list)
    to_tell: dict[int, str] = field(default_factory=dict)


def keep(
    connection: Connection, experiment: int, rule: AlarmRule, findings: Sequence[Finding], *, now_ms: int
) -> list[int]:
    """Open alarms, go on with them or end them as findings say; put in the outbox what is to be told.

    Returns:
        The numbers of the alarms that changed.
    """
    _check(findings)
    silences = silences_that_hold(connection, experiment, now_ms=now_ms)
    look = Look(experiment, rule, now_ms, silences)
    lasting = live_alarms(connection, rule.rule_id)
    for finding in findings:
        kind = _kind_of(finding, rule)
        row = lasting.get(finding.group)
        if kind == "bad" and row is None:
            _open(connection, look, finding)
        elif row is not None and kind != "ignored":
            _go_on(connection, look, row, finding, kind)
    alarm_outbox.put(connection, look.experiment, rule, look.to_tell, now_ms=now_ms)
    return look.changed


def live_alarms(connection: Connection, rule_id: str) -> dict[str, RowMapping]:
    """Return the alarms of a rule that last, locked, by group."""
    found = select(alarms).where(_a.rule_id == rule_id, _a.ended_ms == 0).order_by(_a.id).with_for_update()
    return {row["group"]: row for row in connection.execute(found).mappings()}


def _open(connection: Connection, look: Look, finding: Finding) -> None:
    said = to_json(finding, "finding")
    quiet_until = covered_until(look.silences, look.rule.rule_id, finding.group)
    row: dict[str, Any] = {
        "alarm_id": f"al-{uuid.uuid4().hex}",
        "experiment": look.experiment,
        "rule_id": look.rule.rule_id,
        "rule_name": look.rule.draft.name,
        "group": finding.group,
        "state": "open",
        "severity": look.rule.draft.severity,
        "opened_ms": look.now_ms,
        "ended_ms": 0,
        **dict.fromkeys(("first", "last", "worst"), said),
        "acknowledged_by": "",
        "fine_looks": 0,
        "told_ms": 0,
        "tell_ms": quiet_until or None,
    }
    (number,) = connection.execute(insert(alarms).values(row)).inserted_primary_key or (0,)
    write_event(connection, number, "opened", time_ms=look.now_ms, text=finding.sentence)
    look.changed.append(number)
    if quiet_until:
        not_told(connection, number, look.now_ms)
    else:
        look.to_tell[number] = "opened"


def _go_on(connection: Connection, look: Look, row: RowMapping, finding: Finding, kind: str) -> None:
    fine_looks = row["fine_looks"] + 1 if kind == "fine" else 0
    values: dict[str, Any] = {"fine_looks": fine_looks, "last": to_json(finding, "finding")}
    again = look.rule.draft.again_ms
    if row["told_ms"] and row["state"] == "open":  # the clock may have jumped, and the rule changed
        due = row["told_ms"] + again if row["tell_ms"] is None else row["tell_ms"]
        values["tell_ms"] = min(due, look.now_ms + again) if again else None
    if kind == "bad" and row["state"] == "open" and not row["told_ms"] and row["tell_ms"] is None:
        _tell_at_last(look, row, values)
    if kind == "bad" and _is_worse(finding, from_json_as(row["worst"], Finding), look.rule):
        values["worst"] = values["last"]
        write_event(connection, row["id"], "worse", time_ms=look.now_ms, text=finding.sentence)
        look.changed.append(row["id"])
    connection.execute(update(alarms).where(_a.id == row["id"]).values(values))
    if fine_looks >= look.rule.draft.recover_after:
        _recover(connection, look, row, finding)


def _tell_at_last(look: Look, row: RowMapping, values: dict[str, Any]) -> None:
    """Have an alarm told that nobody could be told of: the rule had no channels, or was not looked at."""
    quiet_until = covered_until(look.silences, look.rule.rule_id, row["group"])
    if quiet_until:
        values["tell_ms"] = quiet_until
    elif look.rule.draft.channels:
        look.to_tell[row["id"]] = "opened"


def _recover(connection: Connection, look: Look, row: RowMapping, finding: Finding) -> None:
    end(connection, row, "recovered", now_ms=look.now_ms, text=finding.sentence)
    look.changed.append(row["id"])
    if covered_until(look.silences, look.rule.rule_id, row["group"]):
        not_told(connection, row["id"], look.now_ms)
    elif row["told_ms"]:  # whoever heard nothing of it is not told that it is over
        look.to_tell[row["id"]] = "recovered"


def _kind_of(finding: Finding, rule: AlarmRule) -> str:
    if finding.kind != "no_data":
        return finding.kind
    return {"ignore": "ignored", "alarm": "bad", "recover": "fine"}[rule.draft.no_data]


def _is_worse(now: Finding, worst: Finding, rule: AlarmRule) -> bool:
    """Whether a finding lies beyond the interval of the worst that was found before."""
    if now.kind != worst.kind:  # there are rows again, and they are bad; or there are none any more
        return True
    if rule.draft.condition.direction == "above":
        low, high = now.low if now.low is not None else now.value, worst.high if worst.high is not None else worst.value
        return low is not None and high is not None and low > high
    low, high = worst.low if worst.low is not None else worst.value, now.high if now.high is not None else now.value
    return low is not None and high is not None and high < low


def _check(findings: Sequence[Finding]) -> None:
    if len(findings) > _MOST_FINDINGS:
        raise InvalidArgument(f"A look found {len(findings):,} groups: at most {_MOST_FINDINGS:,} are kept.")
    if len({finding.group for finding in findings}) < len(findings):
        raise InvalidArgument("A look says one thing of each group: a group is found twice.")
    for finding in findings:
        if finding.kind not in _KINDS:
            raise InvalidArgument(f"A finding is of kind {finding.kind!r}, and may be: {', '.join(_KINDS)}.")
        check_value(finding.group, "group of a finding", limit=MAX_TAG_VALUE)
        check_value(finding.sentence, "sentence of a finding", limit=10 * MAX_KEY)
