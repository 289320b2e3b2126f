"""Metrics over the repeats of a row: pass@k, pass^k, and whether the repeats agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from steelyard.evaluation.genai.aggregation.measures import Measure, mean
from steelyard.evaluation.genai.aggregation.units import Units
from steelyard.metrics.passing import pass_at_k, pass_hat_k
from steelyard.records import MetricInfo


def passing(
    info: Callable[[str, str], MetricInfo], rows: Units, good: np.ndarray, tries: np.ndarray, repeats: int
) -> Iterator[Measure]:
    """Yield pass@j and pass^j for j from 1 to the number of repeats: means over rows of unbiased estimates.

    A row with fewer than j usable tries is missing. Its bounds, and those of a row that has lost some tries, are what
    the row would have got with every lost try failed, and with every one passed.

    Args:
        info: describes a metric, by the end of its name and its title.
        rows: the rows.
        good: tries of each row that passed, shape (rows,).
        tries: tries of each that can be used.
        repeats: tries that were planned.
    """
    most = good + (repeats - tries)
    for j in range(1, repeats + 1):
        for sign, of, words in (("@", pass_at_k, "any of"), ("^", pass_hat_k, "all of")):
            about = info(f"pass{sign}{j}", f"passes in {words} {j} {'try' if j == 1 else 'tries'}")
            ends = of(good, repeats, j), of(most, repeats, j)
            yield mean(about, rows, of(good, tries, j), ends=ends, share=repeats == 1)


def consistency(info: MetricInfo, rows: Units, line: np.ndarray, x: np.ndarray, repeats: int) -> Measure:
    """Return the share of rows whose repeats all gave the same value; a row that lacks one is missing.

    Args:
        info: what the metric is.
        rows: the rows.
        line: each line's place among the rows, ascending.
        x: each line's value, NaN where missing.
        repeats: values that were planned for each row.
    """
    there = np.isfinite(x)
    count = np.bincount(line[there], minlength=len(rows))
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    np.minimum.at(low, line[there], x[there])
    np.maximum.at(high, line[there], x[there])
    differ = low < high
    complete = count == repeats
    agree = np.where(complete, ~differ, np.nan)
    ends = np.where(complete, ~differ, 0.0), np.where(differ, 0.0, 1.0)
    return mean(info, rows, agree, share=True, ends=ends)
