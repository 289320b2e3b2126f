"""How rules stand just now: each is looked at as a worker would, and nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from steelyard.errors import SteelyardError, StoreUnavailable
from steelyard.monitor.rules import look_at
from steelyard.records import Store
from steelyard.records.alarm import Alarm, AlarmRule
from steelyard.web.alarmlist import LASTING, without_memory
from steelyard.web.alarmwords import condition_of, watched_of
from steelyard.web.contexts.alarmrules import GroupState, RuleRow

SECONDS = 2.0
"""After so long the list of rules looks at no more of them."""

_ORDER = {"bad": 0, "unsure": 1, "no_data": 2, "fine": 3}
_SLOW = ("drift", "judge")


def rule_rows(store: Store, rules: Sequence[AlarmRule], *, now_ms: int) -> tuple[RuleRow, ...]:
    """Return rules with how each group stands; what takes long to read is left for the rule's own page."""
    ends = time.monotonic() + SECONDS
    ringing = _ringing(store, rules)
    rows = []
    for rule in rules:
        late = time.monotonic() > ends
        reason = "It takes longer to look: see its page." if late or rule.draft.series.kind in _SLOW else ""
        rows.append(rule_row(store, rule, now_ms=now_ms, ringing=ringing.get(rule.rule_id, 0), not_now=reason))
    return tuple(rows)


def rule_row(store: Store, rule: AlarmRule, *, now_ms: int, ringing: int | None = None, not_now: str = "") -> RuleRow:
    """Return a rule with how each group stands."""
    rings = _ringing(store, [rule]).get(rule.rule_id, 0) if ringing is None else ringing
    groups, reason = ((), not_now) if not_now else _look(store, rule, now_ms)
    return RuleRow(
        rule=without_memory(rule),
        watched=watched_of(rule.draft.series),
        condition=condition_of(rule.draft),
        groups=groups,
        not_looked=reason,
        ringing=rings,
    )


def _look(store: Store, rule: AlarmRule, now_ms: int) -> tuple[tuple[GroupState, ...], str]:
    try:
        found = look_at(store, rule, now_ms=now_ms).findings
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return (), str(error)
    groups = (GroupState(group=one.group, kind=one.kind, sentence=one.sentence) for one in found)
    told = tuple(sorted(groups, key=lambda one: (_ORDER.get(one.kind, 9), one.group)))
    return told, "" if told else "There are no rows of it yet."


def _ringing(store: Store, rules: Sequence[AlarmRule]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for experiment_id in dict.fromkeys(rule.experiment_id for rule in rules):
        lasting: Sequence[Alarm] = store.alarms.alarms([experiment_id], states=LASTING, max_results=200).items
        for alarm in lasting:
            found[alarm.rule_id] = found.get(alarm.rule_id, 0) + 1
    return found
