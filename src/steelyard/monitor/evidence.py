"""What caused a finding: the rows that are worst, where they can be seen, and the slices that explain the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from steelyard.monitor.evidence_rows import worst_rows
from steelyard.monitor.rules import Look
from steelyard.monitor.windows_compared import slices_of_change
from steelyard.records import AlarmRule, Finding, Store

MOST_FINDINGS = 10
"""Of a look that finds many groups wrong at once, so many get evidence: the first by name."""

SLICES_HOLD_MS = 3_600_000
"""The slices of an alarm that lasts are looked for again after so long; its rows at every look."""

_LASTING = ("open", "acknowledged")


def with_evidence(store: Store, rule: AlarmRule, look: Look) -> tuple[Finding, ...]:
    """Return the findings of a look; those that are ``bad`` with what caused them.

    ``Finding.evidence`` then has ``filter_string`` (all rows of the window that count as bad), ``trace_ids`` (the worst
    of them, at most 50), ``matching`` (how many there are) and ``slices``: those that explain most of the change since
    the baseline, or since the window before where there is none (see ``slices_of_change``).

    Args:
        store: where the rows are.
        rule: that looked.
        look: what it found.
    """
    bad = [finding.group for finding in look.findings if finding.kind == "bad"][:MOST_FINDINGS]
    if not bad:
        return look.findings
    known = _known_slices(store, rule, look.until_ms)
    return tuple(
        replace(finding, evidence={**finding.evidence, **_evidence(store, rule, finding, known, look.until_ms)})
        if finding.kind == "bad" and finding.group in bad
        else finding
        for finding in look.findings
    )


def _evidence(
    store: Store, rule: AlarmRule, finding: Finding, known: Mapping[str, dict[str, Any]], now_ms: int
) -> dict[str, Any]:
    found = worst_rows(store, rule, finding).as_json()
    if finding.group in known:
        return {**found, **known[finding.group]}
    before = _before(finding)
    slices = slices_of_change(
        store,
        rule.experiment_id,
        rule.draft.series,
        before,
        (finding.start_ms, finding.end_ms),
        group=finding.group,
        direction=rule.draft.condition.direction,
    )
    return {**found, "slices": slices, "slices_before": list(before), "slices_ms": now_ms}


def _before(finding: Finding) -> tuple[int, int]:
    """Return what a finding was held against, or the stretch before it."""
    baseline = finding.evidence.get("baseline")
    if isinstance(baseline, Mapping):
        return int(baseline["start_ms"]), int(baseline["end_ms"])
    return 2 * finding.start_ms - finding.end_ms, finding.start_ms


def _known_slices(store: Store, rule: AlarmRule, now_ms: int) -> dict[str, dict[str, Any]]:
    """Return the slices of alarms that last, by group, where they were looked for a short while ago."""
    found: dict[str, dict[str, Any]] = {}
    if not rule.rule_id:
        return found
    lasting = store.alarms.alarms([rule.experiment_id], states=_LASTING, rule_id=rule.rule_id, max_results=200)
    for alarm in lasting.items:
        told = alarm.last.evidence
        if 0 <= now_ms - int(told.get("slices_ms", -SLICES_HOLD_MS)) < SLICES_HOLD_MS:
            found[alarm.group] = {key: told[key] for key in ("slices", "slices_before", "slices_ms") if key in told}
    return found
