"""Rules, findings and channels for the tests of alarms."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from steelyard.records import Alarm, AlarmRule, Channel, Condition, Finding, RuleDraft, Series, Store

NOW = time.time_ns() // 1_000_000
MINUTE = 60_000
EVERY = 5 * MINUTE
BAD = Finding(kind="bad", sentence="30% fail (25% to 38%, n 412).", value=0.31, low=0.25, high=0.38, n=412, limit=0.1)
FINE = Finding(kind="fine", sentence="5% fail.", value=0.05, low=0.04, high=0.06, n=400, limit=0.1)
UNSURE = Finding(kind="unsure", sentence="12% fail, of 20.", value=0.12, low=0.02, high=0.3, n=20, limit=0.1)
NOTHING = Finding(kind="no_data", sentence="There were no traces.")


def draft(name: str = "errors", **changes: Any) -> RuleDraft:
    """A rule about errors."""
    series = Series(kind="traces", what="error_rate")
    condition = Condition(value=0.1, direction="above")
    return replace(RuleDraft(name=name, series=series, condition=condition, every_ms=EVERY), **changes)


def webhook(name: str = "ops", target: str = "https://hooks.example.com/a") -> Channel:
    return Channel(name=name, kind="webhook", target=target)


def rule_with(store: Store, *channels: str, **changes: Any) -> AlarmRule:
    """A rule that tells some channels, which are made."""
    for name in channels:
        store.alarms.put_channel("0", webhook(name), secret="s3cret-of-" + name)
    return store.alarms.create_rule("0", draft(channels=channels, **changes), by="ann")


def look(store: Store, findings: Sequence[Finding] | Finding, *, now_ms: int, rule_id: str = "") -> tuple[Alarm, ...]:
    """Claim the rule that is due and say what a look found."""
    claimed = store.alarms.claim_rules("w", now_ms=now_ms)
    (rule,) = [one for one in claimed if not rule_id or one.rule_id == rule_id]
    told = (findings,) if isinstance(findings, Finding) else tuple(findings)
    return store.alarms.found(rule, told, memory=b"m", looked_until_ms=now_ms, now_ms=now_ms)


def actions(store: Store, alarm_id: str) -> list[str]:
    return [event.action for event in store.alarms.events(alarm_id)]
