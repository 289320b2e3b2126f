"""The charts of a model: how much it predicted and what of it is labelled, and one metric over time with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from steelyard.records import MetricInfo, PredictionNumbers
from steelyard.web.contexts.dashboard import Chart
from steelyard.web.formats import count, plural, score
from steelyard.web.timecharts import interval_chart, stacked_chart


def model_charts(windows: Sequence[PredictionNumbers], metric: MetricInfo | None) -> tuple[Chart, ...]:
    """Return the charts of a model's page. Columns count from 1, after the table's first, which is the time."""
    n, labelled = sum(w.n for w in windows), sum(w.labelled for w in windows)
    share = f"{labelled / n:.0%} labelled" if n else "none labelled"
    volume = stacked_chart(
        windows,
        (("tokens-out", lambda w: w.labelled), ("passed", lambda w: w.n - w.labelled)),
        key="predictions",
        title="Predictions",
        says=f"{plural(n, 'prediction')}, {share}",
        columns=(1, 2),
        legend=(("tokens-out", "labelled"), ("passed", "without a label yet")),
    )
    if metric is None:
        return (volume,)
    found = [window.estimates.get(metric.name) for window in windows]
    known = sum(one is not None and one.value is not None for one in found)
    return (
        volume,
        interval_chart(
            found,
            key="metric",
            title=metric.title,
            says=f"in {count(known)} of {plural(len(windows), 'window')}",
            columns=(2, 3),
            label=lambda value: score(value, metric),
            within=(metric.lower, metric.upper),
            note="Bars are 95% intervals, of the labelled rows alone: those without a label may differ.",
        ),
    )
