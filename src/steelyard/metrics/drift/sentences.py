"""A drift in one sentence."""

from __future__ import annotations

from dataclasses import replace

from steelyard.metrics.drift.drift import METHOD_NAMES, Drift, DriftBin

_MOST_MOVED = 2
_WORTH_TELLING = 0.005  # of a share


def with_sentence(drift: Drift) -> Drift:
    """Return a drift that says in words what it found."""
    return replace(drift, sentence=_sentence(drift))


def _sentence(drift: Drift) -> str:
    name, sizes = drift.feature, f"{drift.n:,} rows against {drift.n_reference:,}"
    if drift.value is None or drift.floor_99 is None:
        return f"{name}: too few rows to tell ({sizes})."
    measured = f"{METHOD_NAMES[drift.method]} {drift.value:.3g}"
    chance = f"{drift.floor_99:.3g}"
    days = ", as its own days differ" if drift.floor_from == "days" else ""
    if not drift.is_drift:
        if drift.value > drift.floor_99:
            return (
                f"{name} may have moved: {measured} is above the {chance} that chance reaches once in a hundred times"
                f"{days}, but not by enough for so many features looked at ({sizes})."
            )
        return f"{name} has not moved beyond chance: {measured}, and chance alone reaches {chance}{days} ({sizes})."
    moved = _moved(drift.bins)
    return f"{name} has moved: {measured}, where chance alone stays below {chance}{days}{moved} ({sizes})."


def _moved(bins: tuple[DriftBin, ...]) -> str:
    most = sorted(bins, key=lambda one: -one.part)[:_MOST_MOVED]
    told = [one for one in most if abs(one.current - one.reference) >= _WORTH_TELLING]
    parts = [f"{one.label} from {one.reference:.1%} to {one.current:.1%}" for one in told]
    return f"; {' and '.join(parts)} of the rows" if parts else ""
