"""Registered scorers that watch live traffic: started, changed, stopped and looked at by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records.monitor import Backfill, Monitor, MonitorLevel, ScorerSamplingConfig
from steelyard.scorers.watching import ScorerStatus, Watched
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.origin import user_name
from steelyard.tracking.stores import get_store

_LONGEST_NAME = 200  # of feedback that a monitor gives
_STATUS = {"active": ScorerStatus.STARTED, "stopped": ScorerStatus.STOPPED, "paused": ScorerStatus.PAUSED}


def start_monitor(
    name: str,
    *,
    experiment_id: str,
    level: MonitorLevel,
    version: int | None = None,
    config: ScorerSamplingConfig | None = None,
) -> Monitor:
    """Have a registered scorer watch an experiment's traffic.

    Args:
        name: of the scorer.
        experiment_id: whose traffic.
        level: what it judges one by one.
        version: of the scorer; None follows the newest.
        config: how much of the traffic, and which. None is as it was before it was stopped, all of it the first time.

    Raises:
        NotFound: it is not registered.
        InvalidArgument, FilterError: a setting, or the name, cannot be used.
    """
    config = _checked(config or _as_before(experiment_id, name))
    if config.sample_rate == 0:
        raise InvalidArgument("sample_rate=0 watches nothing: give a rate above 0 to start, or call stop().")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidArgument(
            f"What watches gives feedback under its name, and {name[:40]!r} is none for feedback: that is 1 to "
            f"{_LONGEST_NAME} printable characters. Register the scorer under another name."
        )
    return get_store().monitors.start(experiment_id, name, config=config, level=level, version=version, by=user_name())


def _as_before(experiment_id: str, name: str) -> ScorerSamplingConfig:
    """Return the settings of a monitor that was there, so that starting it again lifts no limit without a word."""
    found = get_store().monitors.find(experiment_id, name)
    if found is None:
        return ScorerSamplingConfig()
    return ScorerSamplingConfig(
        sample_rate=found.sample_rate,
        filter_string=found.filter_string,
        settle_seconds=found.settle_ms / 1000,
        max_cost_per_day=found.max_cost_per_day,
        max_scorings_per_day=found.max_scorings_per_day,
    )


def update_monitor(name: str, config: ScorerSamplingConfig, *, experiment_id: str | None = None) -> Monitor:
    """Change what a monitor watches; a rate of 0 stops it, and one above 0 starts it again if it was stopped.

    Raises:
        NotFound: there is no monitor of this name.
        InvalidArgument, FilterError: a setting cannot be used.
    """
    config, found = _checked(config), find_monitor(name, experiment_id=experiment_id)
    state = None
    if config.sample_rate == 0 and found.state != "stopped":
        state = "stopped"
    elif config.sample_rate and found.state == "stopped":
        state = "active"
    return get_store().monitors.update(found.monitor_id, config=config, state=state, by=user_name())


def stop_monitor(name: str, *, experiment_id: str | None = None) -> Monitor:
    """Have a monitor hand out no more work; what waits is kept.

    Raises:
        NotFound: there is no monitor of this name.
    """
    found = find_monitor(name, experiment_id=experiment_id)
    return get_store().monitors.update(found.monitor_id, state="stopped", by=user_name())


def resume(name: str, *, experiment_id: str | None = None) -> Monitor:
    """Have a monitor go on that was stopped, or that paused by itself; what waited meanwhile is scored.

    What came while it was paused has waited too. What came while it was stopped has not: :func:`backfill` scores it.
    Other than ``start``, this leaves the settings as they were, limits a day among them.

    Args:
        name: of the scorer.
        experiment_id: whose traffic; the current experiment's unless told.

    Raises:
        NotFound: there is no monitor of this name.
    """
    found = find_monitor(name, experiment_id=experiment_id)
    return get_store().monitors.update(found.monitor_id, state="active", by=user_name())


def list_monitors(*, experiment_id: str | Sequence[str] | None = None) -> tuple[Monitor, ...]:
    """Return the monitors of experiments, by name.

    Args:
        experiment_id: one or several; the current one unless told, all for an empty list.
    """
    if experiment_id is None:
        return get_store().monitors.list([active_experiment_id()])
    chosen = [experiment_id] if isinstance(experiment_id, (str, int)) else experiment_id
    return get_store().monitors.list([str(one) for one in chosen])


def find_monitor(name: str, *, experiment_id: str | None = None) -> Monitor:
    """Return the monitor of a scorer.

    Raises:
        NotFound: there is none; the message says which there are.
    """
    experiment, monitors = _experiment(experiment_id), get_store().monitors
    found = monitors.find(experiment, name)
    if found is not None:
        return found
    names = ", ".join(repr(one.name) for one in monitors.list([experiment])[:20]) or "none"
    raise NotFound(
        f"Scorer {name!r} does not watch the traffic of experiment {experiment}: start it first. "
        f"Its monitors are: {names}."
    )


def backfill(
    scorer: Any, start: datetime | int, end: datetime | int | None = None, *, experiment_id: str | None = None
) -> Backfill:
    """Have the traces of a past window scored too, at the monitor's share, by its filter and within its limits.

    Traces that it has scored before are not scored again.

    Args:
        scorer: the scorer, or its name. It must have been started.
        start, end: traces that began in [start, end): datetimes (without a zone they are UTC) or milliseconds since
            1970. The end is now unless told.
        experiment_id: whose traffic; where the scorer was registered unless told, else the current experiment's.

    Raises:
        NotFound: it never began to watch.
        InvalidArgument: the window is empty.
    """
    name = scorer if isinstance(scorer, str) else scorer.name
    where = experiment_id or getattr(scorer, "registered_in", None)
    first, last = _moment(start), _moment(datetime.now(UTC) if end is None else end)
    if first >= last:
        raise InvalidArgument(f"The window from {start} to {end} is empty: its start comes before its end.")
    found = find_monitor(name, experiment_id=where)
    return get_store().monitors.backfill(found.monitor_id, first, last, by=user_name())


def watched_of(monitor: Monitor) -> Watched:
    """Return what the scorer of a monitor says of itself."""
    return Watched(
        monitor_id=monitor.monitor_id,
        status=_STATUS[monitor.state] if monitor.sample_rate else ScorerStatus.STOPPED,
        sample_rate=0.0 if monitor.state == "stopped" else monitor.sample_rate,
        filter_string=monitor.filter_string or None,
        reason=monitor.reason,
    )


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)


def _moment(when: datetime | int) -> int:
    if isinstance(when, bool) or not isinstance(when, (int, float, datetime)):
        raise InvalidArgument(f"{when!r} is no moment: give a datetime, or milliseconds since 1970.")
    if not isinstance(when, datetime):
        return int(when)
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def _checked(config: Any) -> ScorerSamplingConfig:
    """Return a configuration; MLflow's own will do."""
    if isinstance(config, ScorerSamplingConfig):
        return config
    if not hasattr(config, "sample_rate"):
        raise InvalidArgument(f"sampling_config is a ScorerSamplingConfig, not {type(config).__name__}.")
    return ScorerSamplingConfig(sample_rate=config.sample_rate, filter_string=getattr(config, "filter_string", None))
