"""A change between two windows in one sentence."""

from __future__ import annotations

from steelyard.monitor.windows_compared_records import WindowChange

_NAMES = {
    "error_rate": "Error rate",
    "duration_p50": "Median duration",
    "duration_p95": "95th percentile of duration",
    "input_tokens": "Input tokens per trace",
    "output_tokens": "Output tokens per trace",
    "cost": "Cost per trace",
}
_VERDICTS = {
    "better": "better",
    "worse": "worse",
    "equivalent": "equivalent within the margin",
    "undecided": "undecided",
}


def sentence_of(change: WindowChange) -> str:
    """Return what changed, by how much, of how many rows, and what that means."""
    name = _NAMES.get(change.measure, change.measure.removeprefix("score:"))
    where = f" of {change.slice}" if change.slice else ""
    sizes = f"n={change.before_n:,} and {change.after_n:,}"
    if change.before_missing or change.after_missing:
        sizes += f"; {change.before_missing:,} and {change.after_missing:,} more without a value"
    if change.before is None:
        return f"{name}{where}: {number(change.after, change.unit)}; there was none before ({sizes})."
    if change.after is None:
        return f"{name}{where}: there is none any more; it was {number(change.before, change.unit)} ({sizes})."
    went = f"from {number(change.before, change.unit)} to {number(change.after, change.unit)}"
    between = (
        ""
        if change.low is None or change.high is None
        else f", a difference of {number(change.low, change.unit)} to {number(change.high, change.unit)}"
    )
    return f"{name}{where} went {went}{between} ({sizes}): {_VERDICTS[change.verdict]}."


def number(value: float | None, unit: str) -> str:
    """Return a number with its unit.

    Examples:
        >>> number(0.123, "share"), number(1234.0, "ms"), number(-0.0021, "USD")
        ('12.3%', '1,234 ms', '−$0.0021')
    """
    if value is None:
        return "unknown"
    sign, size = ("−" if value < 0 else ""), abs(value)
    match unit:
        case "share":
            return f"{sign}{size:.1%}"
        case "USD":
            return f"{sign}${size:.3g}"
        case "ms":
            return f"{sign}{size:,.0f} ms"
        case "tokens":
            return f"{sign}{size:,.1f} tokens"
        case _:
            return f"{sign}{size:.4g}"
