"""Verdicts in plain words, with numbers as people write them."""

from __future__ import annotations

import math
import re

from steelyard.compare.results import Difference, RowCounts
from steelyard.records import SliceKey

MINUS = "\u2212"


def signed(value: float, decimals: int) -> str:
    """Return a number with its sign, a real minus among them.

    Examples:
        >>> signed(-6.13, 1), signed(0.0, 1), signed(2.6, 1)
        ('−6.1', '0.0', '+2.6')
    """
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def change(difference: Difference) -> str:
    """Return the difference with its unit and interval, such as ``−6.1 points [−9.8, −2.3]``."""
    if difference.difference is None:
        return "no difference can be told"
    scale, unit = _scale(difference)
    has_ends = difference.low is not None and difference.high is not None
    ends = (difference.low or 0.0, difference.high or 0.0) if has_ends else (0.0, 0.0)
    decimals = _decimals(scale * (ends[1] - ends[0]), scale * difference.difference, points=unit == " points")
    while decimals < 12 and any(end and float(f"{scale * end:.{decimals}f}") == 0 for end in ends):
        decimals += 1  # an end that is not zero must not look as if it were
    value = signed(scale * difference.difference, decimals)
    if not has_ends:
        return f"{value}{unit}, no interval"
    return f"{value}{unit} [{signed(scale * ends[0], decimals)}, {signed(scale * ends[1], decimals)}]"


def sentence(difference: Difference, label: str) -> str:
    """Return the verdict in words.

    Args:
        difference: with everything but its sentence.
        label: the slice's values, such as ``billing``; empty for all rows.
    """
    subject = label or difference.title
    about = f" in {lowered(difference.title)}" if label else ""
    told = change(difference)
    match difference.verdict:
        case "better" | "worse" as word:
            text = f"{subject} is {word}{about}: {told}{_small(difference)}."
        case "equivalent":
            text = f"{subject} is equivalent{about} within the margin of {_margin(difference)}: {told}."
        case "undecided":
            text = f"{subject} is undecided{about}: {told}{_though(difference)}.{_settle(difference)}"
        case _:
            text = (
                f"{subject} changed{about}: {told}." if difference.difference else f"{subject} did not change{about}."
            )
    return text + _failed(difference)


def rows_sentence(counts: RowCounts, p_value: float | None) -> str:
    """Return what became of the rows, such as ``86 rows fixed, 55 broken; McNemar exact p = 0.011.``"""
    test = "" if p_value is None else f"; McNemar exact p {_p(p_value)}"
    rest = f"{counts.still_wrong:,} still wrong, {counts.still_right:,} still right"
    return f"{_count(counts.fixed)} fixed, {counts.broken:,} broken, {rest}{test}."


def about_rows(rows: int) -> str:
    """Return a count to two figures, as a forecast deserves.

    Examples:
        >>> about_rows(236), about_rows(6712), about_rows(7)
        ('240', '6,700', '7')
    """
    if rows < 100:
        return str(rows)
    power = 10 ** (len(str(rows)) - 2)
    return f"{round(rows / power) * power:,}"


_PEOPLE = frozenset({"Brier", "Cohen", "Jaccard", "Kolmogorov", "Matthews"})


def lowered(title: str) -> str:
    """Return a title for the middle of a sentence: ``Log loss`` → ``log loss``, ``F1`` and ``ROC AUC`` as they are."""
    if re.split(r"[\s'–]", title, maxsplit=1)[0] in _PEOPLE:
        return title
    return title[:1].lower() + title[1:] if title[1:2].islower() or len(title) == 1 else title


def _says_little(value: str) -> bool:
    return not value[:1].isalpha() or value.lower() in ("yes", "no", "true", "false")


def slice_label(key: SliceKey) -> str:
    """Return a slice's values; with their dimensions where a value, such as ``< 100`` or ``yes``, says too little."""
    return " × ".join(f"{name} {value}" if _says_little(value) else value for name, value in key)


def _scale(difference: Difference) -> tuple[float, str]:
    if difference.unit == "share":
        return 100.0, " points"
    return 1.0, {"seconds": " s", "tokens": " tokens", "count": " rows"}.get(difference.unit, "")


def _decimals(width: float, value: float, *, points: bool) -> int:
    """Return decimals that show the interval's width to two figures; one for points unless they would all be zero."""
    size = width / 2 if width > 0 else abs(value)
    if not size > 0 or math.isinf(size):
        return 1 if points else 3
    needed = 1 - math.floor(math.log10(size))
    return min(max(needed - 1 if points and size >= 0.1 else needed, 1 if points else 0), 12)


def _margin(difference: Difference) -> str:
    scale, unit = _scale(difference)
    size = f"{scale * difference.margin:.3g}"
    return f"±{size}{' point' if unit == ' points' and size == '1' else unit}"


def _small(difference: Difference) -> str:
    ends = (difference.low, difference.high)
    if difference.margin == 0 or any(e is None or abs(e) > difference.margin for e in ends):
        return ""
    return f", less than the margin of {_margin(difference)}"


def _though(difference: Difference) -> str:
    """Say why a difference is undecided although its interval leaves zero out."""
    low, high = difference.low, difference.high
    if low is None or high is None or low <= 0 <= high:
        return ""
    if (
        difference.p_adjusted is not None
        and difference.p_value is not None
        and difference.p_adjusted > difference.p_value
    ):
        return f", but of so many slices some would by chance (adjusted p {_p(difference.p_adjusted)})"
    return ", but failed rows could tip it" if difference.failed_candidate or difference.failed_baseline else ""


def _settle(difference: Difference) -> str:
    if difference.rows_to_settle is None:
        return ""
    rows = difference.rows_to_settle
    return f" About {about_rows(rows)} more {'row' if rows == 1 else 'rows'} would settle it."


def _failed(difference: Difference) -> str:
    sides = ((difference.failed_candidate, "candidate"), (difference.failed_baseline, "baseline"))
    told = [f"{_count(count)} that only the {side} failed on" for count, side in sides if count]
    if not told:
        return ""
    joined = " and ".join(told)
    return f" {joined} {'counts' if joined.startswith('1 row ') and len(told) == 1 else 'count'} against it."


def _count(rows: int) -> str:
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
