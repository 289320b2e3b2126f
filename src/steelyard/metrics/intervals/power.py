"""How small a difference these rows can show, and how many more rows would settle one."""

from __future__ import annotations

import math

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals.interval import check_confidence, normal_quantile, two_sided_z


def minimum_detectable_effect(
    n: float,
    variance: float,
    *,
    noise: float = 0.0,
    repeats: int = 1,
    confidence: float = 0.95,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> float:
    """Return the smallest true difference that n rows show with the given power.

    δ = (z_{α/2} + z_β) √((ω² + σ²/K)/n) (Miller 2024, §5).

    Args:
        n: rows (paired rows, when ``variance`` is that of the paired difference).
        variance: ω², the variance over rows of the difference of expected scores; with ``noise`` left at 0 the plain
            variance of the observed differences.
        noise: σ_A² + σ_B², the variances within a row over repeats.
        repeats: K, answers per row that are averaged.
        confidence: of the two-sided interval.
        power: chance to show it.
        design_effect: 1 + (rows per cluster − 1) · ICC for clustered rows.

    Examples:
        >>> round(minimum_detectable_effect(1000, 1 / 9, noise=1 / 3), 7)
        0.0590626
    """
    if n <= 0:
        return math.inf
    return _reach(confidence, power) * math.sqrt((variance + noise / repeats) * design_effect / n)


def rows_needed(
    effect: float,
    variance: float,
    *,
    noise: float = 0.0,
    repeats: int = 1,
    confidence: float = 0.95,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> int:
    """Return how many rows show a true difference of ``effect`` with the given power.

    n = (z_{α/2} + z_β)² (ω² + σ²/K)/δ² (Miller 2024, §5). Arguments as for ``minimum_detectable_effect``.

    Raises:
        InvalidArgument: the effect is 0: no number of rows shows it.

    Examples:
        >>> rows_needed(0.03, 1 / 9, noise=1 / 3)
        3876
    """
    if effect == 0:
        raise InvalidArgument("effect must not be 0: no number of rows shows a difference of nothing.")
    exact = _reach(confidence, power) ** 2 * (variance + noise / repeats) * design_effect / effect**2
    return math.ceil(exact - 1e-9)


def rows_to_settle(
    difference: float,
    se: float,
    n: int,
    *,
    margin: float = 0.0,
    confidence: float = 0.95,
    power: float = 0.8,
) -> int | None:
    """Return about how many more rows would settle an undecided difference, if it is as large as it looks.

    A verdict falls when the interval leaves 0 or lies within ±margin. With N rows its standard error is se√(n/N), so
    with the given power N = n((z_{α/2} + z_β) se/gap)², where the gap is |difference| (to leave 0) or
    margin − |difference| (to stay within), whichever is wider.

    Args:
        difference: the estimate.
        se: its standard error with the present rows.
        n: the present rows.
        margin: half-width of the zone of equivalence; 0 for none.
        confidence: of the interval that decides.
        power: chance that those rows are enough.

    Returns:
        More rows, at least 1; None when there is no telling (no standard error, no gap, above a thousand million).

    Examples:
        >>> rows_to_settle(0.039, 0.0204, 205, margin=0.01)
        236
    """
    gap = max(abs(difference), margin - abs(difference))
    if not (se > 0 and gap > 0 and n > 0) or not math.isfinite(se + gap):
        return None
    more = n * ((_reach(confidence, power) * se / gap) ** 2 - 1.0)
    return None if more > 1e9 else max(math.ceil(more), 1)


def _reach(confidence: float, power: float) -> float:
    check_confidence(confidence)
    if not 0.0 < power < 1.0:
        message = f"power must lie between 0 and 1, such as 0.8; it is {power!r}."
        raise InvalidArgument(message)
    return two_sided_z(confidence) + float(normal_quantile(power))
