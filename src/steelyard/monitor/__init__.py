"""Production watched: scorers on live traffic, drift, alarms, models whose labels come late, judges held to anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.monitor.alarm_actions import dataset_from_alarm, review_alarm
    from steelyard.monitor.alarm_drafts import draft_alarm_rule
    from steelyard.monitor.alarm_preview import PreviewAlarm, RulePreview, preview_rule
    from steelyard.monitor.alarm_rules import create_alarm_rule, delete_alarm_rule, list_alarm_rules, update_alarm_rule
    from steelyard.monitor.alarm_search import acknowledge_alarm, search_alarms, set_channel, silence_alarms
    from steelyard.monitor.anchors import create_anchor_set, find_anchor_set, list_anchor_sets, read_anchors
    from steelyard.monitor.anchors_drift import JudgeDrift, judge_drift
    from steelyard.monitor.anchors_linked import LinkedWindow, linked_scores
    from steelyard.monitor.clocks import Clock, MachineClock
    from steelyard.monitor.drifting import DriftReport, drift, drift_groups, drift_series
    from steelyard.monitor.late_labels import settle_once
    from steelyard.monitor.looking import look_once
    from steelyard.monitor.monitors import backfill, find_monitor, list_monitors, resume
    from steelyard.monitor.predictions import (
        LoggedPredictions,
        find_production_model,
        list_production_models,
        log_labels,
        log_predictions,
    )
    from steelyard.monitor.predictions_dataset import dataset_of_predictions
    from steelyard.monitor.telling import ChannelTest, tell_once, test_channel
    from steelyard.monitor.telling_signature import verify_signature
    from steelyard.monitor.windows_compared import WindowComparison, compare_windows, slices_of_change
    from steelyard.monitor.windows_compared_records import WindowChange
    from steelyard.monitor.workers import Workers, work_once

_HOMES: dict[str, tuple[str, ...]] = {
    "alarm_actions": (
        "dataset_from_alarm",
        "review_alarm",
    ),
    "alarm_drafts": ("draft_alarm_rule",),
    "alarm_preview": (
        "PreviewAlarm",
        "RulePreview",
        "preview_rule",
    ),
    "alarm_rules": (
        "create_alarm_rule",
        "delete_alarm_rule",
        "list_alarm_rules",
        "update_alarm_rule",
    ),
    "alarm_search": (
        "acknowledge_alarm",
        "search_alarms",
        "set_channel",
        "silence_alarms",
    ),
    "anchors": (
        "create_anchor_set",
        "find_anchor_set",
        "list_anchor_sets",
        "read_anchors",
    ),
    "anchors_drift": (
        "JudgeDrift",
        "judge_drift",
    ),
    "anchors_linked": (
        "LinkedWindow",
        "linked_scores",
    ),
    "clocks": (
        "Clock",
        "MachineClock",
    ),
    "drifting": (
        "DriftReport",
        "drift",
        "drift_groups",
        "drift_series",
    ),
    "late_labels": ("settle_once",),
    "looking": ("look_once",),
    "monitors": (
        "backfill",
        "find_monitor",
        "list_monitors",
        "resume",
    ),
    "predictions": (
        "LoggedPredictions",
        "find_production_model",
        "list_production_models",
        "log_labels",
        "log_predictions",
    ),
    "predictions_dataset": ("dataset_of_predictions",),
    "telling": (
        "ChannelTest",
        "tell_once",
        "test_channel",
    ),
    "telling_signature": ("verify_signature",),
    "windows_compared": (
        "WindowComparison",
        "compare_windows",
        "slices_of_change",
    ),
    "windows_compared_records": ("WindowChange",),
    "workers": (
        "Workers",
        "work_once",
    ),
}

__all__ = [
    "ChannelTest",
    "Clock",
    "DriftReport",
    "JudgeDrift",
    "LinkedWindow",
    "LoggedPredictions",
    "MachineClock",
    "PreviewAlarm",
    "RulePreview",
    "WindowChange",
    "WindowComparison",
    "Workers",
    "acknowledge_alarm",
    "backfill",
    "compare_windows",
    "create_alarm_rule",
    "create_anchor_set",
    "dataset_from_alarm",
    "dataset_of_predictions",
    "delete_alarm_rule",
    "draft_alarm_rule",
    "drift",
    "drift_groups",
    "drift_series",
    "find_anchor_set",
    "find_monitor",
    "find_production_model",
    "judge_drift",
    "linked_scores",
    "list_alarm_rules",
    "list_anchor_sets",
    "list_monitors",
    "list_production_models",
    "log_labels",
    "log_predictions",
    "look_once",
    "preview_rule",
    "read_anchors",
    "resume",
    "review_alarm",
    "search_alarms",
    "set_channel",
    "settle_once",
    "silence_alarms",
    "slices_of_change",
    "tell_once",
    "test_channel",
    "update_alarm_rule",
    "verify_signature",
    "work_once",
]

__getattr__ = lazy_names(__name__, {name: module for module, names in _HOMES.items() for name in names})
