"""Looking at alarm rules: what is due is claimed, read, judged and kept, by any number of workers."""

from __future__ import annotations

import logging
import time

from steelyard.errors import SteelyardError, StoreUnavailable
from steelyard.monitor.evidence import with_evidence
from steelyard.monitor.rules import look_at
from steelyard.monitor.rules_memory import to_keep
from steelyard.records import AlarmRule, Store

_log = logging.getLogger(__name__)

LEASE_MS = 180_000
"""How long one look may take, until another worker does it again."""

MOST_SECONDS = 30.0
"""After so long the rest is left for the next call, which has a later clock."""


def look_once(store: Store, *, worker: str, now_ms: int, most: int = 10) -> int:
    """Look at the rules that are due, and keep what was found.

    A look changes nothing until ``store.alarms.found`` keeps its findings together with what the rule remembers: one
    that is killed before is done again from the same memory, and counts once. A look that cannot be done (the score is
    unknown, the filter no longer parses) is told to the store with the reason; the other rules are looked at all the
    same.

    Args:
        store: whose rules.
        worker: who looks, such as a host and a process.
        now_ms: the caller's clock, milliseconds since 1970.
        most: how many rules, unless they take longer than half a minute.

    Returns:
        How many rules were looked at; 0 means that none is due.
    """
    ends = time.monotonic() + MOST_SECONDS
    for looked in range(most):
        if time.monotonic() > ends:
            return looked
        rules = store.alarms.claim_rules(worker, now_ms=now_ms, most=1, lease_ms=LEASE_MS)
        if not rules:
            return looked
        _look(store, rules[0], now_ms)
    return most


def _look(store: Store, rule: AlarmRule, now_ms: int) -> None:
    try:
        look = look_at(store, rule, now_ms=now_ms)
        findings = with_evidence(store, rule, look)
        store.alarms.found(rule, findings, memory=to_keep(look.memory), looked_until_ms=look.until_ms, now_ms=now_ms)
    except StoreUnavailable:
        raise  # it says nothing of the rule, and could not be kept
    except SteelyardError as error:
        store.alarms.failed(rule, str(error), now_ms=now_ms)
    except Exception as error:
        _log.exception("The rule %s of experiment %s could not be looked at.", rule.draft.name, rule.experiment_id)
        store.alarms.failed(rule, f"{type(error).__name__}: {error}", now_ms=now_ms)
