"""What a metric is, apart from any value of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["share", "loss", "count", "score", "target", "seconds", "tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """The description of a metric that pages, gates and comparisons need.

    Args:
        name: the name as logged, such as ``accuracy_score``.
        title: the name that people read, such as ``Accuracy``.
        greater_is_better: None when neither direction is good (a count, a mean of the target).
        unit: ``share`` is 0 to 1 and differences are told in points; ``target`` is the target's own unit.
        lower, upper: the ends of the metric's range; None when it has none.
        headline: shown among the first on a run's page.
        family: the group it stands in, such as ``classification`` or ``calibration``.
    """

    name: str
    title: str
    greater_is_better: bool | None = True
    unit: Unit = "share"
    lower: float | None = 0.0
    upper: float | None = 1.0
    headline: bool = False
    family: str = ""
