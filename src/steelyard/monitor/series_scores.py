"""Readings of feedback: the share that is good, or the mean of the numbers."""

from __future__ import annotations

from steelyard.metrics.score_estimates import mean_of
from steelyard.monitor.series_reading import Reading, finished
from steelyard.records import ScoreWindow, Series, Store


def read_scores(
    store: Store,
    experiment_id: str,
    series: Series,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    reference: tuple[int, int] | None = None,
) -> tuple[Reading, ...]:
    """Return a reading for each window of ``step_ms`` and each group that has feedback of the series' name."""
    windows = store.scores.windows(
        [experiment_id],
        series.what,
        start_ms=start_ms,
        end_ms=end_ms,
        step_ms=step_ms,
        source=series.source,
        by=series.by,
        filter_string=series.filter_string,
        origin_ms=start_ms,
    )
    return tuple(score_reading(window, end_ms=end_ms) for window in windows)


def score_reading(window: ScoreWindow, *, end_ms: int) -> Reading:
    """Return what feedback says: its pass rate where most of its values are verdicts, else the mean of its numbers.

    Words that are no verdicts have neither; there is no number then, and the note says so.
    """
    place = {"group": window.group, "start_ms": window.start_ms, "end_ms": min(window.end_ms, end_ms)}
    if window.verdicts and window.verdicts >= window.numbers:
        return finished(
            Reading(
                **place,
                shape="rate",
                value=window.passed / window.verdicts,
                n=window.verdicts,
                total=float(window.passed),
                unit="share",
                errors=window.errors,
            )
        )
    if window.numbers:
        mean = mean_of(window)
        return Reading(
            **place,
            shape="mean",
            value=mean.value,
            low=mean.low,  # of few rows, or of equal ones, there is no interval to show
            high=mean.high,
            n=window.numbers,
            total=window.total,
            squares=window.squares,
            least=window.low,
            most=window.high,
            se=mean.se if mean.se is not None else 0.0,  # all are equal
            errors=window.errors,
        )
    note = "its values are words, which have no mean" if window.n else ""
    return Reading(**place, shape="mean", errors=window.errors, note=note)
