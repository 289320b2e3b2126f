"""What is typed into the form of a monitor, as settings; and starting one from a page."""

from __future__ import annotations

import json
from typing import Any

from starlette.datastructures import FormData

from steelyard.errors import FilterError, InvalidArgument, SteelyardError, StoreError, UntrustedModel
from steelyard.judges.registering import scorer_from
from steelyard.records import Monitor, RegisteredScorer, Store
from steelyard.records.monitor import MonitorLevel, ScorerSamplingConfig
from steelyard.tracking.monitor_checks import check_watchable
from steelyard.web.contexts.monitors import SettingsForm

_MOST_SETTLE = 86_400
_MOST = 1_000_000_000
_LONGEST = 10_000


class Refused(InvalidArgument):
    """What was typed into a field cannot be used; ``args`` are the message and the field."""


def typed_settings(form: FormData) -> SettingsForm:
    """Return the fields as they were typed."""
    return SettingsForm(**{name: str(form.get(name, "")).strip() for name in SettingsForm.__dataclass_fields__})


def settings_of(monitor: Monitor) -> SettingsForm:
    """Return what stands in the fields of a monitor's form."""
    cost, scorings = monitor.max_cost_per_day, monitor.max_scorings_per_day
    return SettingsForm(
        rate=f"{100 * monitor.sample_rate:.10g}",
        filter=monitor.filter_string,
        settle=f"{monitor.settle_ms / 1000:.10g}",
        cost="" if cost is None else f"{cost:.10g}",
        scorings="" if scorings is None else str(scorings),
    )


def config_of(typed: SettingsForm) -> ScorerSamplingConfig:
    """Return the settings that were typed; an empty limit is None.

    Raises:
        Refused: a field cannot be used.
    """
    rate = _number(typed.rate.removesuffix("%"), most=100)
    if rate is None or rate == 0:
        raise Refused(f"{typed.rate!r} is no share. Write a percentage above 0 and at most 100, such as 10.", "rate")
    settle = _number(typed.settle, most=_MOST_SETTLE) if typed.settle else None
    if typed.settle and settle is None:
        raise Refused(f"{typed.settle!r} is no number of seconds from 0 to {_MOST_SETTLE:,} (a day).", "settle")
    cost = _number(typed.cost.removeprefix("$"), most=_MOST) if typed.cost else None
    if typed.cost and cost is None:
        raise Refused(f"{typed.cost!r} is no sum of US dollars. Write 2.50, or leave it empty for no limit.", "cost")
    scorings = _number(typed.scorings.replace(",", ""), most=_MOST) if typed.scorings else None
    if typed.scorings and (scorings is None or scorings != int(scorings)):
        message = f"{typed.scorings!r} is no whole number of scorings. Write 5000, or leave it empty for no limit."
        raise Refused(message, "scorings")
    if len(typed.filter) > _LONGEST:
        raise Refused(f"A filter may have {_LONGEST:,} characters.", "filter")
    return ScorerSamplingConfig(
        sample_rate=rate / 100,
        filter_string=typed.filter,
        settle_seconds=settle,
        max_cost_per_day=cost,
        max_scorings_per_day=None if scorings is None else int(scorings),
    )


def watching_of(registered: RegisteredScorer, config: ScorerSamplingConfig | None = None) -> tuple[MonitorLevel, str]:
    """Return what a scorer judges one by one, and why it can never watch; empty if it can."""
    try:
        made: Any = scorer_from(registered.definition)
    except UntrustedModel:  # its code is in the store alone, where workers may run it
        of_sessions = json.loads(registered.definition).get("is_session_level_scorer")
        return ("session" if of_sessions else "trace"), ""
    except SteelyardError as error:
        return "trace", f"It cannot be made again from what is kept: {error}"
    level: MonitorLevel = "session" if getattr(made, "is_session_level_scorer", False) else "trace"
    try:
        check_watchable(made, config)
    except InvalidArgument as error:
        return level, str(error)
    return level, ""


def start(store: Store, experiment_id: str, name: str, typed: SettingsForm, *, by: str) -> Monitor:
    """Have a registered scorer watch an experiment's traffic with the settings that were typed.

    Raises:
        Refused: a field cannot be used, or the scorer.
        NotFound: there is no such scorer.
    """
    config = config_of(typed)
    registered = store.scorers.get(experiment_id, name)
    level, why_not = watching_of(registered)
    if why_not:
        raise Refused(why_not, "scorer")
    _check_cost(registered, config)
    return _refusing(store, experiment_id, name, config, level=level, version=None, by=by)


def change(store: Store, monitor: Monitor, typed: SettingsForm, *, by: str) -> Monitor:
    """Change a monitor's settings to what was typed.

    Raises:
        Refused: a field cannot be used.
    """
    config = config_of(typed)
    _check_cost(store.scorers.get(monitor.experiment_id, monitor.name, version=monitor.version), config)
    freed = (monitor.max_cost_per_day is not None and config.max_cost_per_day is None) or (
        monitor.max_scorings_per_day is not None and config.max_scorings_per_day is None
    )
    if not freed:
        try:
            return store.monitors.update(monitor.monitor_id, config=config, by=by)
        except FilterError as error:
            raise Refused(str(error), "filter") from error
    # What an update leaves open stays as it is: only a start takes a limit away.
    changed = _refusing(
        store, monitor.experiment_id, monitor.name, config, level=monitor.level, version=monitor.version, by=by
    )
    if monitor.state == "active":
        return changed
    return store.monitors.update(monitor.monitor_id, state=monitor.state, reason=monitor.reason, by=by)


def _check_cost(registered: RegisteredScorer, config: ScorerSamplingConfig) -> None:
    if config.max_cost_per_day is not None:
        _, why_not = watching_of(registered, config)
        if why_not:
            raise Refused(why_not, "cost")


def _refusing(
    store: Store,
    experiment_id: str,
    name: str,
    config: ScorerSamplingConfig,
    *,
    level: MonitorLevel,
    version: int | None,
    by: str,
) -> Monitor:
    try:
        return store.monitors.start(experiment_id, name, config=config, level=level, version=version, by=by)
    except FilterError as error:
        raise Refused(str(error), "filter") from error
    except StoreError:
        raise
    except InvalidArgument as error:
        raise Refused(str(error), "rate") from error


def _number(text: str, *, most: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= most else None
