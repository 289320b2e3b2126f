"""What a rule can say: a rule that could never be evaluated is refused when it is written."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection
from typing import get_args

from steelyard.errors import InvalidArgument
from steelyard.records.alarm import Condition, NoData, RuleDraft, Series, SeriesKind
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_integer, check_name, check_value
from steelyard.store.sql.filter import parse_filter
from steelyard.store.sql.trace_filter import TRACES

_MAX_NAME = 200
_MINUTE, _DAY = 60_000, 86_400_000
_MAX_CHANNELS = 10
_TRAFFIC = (
    *("count", "error_rate", "duration_p50", "duration_p90", "duration_p95", "duration_p99"),
    *("input_tokens", "output_tokens", "cost"),
)
_HEALTH = ("backlog", "delay", "failures")
_SOURCES = ("", "LLM_JUDGE", "CODE", "HUMAN")
_DISTANCES = ("", "psi", "js", "ks", "chi2", "embedding")
_GROUPED = ("name", "model", "status", "version")
_BASELINES = ("", "previous", "last_week")
_WINDOW = re.compile(r"window:(\d{1,15}):(\d{1,15})")


def check_draft(draft: RuleDraft) -> RuleDraft:
    """Return a draft as it can be kept, or say what is wrong with it.

    Raises:
        InvalidArgument, FilterError: naming the field.
    """
    check_line(draft.name, "name of the rule", limit=_MAX_NAME)
    _check_series(draft.series)
    _check_condition(draft.condition, draft.series)
    _check_span(draft.window_ms, "window_ms", _MINUTE, 90 * _DAY)
    _check_span(draft.every_ms, "every_ms", 10_000, 30 * _DAY)
    if draft.again_ms:
        _check_span(draft.again_ms, "again_ms", _MINUTE, 90 * _DAY)
    _check_word(draft.no_data, "no_data", get_args(NoData))
    _check_word(draft.severity, "severity", ("warning", "critical"))
    if not 1 <= check_integer(draft.recover_after, "recover_after") <= 1_000:
        raise InvalidArgument(f"recover_after={draft.recover_after} is out of range: give 1 to 1,000 looks.")
    _check_channels(draft.channels)
    check_value(draft.note, "note of the rule", limit=MAX_TAG_VALUE)
    return draft


def check_line(value: str, what: str, *, limit: int) -> str:
    """Return a text that is one line, and not empty."""
    check_name(value, what, limit=limit)
    if value != value.strip() or not value.isprintable():
        raise InvalidArgument(
            f"The {what} {value!r} is not one line of text: take out line breaks, control characters and outer spaces."
        )
    return value


def _check_series(series: Series) -> None:
    _check_word(series.kind, "kind of the series", get_args(SeriesKind))
    check_line(series.what, "what of the series", limit=2 * MAX_KEY)
    _WHAT[series.kind](series)
    _check_word(series.source, "source of the series", _SOURCES)
    if series.source and series.kind != "score":
        raise InvalidArgument(f"source={series.source!r} is for scores, and this series is of kind {series.kind!r}.")
    _check_word(series.method, "method of the series", _DISTANCES)
    if series.method and series.kind != "drift":
        raise InvalidArgument(f"method={series.method!r} is for drift, and this series is of kind {series.kind!r}.")
    check_value(series.filter_string, "filter of the series", limit=MAX_TAG_VALUE)
    parse_filter(series.filter_string, TRACES)
    if series.by:
        _check_by(series)
    if series.filter_string.strip() and series.kind in ("judge", "monitor"):
        raise InvalidArgument(f"A series of kind {series.kind!r} is not of traces: leave its filter_string out.")


def _check_by(series: Series) -> None:
    check_line(series.by, "by of the series", limit=MAX_KEY + 4)
    if series.kind in ("judge", "monitor"):
        raise InvalidArgument(f"A series of kind {series.kind!r} has no groups: leave by out.")
    if series.by not in _GROUPED and not (series.by.startswith("tag.") and len(series.by) > len("tag.")):
        raise InvalidArgument(f"by={series.by!r} is none of: {', '.join(_GROUPED)}, tag.<key>.")


def _check_traffic(series: Series) -> None:
    _check_word(series.what, "what of a series of traces", _TRAFFIC)


def _check_model(series: Series) -> None:
    model, slash, metric = series.what.rpartition("/")
    if not (model and slash and metric):
        raise InvalidArgument(f"what={series.what!r} names no metric of a model: write <model>/<metric>.")


def _check_monitor(series: Series) -> None:
    health, colon, name = series.what.partition(":")
    if health not in _HEALTH or not (colon and name):
        shown = ", ".join(f"{word}:<name>" for word in _HEALTH)
        raise InvalidArgument(f"what={series.what!r} is nothing of a monitor: write one of {shown}.")


def _any_name(series: Series) -> None:
    """A score, a feature or a judge may have any name, and may be there later."""


_WHAT: dict[str, Callable[[Series], None]] = {
    "traces": _check_traffic,
    "score": _any_name,
    "drift": _any_name,
    "model": _check_model,
    "judge": _any_name,
    "monitor": _check_monitor,
}


def _check_condition(condition: Condition, series: Series) -> None:
    _check_word(condition.method, "method of the condition", ("threshold", "change", "anytime"))
    _check_word(condition.direction, "direction of the condition", ("below", "above"))
    if condition.value is not None:
        _check_number(condition.value, "value")
    if _check_number(condition.margin, "margin") < 0:
        raise InvalidArgument(f"margin={condition.margin} is negative: say by how much worse is tolerated, 0 or more.")
    if not 0.5 <= _check_number(condition.confidence, "confidence") < 1:
        raise InvalidArgument(f"confidence={condition.confidence} is out of range: give 0.5 or more, and less than 1.")
    if not 0 < _check_number(condition.false_alarms_per_year, "false_alarms_per_year") <= 10_000:
        raise InvalidArgument(
            f"false_alarms_per_year={condition.false_alarms_per_year} is out of range: give above 0, at most 10,000."
        )
    if not 1 <= check_integer(condition.min_n, "min_n") <= 10**9:
        raise InvalidArgument(f"min_n={condition.min_n} is out of range: give 1 or more rows.")
    if not _check_number(condition.low, "low") < _check_number(condition.high, "high"):
        raise InvalidArgument(f"low={condition.low} is not below high={condition.high}: give the range of the numbers.")
    _check_baseline(condition.baseline)
    if condition.method == "change" and not condition.baseline:
        raise InvalidArgument("A change is against a baseline: give baseline='previous', 'last_week' or a window.")
    if condition.value is None and not condition.baseline and series.kind != "drift":
        raise InvalidArgument("The condition has nothing to hold the series against: give it a value or a baseline.")
    if condition.value is None and condition.method == "threshold" and series.kind not in ("drift", "judge"):
        raise InvalidArgument("A threshold needs its value. To compare with a baseline, use method='change'.")


def _check_baseline(baseline: str) -> None:
    if baseline in _BASELINES:
        return
    window = _WINDOW.fullmatch(baseline) if isinstance(baseline, str) else None
    if window is None:
        shown = "previous, last_week or window:<start_ms>:<end_ms>"
        raise InvalidArgument(f"baseline={baseline!r} cannot be read: write {shown}.")
    if int(window[1]) >= int(window[2]):
        raise InvalidArgument(f"baseline={baseline!r} ends before it begins.")


def _check_channels(channels: Collection[str]) -> None:
    if isinstance(channels, str):
        raise InvalidArgument("channels is a list of names: put a single one in brackets.")
    if len(channels) > _MAX_CHANNELS or len(set(channels)) < len(channels):
        raise InvalidArgument(
            f"channels names each channel once, and at most {_MAX_CHANNELS}; here are {len(channels)}."
        )
    for name in channels:
        check_line(name, "name of a channel", limit=_MAX_NAME)


def _check_word(value: object, what: str, words: Collection[str]) -> None:
    if not isinstance(value, str) or value not in words:
        raise InvalidArgument(f"The {what} is {value!r}, and may be: {', '.join(word for word in words if word)}.")


def _check_number(value: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise InvalidArgument(f"{what}={value!r} is not a finite number.")
    return value


def _check_span(value: int, what: str, least: int, most: int) -> None:
    if not least <= check_integer(value, what) <= most:
        raise InvalidArgument(f"{what}={value} is out of range: give {_span(least)} to {_span(most)}, in milliseconds.")


def _span(ms: int) -> str:
    for unit, size in (("days", _DAY), ("minutes", _MINUTE)):
        if ms >= size:
            n = ms // size
            return f"{n} {unit if n > 1 else unit[:-1]}"
    return f"{ms // 1000} s"
