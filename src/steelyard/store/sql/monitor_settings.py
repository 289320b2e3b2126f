"""What people set of a monitor, checked."""

from __future__ import annotations

import sys
from typing import Any, get_args

from steelyard.errors import InvalidArgument
from steelyard.records.monitor import MonitorLevel, MonitorState, ScorerSamplingConfig
from steelyard.store.limits import check_integer, check_value
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter import compile_condition, parse_filter
from steelyard.store.sql.trace_filter import TRACES, trace_comparison

MAX_SETTLE_MS = 86_400_000
MAX_REASON = 2_000
_MAX_FILTER = 10_000
_SETTLE_MS: dict[MonitorLevel, int] = {"trace": 10_000, "session": 300_000}


def settings_of(config: ScorerSamplingConfig, dialect: Dialect) -> dict[str, Any]:
    """Return what a configuration says, by the names of the columns; what it leaves open is left out.

    Raises:
        InvalidArgument, FilterError: a setting cannot be used.
    """
    settings: dict[str, Any] = {}
    if config.sample_rate is not None:
        settings["sample_rate"] = _rate(config.sample_rate)
    if config.filter_string is not None:
        settings["filter_string"] = _filter(config.filter_string, dialect)
    if config.settle_seconds is not None:
        settings["settle_ms"] = _settle_ms(config.settle_seconds)
    if config.max_cost_per_day is not None:
        settings["max_cost_per_day"] = _cost(config.max_cost_per_day)
    if config.max_scorings_per_day is not None:
        settings["max_scorings_per_day"] = _count(config.max_scorings_per_day)
    return settings


def first_settings(config: ScorerSamplingConfig, level: MonitorLevel, dialect: Dialect) -> dict[str, Any]:
    """Return what a monitor begins with: what the configuration leaves open has its default.

    Raises:
        InvalidArgument, FilterError: a setting cannot be used.
    """
    if level not in get_args(MonitorLevel):
        msg = f"level={level!r} is none: a monitor judges each 'trace' or each 'session'."
        raise InvalidArgument(msg)
    defaults = {"sample_rate": 1.0, "filter_string": "", "settle_ms": _SETTLE_MS[level]}
    limits = {"max_cost_per_day": None, "max_scorings_per_day": None}
    return {"level": level, **defaults, **limits, **settings_of(config, dialect)}


def check_monitor_state(state: MonitorState) -> MonitorState:
    """Return a state, or say that it is none."""
    if state in get_args(MonitorState):
        return state
    msg = f"state={state!r} is none of a monitor's: {', '.join(map(repr, get_args(MonitorState)))}."
    raise InvalidArgument(msg)


def _rate(rate: float) -> float:
    if _is_number(rate) and 0 <= rate <= 1:
        return float(rate)
    msg = f"sample_rate={rate!r} is no share: give a number from 0 to 1, such as 0.1 for a tenth of the traces."
    raise InvalidArgument(msg)


def _filter(filter_string: str, dialect: Dialect) -> str:
    filter_string = check_value(filter_string, "filter of a monitor", limit=_MAX_FILTER)
    condition = parse_filter(filter_string, TRACES)
    if condition is not None:
        compile_condition(condition, lambda one: trace_comparison(one, dialect))
    return filter_string


def _settle_ms(seconds: float) -> int:
    if _is_number(seconds) and 0 <= seconds * 1000 <= MAX_SETTLE_MS:
        return round(seconds * 1000)
    msg = f"settle_seconds={seconds!r} cannot be used: give seconds from 0 to {MAX_SETTLE_MS // 1000:,} (a day)."
    raise InvalidArgument(msg)


def _cost(cost: float) -> float:
    if _is_number(cost) and cost >= 0:
        return float(cost)
    msg = f"max_cost_per_day={cost!r} is no sum of money: give US dollars, 0 or more."
    raise InvalidArgument(msg)


def _count(count: int) -> int:
    checked = check_integer(count, "max_scorings_per_day")
    if checked >= 0:
        return checked
    msg = f"max_scorings_per_day={count!r} is below zero: give how many scorings a day may have."
    raise InvalidArgument(msg)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
