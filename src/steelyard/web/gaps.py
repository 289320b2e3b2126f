"""Gaps between slices, by dimension and metric."""

from __future__ import annotations

from steelyard.records import EvaluationSummary, Gap
from steelyard.web.contexts.run import DimensionGaps, GapRow
from steelyard.web.evaluations import describe

_PLAIN = ("difference", "ratio")


def view_gaps(summary: EvaluationSummary) -> tuple[DimensionGaps, ...]:
    """Return the gaps of an evaluation: one row a metric, and the named fairness measures apart."""
    dimensions = dict.fromkeys(gap.dimension for gap in summary.gaps)
    return tuple(_of_dimension(name, [g for g in summary.gaps if g.dimension == name], summary) for name in dimensions)


def _of_dimension(dimension: str, gaps: list[Gap], summary: EvaluationSummary) -> DimensionGaps:
    plain = {(g.metric, g.measure): g for g in gaps if g.measure in _PLAIN}
    metrics = dict.fromkeys(metric for metric, _ in plain)
    rows = [
        GapRow(
            info=describe(metric, summary),
            difference=plain.get((metric, "difference")),
            ratio=plain.get((metric, "ratio")),
        )
        for metric in metrics
    ]
    rows.sort(key=lambda row: not row.info.headline)
    return DimensionGaps(
        dimension=dimension, metrics=tuple(rows), fairness=tuple(g for g in gaps if g.measure not in _PLAIN)
    )
