"""Changes between two windows in words: names of measures, amounts in their units, what got worse and better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from steelyard.monitor.windows_compared_records import WindowChange
from steelyard.web import links
from steelyard.web.contexts.changes import DimensionParts, MeasureRow
from steelyard.web.formats import MINUS, duration, percent, plural, score, signed
from steelyard.web.quality import source_word

TITLES: Mapping[str, str] = {
    "error_rate": "Share that failed",
    "duration_p50": "Median latency",
    "duration_p95": "95% are done in",
    "input_tokens": "Input tokens a trace",
    "output_tokens": "Output tokens a trace",
    "cost": "Cost a trace",
}
STATES: Mapping[str, str] = {"better": "better", "worse": "worse", "equivalent": "same", "undecided": "unsure"}


def title_of(change: WindowChange) -> str:
    """Return what people call a measure; of a score its name and who says it."""
    name = change.measure.removeprefix("score:")
    if name == change.measure:
        return TITLES.get(name, name)
    return f"{name} ({source_word(change.source)})" if change.source else name


def amount(value: float | None, unit: str) -> str:
    """Write an amount in its unit.

    Examples:
        >>> amount(0.0412, "share"), amount(1340.0, "ms"), amount(812.25, "tokens"), amount(0.00213, "USD")
        ('4.1%', '1.3 s', '812.2', '$0.00213')
        >>> amount(None, "ms"), amount(-3.5, "")
        ('–', '−3.500')
    """
    if value is None:
        return "–"
    sign, size = (MINUS if value < 0 else ""), abs(value)
    match unit:
        case "share":
            return sign + percent(size)
        case "ms":
            return sign + duration(size)
        case "tokens":
            return f"{sign}{size:,.1f}"
        case "USD":
            return f"{sign}${size:.3g}" if size else "$0"
        case _:
            return score(value)


def moved(value: float | None, unit: str) -> str:
    """Write a difference with its sign; of shares in points.

    Examples:
        >>> moved(0.052, "share"), moved(-120.0, "ms"), moved(0.0, "USD")
        ('+5.2', '−120 ms', '$0')
    """
    if value is None:
        return "–"
    if unit == "share":
        return signed(value)
    text = amount(value, unit)
    return text if value <= 0 else f"+{text}"


def moved_between(low: float | None, high: float | None, unit: str) -> str:
    """Write the interval of a difference; nothing where there is none."""
    return "" if low is None or high is None else f"[{moved(low, unit)}, {moved(high, unit)}]"


def watch_address(experiment_id: str, kind: str, what: str, **more: str) -> str:
    """Return the form of a new alarm rule with its series filled in: ``by``, ``source``, ``filter``, ``distance``."""
    return links.alarm_rule(experiment_id, "new", series=f"{kind}:{what}", kind=kind, what=what, **more)


def said_of(told: Sequence[MeasureRow], rows: Sequence[MeasureRow]) -> str:
    """Return what got worse and better, in one line."""
    if not rows:
        return "There is nothing to compare: one of the windows has no traces."
    worse = [one.title for one in told if one.state == "worse"]
    better = [one.title for one in told if one.state == "better"]
    if not told:
        same = sum(one.state == "same" for one in rows)
        unsure = len(rows) - same
        said = "Nothing got worse or better for sure."
        return f"{said} {plural(same, 'measure')} equivalent within the margin, {unsure} undecided."
    parts = []
    if worse:
        parts.append(f"Worse: {', '.join(worse)}.")
    parts.append(f"Better: {', '.join(better)}." if better else "Nothing got better for sure.")
    return " ".join(parts if worse else ["Nothing got worse for sure.", *parts])


def explained(whole: WindowChange | None, row: WindowChange | None, parts: Sequence[DimensionParts], by: str) -> str:
    """Return how much of a change its first slice makes, and how much a shift of the shares makes."""
    if whole is None or whole.difference is None:
        return ""
    said = []
    total = f"{moved(whole.difference, whole.unit)}{' points' if whole.unit == 'share' else ''}"
    if row is not None and row.verdict == "worse":
        said.append(
            f"{row.slice} makes {moved(row.contribution, row.unit)} of the {total}: {moved(row.within, row.unit)} by "
            f"its own change and {moved(row.mix, row.unit)} by its share of the traffic."
        )
    part = next((one for one in parts if one.by == by), None)
    if part is not None:
        said.append(
            f"By {by}: {moved(part.within, whole.unit)} of the {total} is change within slices, "
            f"{moved(part.mix, whole.unit)} is a shift of their shares."
        )
    return " ".join(said)
