"""The period that a model's page tells of, in whole windows of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.errors import InvalidArgument
from steelyard.records import ProductionModel
from steelyard.web.traceview import DAY, HOUR, Params, moment_of

_RANGES: Mapping[str, int] = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
_MOST_WINDOWS = 92
_LONGEST = 4_000 * DAY


@dataclass(frozen=True, slots=True)
class ModelPeriod:
    """[start, end) in windows of ``step_ms``, each some of the model's own; ``range`` is empty for one's own."""

    range: str
    start_ms: int
    end_ms: int
    step_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


def ranges_of(model: ProductionModel) -> tuple[str, ...]:
    """Return the ranges that are a click away: of hours only where numbers are kept by hour."""
    return (*(name for name in _RANGES if model.window_ms < DAY or name != "24h"), "all")


def model_period(query: Params, model: ProductionModel, *, now_ms: int) -> ModelPeriod:
    """Return the period of an address: 30 days up to now, or up to the last prediction if that is older, unless told.

    Raises:
        InvalidArgument: it cannot be read, or is too long.
    """
    start, end = moment_of(query.get("start", ""), "start"), moment_of(query.get("end", ""), "end")
    if start is not None or end is not None:
        last = max(model.last_ms + 1, 1) if end is None else end
        first = model.first_ms if start is None else start
        if first >= last:
            raise InvalidArgument("The period ends before it begins. Choose a later end, or an earlier start.")
        return _made("", first, last, model)
    asked = query.get("range", "").strip()
    ranges = ranges_of(model)
    if asked and asked not in ranges:
        raise InvalidArgument(f"range={asked!r} is not known. Use {', '.join(ranges)}.")
    name = asked or _holding(model, now_ms)
    if name == "all":
        return _made("all", model.first_ms, model.last_ms + 1, model)
    end = now_ms - now_ms % model.window_ms + model.window_ms
    return _made(name, end - _RANGES[name], end, model)


def _holding(model: ProductionModel, now_ms: int) -> str:
    return "30d" if model.last_ms > now_ms - 30 * DAY else "all"


def _made(name: str, start: int, end: int, model: ProductionModel) -> ModelPeriod:
    if end - start > _LONGEST:
        raise InvalidArgument("This period is too long to be drawn. Choose a shorter one.")
    width = model.window_ms
    start, end = start - start % width, end + -end % width
    windows = (end - start) // width
    step = width * -(-windows // _MOST_WINDOWS)
    if step > width and width == HOUR:
        step = -(-step // DAY) * DAY if step > 12 * HOUR else step
    start -= (step - (end - start) % step) % step
    return ModelPeriod(name, start, end, step)
