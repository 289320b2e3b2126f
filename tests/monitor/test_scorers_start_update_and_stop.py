"""``start``, ``update`` and ``stop`` as MLflow has them: each returns the scorer as it is then."""

from __future__ import annotations

import pytest

from steelyard import monitor
from steelyard.errors import FilterError, InvalidArgument, NotFound
from steelyard.genai import scorers
from steelyard.genai.scorers import ResponseLength, ScorerSamplingConfig, ScorerStatus, get_scorer, list_scorers
from steelyard.tracking import get_store, set_experiment


@pytest.fixture(autouse=True)
def _own_store(store_uri: str) -> None:
    """Every test here writes to a store."""


def brief(name: str = "brief", limit: int = 5) -> ResponseLength:
    return ResponseLength(name=name, max_length=limit)


def test_mlflows_own_lines_do_what_they_say() -> None:
    registered = brief().register(name="x")
    assert (registered.status, registered.sample_rate) == (ScorerStatus.STOPPED, None)
    started = registered.start(sampling_config=ScorerSamplingConfig(sample_rate=0.5, filter_string="status = 'OK'"))
    assert (started.name, started.status) == ("x", ScorerStatus.STARTED)
    assert (started.sample_rate, started.filter_string) == (0.5, "status = 'OK'")
    updated = started.update(sampling_config=ScorerSamplingConfig(sample_rate=0.1))
    assert (updated.sample_rate, updated.filter_string) == (0.1, "status = 'OK'")
    stopped = updated.stop()
    assert (stopped.sample_rate, stopped.status) == (0.0, ScorerStatus.STOPPED)
    assert stopped.start(sampling_config=ScorerSamplingConfig(sample_rate=0.3)).sample_rate == 0.3
    assert (started.sample_rate, brief().status) == (0.5, ScorerStatus.UNREGISTERED)


def test_starting_registers_what_is_not_registered() -> None:
    started = brief().start()
    assert (started.registered_version, started.sample_rate, started.filter_string) == (1, 1.0, None)
    assert get_store().scorers.get("0", "brief").version == 1


def test_the_store_tells_what_runs() -> None:
    brief().start(sampling_config=ScorerSamplingConfig(sample_rate=0.25))
    brief("other").register()
    assert get_scorer(name="brief").sample_rate == 0.25
    told = {each.name: (each.status, each.sample_rate) for each in list_scorers()}
    assert told == {"brief": (ScorerStatus.STARTED, 0.25), "other": (ScorerStatus.STOPPED, None)}


def test_a_new_version_is_followed_and_an_old_one_can_be_held_to() -> None:
    brief(limit=5).start()
    brief(limit=9).register()
    assert monitor.find_monitor("brief").version is None
    assert get_scorer(name="brief").status is ScorerStatus.STARTED
    get_scorer(name="brief", version=1).start()
    assert monitor.find_monitor("brief").version == 1
    assert get_scorer(name="brief").status is ScorerStatus.STOPPED
    assert len(get_store().scorers.versions("0", "brief")) == 2


def test_one_name_registered_can_be_told_by_its_original() -> None:
    original = brief()
    original.register(name="x")
    started = original.start(name="x")
    assert (started.name, len(get_store().scorers.versions("0", "x"))) == ("x", 1)
    assert original.stop(name="x").status is ScorerStatus.STOPPED


def test_a_rate_of_nothing_stops_and_a_rate_starts_again() -> None:
    started = brief().start()
    assert started.update(sampling_config=ScorerSamplingConfig(sample_rate=0.0)).status is ScorerStatus.STOPPED
    assert started.update(sampling_config=ScorerSamplingConfig(sample_rate=0.2)).status is ScorerStatus.STARTED
    with pytest.raises(InvalidArgument, match="watches nothing"):
        brief().start(sampling_config=ScorerSamplingConfig(sample_rate=0))


def test_starting_again_without_settings_lifts_no_limit() -> None:
    first = ScorerSamplingConfig(sample_rate=0.1, filter_string="status = 'OK'", max_scorings_per_day=10)
    brief().start(sampling_config=first).stop()
    brief().start()
    again = monitor.find_monitor("brief")
    assert (again.state, again.sample_rate, again.filter_string) == ("active", 0.1, "status = 'OK'")
    assert again.max_scorings_per_day == 10
    brief().start(sampling_config=ScorerSamplingConfig(sample_rate=0.5))
    assert monitor.find_monitor("brief").max_scorings_per_day is None


def test_another_experiment_is_told_by_its_id() -> None:
    there = set_experiment("there").experiment_id
    set_experiment(experiment_id="0")
    started = brief().start(experiment_id=there)
    assert started.stop().status is ScorerStatus.STOPPED  # where it was registered
    assert monitor.list_monitors() == ()
    assert [one.name for one in monitor.list_monitors(experiment_id=there)] == ["brief"]
    assert [one.name for one in monitor.list_monitors(experiment_id=[])] == ["brief"]


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(NotFound, match="Its monitors are: none"):
        brief().stop()
    with pytest.raises(FilterError):
        brief().start(sampling_config=ScorerSamplingConfig(filter_string="stat = 'OK'"))
    with pytest.raises(InvalidArgument, match="sample_rate"):
        brief().start(sampling_config=ScorerSamplingConfig(sample_rate=2))
    with pytest.raises(InvalidArgument, match="ScorerSamplingConfig"):
        brief().start(sampling_config={"sample_rate": 1})
    for name in ("two\nlines", "x" * 201):
        with pytest.raises(InvalidArgument, match="is none for feedback"):
            ResponseLength(name=name, max_length=5).start()
    with pytest.raises(NotFound):
        monitor.resume("nobody")
    brief().start()
    with pytest.raises(InvalidArgument, match="empty"):
        monitor.backfill("brief", 2_000, 1_000)


def test_the_history_says_who_did_what() -> None:
    started = brief().start()
    started.update(sampling_config=ScorerSamplingConfig(sample_rate=0.5))
    started.stop()
    monitor.resume("brief")
    changes = get_store().monitors.history(monitor.find_monitor("brief").monitor_id)
    assert [change.action for change in changes] == ["resumed", "stopped", "updated", "started"]
    assert all(change.by for change in changes)


def test_the_face_has_mlflows_names() -> None:
    assert {"ScorerSamplingConfig", "ScorerStatus"} <= set(scorers.__all__)
