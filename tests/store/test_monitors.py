"""Monitors: what people set, change and read of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from monitoring import watch

from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.monitor import ScorerSamplingConfig


def test_a_started_scorer_is_watched_with_its_defaults(store: Store) -> None:
    monitor = watch(store)
    assert (monitor.state, monitor.level, monitor.sample_rate, monitor.settle_ms) == ("active", "trace", 1.0, 10_000)
    assert monitor.monitor_id.startswith("mo-")
    assert store.monitors.get(monitor.monitor_id) == monitor == store.monitors.find("0", "ok")
    assert watch(store, "talk", level="session").settle_ms == 300_000


def test_only_a_registered_scorer_is_started(store: Store) -> None:
    with pytest.raises(NotFound, match="nobody"):
        store.monitors.start("0", "nobody", config=ScorerSamplingConfig())
    store.scorers.register("0", "ok", definition="{}", digest="d", kind="builtin")
    with pytest.raises(NotFound, match="no version 7"):
        store.monitors.start("0", "ok", config=ScorerSamplingConfig(), version=7)
    assert store.monitors.start("0", "ok", config=ScorerSamplingConfig(), version=1).version == 1


WRONG: tuple[tuple[str, Any], ...] = (
    *(("sample_rate", rate) for rate in (-0.1, 1.1, float("nan"), True)),
    *(("settle_seconds", seconds) for seconds in (-1, 86_401, float("inf"))),
    *(("max_cost_per_day", -1.0), ("max_scorings_per_day", -1), ("max_scorings_per_day", 1.5)),
)


def test_a_setting_that_cannot_be_is_refused_by_name(store: Store) -> None:
    monitor = watch(store)
    for name, value in WRONG:
        with pytest.raises(InvalidArgument, match=name):
            watch(store, **{name: value})
        with pytest.raises(InvalidArgument, match=name):
            store.monitors.update(monitor.monitor_id, config=ScorerSamplingConfig(**{name: value}))
    assert store.monitors.get(monitor.monitor_id) == monitor


def test_a_filter_that_does_not_parse_is_refused(store: Store) -> None:
    with pytest.raises(FilterError):
        watch(store, filter_string="name ==== 'x'")
    monitor = watch(store)
    with pytest.raises(FilterError):
        store.monitors.update(monitor.monitor_id, config=ScorerSamplingConfig(filter_string="colour = 'red'"))


def test_an_update_changes_what_it_names_and_leaves_the_rest(store: Store) -> None:
    monitor = watch(store, sample_rate=0.5, max_scorings_per_day=7)
    changed = store.monitors.update(monitor.monitor_id, config=ScorerSamplingConfig(settle_seconds=2.5), by="eva")
    assert (changed.sample_rate, changed.max_scorings_per_day, changed.settle_ms) == (0.5, 7, 2500)
    assert (changed.created_by, changed.updated_by) == ("", "eva")


def test_a_stopped_monitor_that_is_started_again_is_the_same_one_with_new_settings(store: Store) -> None:
    monitor = watch(store, sample_rate=0.5, filter_string="name = 'chat'", max_cost_per_day=3.0)
    store.monitors.update(monitor.monitor_id, state="stopped", by="eva")
    again = watch(store, sample_rate=0.25)
    assert again.monitor_id == monitor.monitor_id
    assert (again.state, again.sample_rate, again.filter_string, again.max_cost_per_day) == ("active", 0.25, "", None)


def test_the_history_tells_who_changed_what_the_newest_first(store: Store) -> None:
    monitor = watch(store)
    store.monitors.update(monitor.monitor_id, config=ScorerSamplingConfig(sample_rate=0.5), by="eva")
    store.monitors.update(monitor.monitor_id, state="paused", reason="the judge is gone")
    store.monitors.update(monitor.monitor_id, state="paused", reason="the judge is gone")  # changes nothing
    store.monitors.update(monitor.monitor_id, state="active", by="eva")
    changes = store.monitors.history(monitor.monitor_id)
    assert [(one.action, one.by) for one in changes] == [
        *(("resumed", "eva"), ("paused", ""), ("updated", "eva"), ("started", "")),
    ]
    assert changes[1].monitor.reason == "the judge is gone"
    assert changes[0].monitor.reason == ""
    assert changes[-1].monitor == monitor


def test_monitors_are_listed_by_name(store: Store) -> None:
    elsewhere = store.experiments.create("elsewhere").experiment_id
    monitors = [watch(store, "b"), watch(store, "a"), watch(store, "c", elsewhere)]
    assert [one.name for one in store.monitors.list()] == ["a", "b", "c"]
    assert store.monitors.list([elsewhere]) == (monitors[2],)
    assert store.monitors.find(elsewhere, "a") is None


def test_holding_a_monitor_is_part_of_what_it_is(store: Store) -> None:
    monitor = watch(store)
    store.monitors.hold(monitor.monitor_id, until_ms=77, reason="429")
    assert store.monitors.get(monitor.monitor_id) == replace(monitor, held_until_ms=77, held_reason="429")
    store.monitors.hold(monitor.monitor_id, until_ms=0, reason="")
    assert store.monitors.get(monitor.monitor_id) == monitor


def test_a_deleted_monitor_is_gone(store: Store) -> None:
    monitor = watch(store)
    store.monitors.backfill(monitor.monitor_id, 0, 10)
    store.monitors.delete(monitor.monitor_id)
    assert store.monitors.find("0", "ok") is None
    for ask in (store.monitors.get, store.monitors.history, store.monitors.backfills, store.monitors.delete):
        with pytest.raises(NotFound):
            ask(monitor.monitor_id)
    with pytest.raises(NotFound):
        store.monitors.standing([monitor.monitor_id], now_ms=0)


def test_an_empty_window_is_no_backfill(store: Store) -> None:
    monitor = watch(store)
    with pytest.raises(InvalidArgument, match="empty"):
        store.monitors.backfill(monitor.monitor_id, 10, 10)
    with pytest.raises(NotFound):
        store.monitors.cancel_backfill("bf-none")
