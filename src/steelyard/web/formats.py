"""How numbers, times and sizes are written on pages: three decimals for scores, one for points, a real minus sign."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Protocol

from steelyard.records import Estimate
from steelyard.records.metric import Unit

MINUS = "\N{MINUS SIGN}"
NO_VALUE = "undefined"

_DECIMALS = 3
_MANY = 9_999.5


class HasUnit(Protocol):
    """A metric's description, or a difference in it."""

    @property
    def unit(self) -> Unit: ...


def score(value: float | None, info: HasUnit | None = None) -> str:
    """Write a metric's value in its own unit.

    Examples:
        >>> score(0.88765), score(None), score(-1.5)
        ('0.888', 'undefined', '−1.500')
        >>> from steelyard.records import MetricInfo
        >>> score(51234.4), score(1e-7), score(53.0, MetricInfo(name="n", title="Count", unit="count"))
        ('51,234', '1.00e−7', '53')
    """
    if value is None or math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if info is not None and info.unit in ("count", "tokens") and value == round(value):
        return _minus(f"{value:,.0f}")
    size = abs(value)
    if size != 0 and size < 0.0005:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return _minus(f"{mantissa}e{int(exponent)}")
    if size >= 1e9:
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return _minus(f"{mantissa}e{int(exponent)}")
    if size > _MANY:
        return _minus(f"{value:,.0f}")
    if size >= 100:
        return _minus(f"{value:,.1f}")
    if size >= 10:
        return _minus(f"{value:.2f}")
    return _minus(f"{value:.{_DECIMALS}f}")


def interval(estimate: Estimate, info: HasUnit | None = None) -> str:
    """Write an interval as ``[low, high]``, or nothing when there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"[{score(estimate.low, info)}, {score(estimate.high, info)}]"


def plus_minus(estimate: Estimate, info: HasUnit | None = None) -> str:
    """Write an interval's half-width as ``±0.018``, for dense cells."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"±{score((estimate.high - estimate.low) / 2, info)}"


def in_points(info: HasUnit | None) -> bool:
    """Whether differences of this metric are told in points, hundredths of its unit."""
    return info is None or info.unit == "share"


def signed(value: float | None, info: HasUnit | None = None) -> str:
    """Write a difference with its sign, in points for shares.

    Examples:
        >>> signed(0.026), signed(-0.0614), signed(0.0)
        ('+2.6', '−6.1', '0.0')
        >>> from steelyard.records import MetricInfo
        >>> signed(-0.051, MetricInfo(name="log_loss", title="Log loss", unit="loss"))
        '−0.051'
    """
    if value is None or math.isnan(value):
        return NO_VALUE
    text = _minus(f"{value * 100:.1f}") if in_points(info) else score(value, info)
    if text in ("−0.0", "0.0", "0.000", "−0.000"):
        return text.removeprefix(MINUS)
    return text if text.startswith(MINUS) else f"+{text}"


def signed_interval(low: float | None, high: float | None, info: HasUnit | None = None) -> str:
    """Write the interval of a difference."""
    if low is None or high is None:
        return ""
    return f"[{signed(low, info)}, {signed(high, info)}]"


def level(confidence: float) -> str:
    """Write a confidence as a percentage without needless decimals.

    Examples:
        >>> level(0.95), level(0.999)
        ('95%', '99.9%')
    """
    return f"{round(100 * confidence, 2):g}%"


def count(value: float) -> str:
    """Write a count: whole when it is, one decimal when weights made it broken."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return "" if math.isnan(share) else f"{100 * share:.1f}%"


def duration(milliseconds: float | None) -> str:
    """Write how long something took.

    Examples:
        >>> duration(0.4), duration(38), duration(1_300), duration(112_000), duration(7_380_000)
        ('400 µs', '38 ms', '1.3 s', '1 min 52 s', '2 h 3 min')
    """
    if milliseconds is None or milliseconds < 0:
        return ""
    if 0 < milliseconds < 1:
        return f"{max(1.0, milliseconds * 1000):.0f} µs"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def stretch(milliseconds: float) -> str:
    """Write a length of time in the units that it is round in, or in its two greatest.

    Examples:
        >>> stretch(300_000), stretch(86_400_000), stretch(10_800_000), stretch(1_346_940_000), stretch(800)
        ('5 min', '1 day', '3 h', '15 days 14 h', '800 ms')
    """
    days, rest = divmod(round(milliseconds / 1000), 86_400)
    hours, minutes = divmod(rest, 3600)
    if days:
        return plural(days, "day") + (f" {hours} h" if hours and days < 60 else "")
    if hours and minutes < 60:
        return f"{hours} h"
    return duration(milliseconds).removesuffix(" 0 s").replace(".0 s", " s")


def size(number: int | None) -> str:
    """Write a file's size in powers of 1,000."""
    if number is None:
        return ""
    amount = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


def moment(milliseconds: int | None) -> str:
    """Write a moment in full, in UTC."""
    if not milliseconds:
        return "not recorded"
    when = _when(milliseconds)
    return f"{when.day} {when:%B %Y, %H:%M} UTC" if when else "not recorded"


def iso(milliseconds: int | None) -> str:
    """Write a moment for machines."""
    when = _when(milliseconds or 0)
    return f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else ""


def ago(milliseconds: int | None, now: float) -> str:
    """Write how long ago a moment was; ``now`` is in milliseconds.

    Examples:
        >>> ago(0, 5), ago(1_000, 31_000), ago(1_000, 7_300_000), ago(1_000, 90_000_000)
        ('not recorded', 'now', '2 h ago', 'yesterday')
    """
    if not milliseconds:
        return "not recorded"
    seconds = (now - milliseconds) / 1000
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    if seconds < 172_800:
        return "yesterday"
    if seconds < 30 * 86_400:
        return f"{seconds // 86_400:.0f} days ago"
    when = _when(milliseconds)
    return f"{when.day} {when:%b %Y}" if when else "not recorded"


def plural(number: float, one: str, many: str = "") -> str:
    """Write a count with its noun."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def about(number: int, one: str) -> str:
    """Write a forecast of a count with its noun, to the two figures that a forecast deserves.

    Examples:
        >>> about(6712, "more row"), about(7, "more row")
        ('6,700 more rows', '7 more rows')
    """
    power = 10 ** max(0, len(str(number)) - 2)
    return plural(round(number / power) * power, one)


def _when(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):  # a stored time outside the calendar
        return None


def _minus(text: str) -> str:
    return text.replace("-", MINUS)
