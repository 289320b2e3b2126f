"""Differences with their intervals, each by the best evidence that the two runs left behind."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from steelyard.compare.alignment import cells_by_slice
from steelyard.compare.losses import Lost, failures
from steelyard.compare.pairs import Cell, Measured, Pair
from steelyard.compare.rowwise import RowMetric, row_metric
from steelyard.metrics import intervals
from steelyard.records import Estimate, MetricInfo, SliceKey

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def measure(pair: Pair, cells: list[Cell], confidence: float) -> list[Measured]:
    """Return the difference of every cell, in the order given.

    Accuracy comes from the 2×2 table of the shared rows (Newcombe's paired interval); other metrics from the stored
    replicates when both runs weighted the same rows alike; else from the differences of shared rows where the metric
    is a mean over rows; else the two are independent and the interval is the wider for it.
    """
    table = _table(pair, cells, confidence)
    failed = failures(pair, cells)
    found: dict[int, Measured] = {}
    stacked: list[tuple[int, Floats, Floats]] = []
    metrics: dict[str, RowMetric | None] = {}
    for i, cell in enumerate(cells):
        if cell.info.name == "accuracy_score" and cell.key in table:
            found[i] = replace(table[cell.key], failed=failed[cell.key, cell.info.name].only)
            continue
        draws = pair.replicates(cell)
        if draws is not None and cell.candidate.value is not None and cell.baseline.value is not None:
            stacked.append((i, *draws))
            continue
        if cell.info.name not in metrics:
            metrics[cell.info.name] = _row_metric(pair, cell.info)
        by_row = metrics[cell.info.name]
        if by_row is None:
            found[i] = replace(_unpaired(cell, confidence), failed=failed[cell.key, cell.info.name].only)
        else:
            found[i] = _rowwise(cell, by_row, confidence)
    found |= _from_replicates(pair, cells, stacked, failed, confidence)
    return [_with_doubt(found[i]) if not _counts_failures(found[i]) else found[i] for i in range(len(cells))]


def _table(pair: Pair, cells: list[Cell], confidence: float) -> dict[SliceKey, Measured]:
    """Return accuracy's difference by slice from the 2×2 tables; nothing if rows are not plainly right or wrong."""
    alignment = pair.alignment
    wanted = [cell for cell in cells if cell.info.name == "accuracy_score"]
    if not wanted or alignment is None or alignment.shared == 0 or not pair.plain_rows:
        return {}
    kinds = alignment.kinds
    whole = next((c for c in wanted if c.about is None), None)
    if kinds is None or whole is None or not _shares_agree(pair, whole):
        return {}
    slices = tuple(c.about for c in wanted if c.about is not None)
    counts = cells_by_slice(alignment, slices, kinds, 5)
    cross = np.array([counts[c.key] for c in wanted], dtype=np.float64)
    still_wrong, fixed, broken, still_right = cross[:, 0], cross[:, 1], cross[:, 2], cross[:, 3]
    ends = intervals.newcombe_paired(still_right, fixed, broken, still_wrong, confidence)
    p_values = np.atleast_1d(intervals.mcnemar(fixed, broken, "mid-p"))
    n = cross[:, :4].sum(axis=1)
    out = {}
    for i, cell in enumerate(wanted):
        if n[i] == 0:
            out[cell.key] = Measured(cell, method="no shared rows")
            continue
        end = ends.at(i)
        shown = cell if pair.same_rows else _on_shared(cell, cross[i], float(n[i]), confidence)
        out[cell.key] = Measured(
            shown,
            float((fixed[i] - broken[i]) / n[i]),
            float(end.low),
            float(end.high),
            float(end.se or 0.0),
            float(p_values[i]),
            int(n[i]),
            "newcombe paired" if pair.same_rows else "newcombe paired on the shared rows",
        )
    return out


def _shares_agree(pair: Pair, whole: Cell) -> bool:
    """Whether ``correct`` in the rows is what the metric counts (it is not for, say, a thresholded score)."""
    for run, estimate in ((pair.candidate, whole.candidate), (pair.baseline, whole.baseline)):
        ends = None if run.rows is None else run.rows.ends
        if ends is None or estimate.value is None:
            return False
        scored = ends >= 1
        if not scored.any() or abs(float((ends == 2).sum() / scored.sum()) - estimate.value) > 1e-9:
            return False
    return True


def _on_shared(cell: Cell, counts: Floats, n: float, confidence: float) -> Cell:
    """Return the cell with both shares counted on the shared rows alone."""

    def share(right: float) -> Estimate:
        ends = intervals.wilson(right, n, confidence)
        return Estimate(
            right / n, int(n), se=_known(ends.se), low=_known(ends.low), high=_known(ends.high),
            confidence=confidence, method="wilson, shared rows",
        )  # fmt: skip

    return replace(cell, candidate=share(counts[3] + counts[1]), baseline=share(counts[3] + counts[2]))


def _from_replicates(
    pair: Pair,
    cells: list[Cell],
    stacked: list[tuple[int, Floats, Floats]],
    failed: dict[tuple[SliceKey, str], Lost],
    confidence: float,
) -> dict[int, Measured]:
    out: dict[int, Measured] = {}
    by_size: dict[int, list[tuple[int, Floats, Floats]]] = {}
    for entry in stacked:
        by_size.setdefault(len(entry[1]), []).append(entry)
    for entries in by_size.values():
        values, draws, extra = [], [], []
        for i, ours, theirs in entries:
            lost = failed[cells[i].key, cells[i].info.name]
            gone = [count * lost.share for count in lost.only]
            first = _counting_failures(cells[i].candidate, ours, gone[0], cells[i].info)
            second = _counting_failures(cells[i].baseline, theirs, gone[1], cells[i].info)
            values.append(first[0] - second[0])
            draws.append(first[1] - second[1])
            extra.append(first[2] + second[2])
        n = np.array([min(cells[i].candidate.n, cells[i].baseline.n) for i, _, _ in entries], dtype=np.float64)
        units = np.array([pair.units(cells[i]) for i, _, _ in entries], dtype=np.float64)
        centre = np.array(values)
        found = intervals.from_replicates(centre, np.stack(draws), confidence, n=units)
        se = np.sqrt(np.asarray(found.se) ** 2 + np.array(extra))
        ends = intervals.mean_t(centre, se, units - 1, confidence)
        with np.errstate(invalid="ignore", divide="ignore"):
            p_values = np.atleast_1d(intervals.two_sided_p(centre / se, units - 1))
        for k, (i, _, _) in enumerate(entries):
            end = ends.at(k)
            out[i] = _settled(
                Measured(
                    cells[i], float(centre[k]), float(end.low), float(end.high), float(se[k]), float(p_values[k]),
                    int(n[k]), "paired replicates", failed[cells[i].key, cells[i].info.name].only,
                ),
                confidence,
            )  # fmt: skip
    return out


def _settled(measured: Measured, confidence: float) -> Measured:
    """Return the difference with an honest interval where replicates do not vary."""
    if measured.se > 0 or math.isnan(measured.se):
        return measured
    info, n = measured.cell.info, measured.n
    if measured.difference != 0:
        return _all_alike(measured, confidence)
    if info.lower is None or info.upper is None:
        return replace(measured, p_value=1.0)
    # No row made a difference: with n rows, as many as Wilson's upper end for 0 of n might have.
    most = float(intervals.wilson(0, n, confidence).high) * (info.upper - info.lower)
    return replace(measured, low=-most, high=most, p_value=1.0)


def _all_alike(measured: Measured, confidence: float) -> Measured:
    """Return the difference where every row made the same one.

    With n rows, Wilson's lower end for n of n says how many must be like them; the others may be as far the other way
    as the metric's range allows. The test is the sign test.
    """
    info, n, difference = measured.cell.info, measured.n, measured.difference
    if info.lower is None or info.upper is None or n == 0:
        return replace(measured, low=math.nan, high=math.nan, p_value=math.nan, method="no spread")
    width = info.upper - info.lower
    alike = float(intervals.wilson(n, n, confidence).low)
    against = alike * difference - math.copysign((1 - alike) * width, difference)
    with_it = math.copysign(min(width, abs(difference) + (1 - alike) * width), difference)
    low, high = sorted((against, with_it))
    method = f"{measured.method}, all alike"
    return replace(measured, low=low, high=high, p_value=min(1.0, 2.0 ** (1 - n)), method=method)


def _counting_failures(
    estimate: Estimate, draws: Floats, failed: float, info: MetricInfo
) -> tuple[float, Floats, float]:
    """Return value, replicates and added variance with failed rows gone wrong, where the metric is a bounded mean."""
    value = math.nan if estimate.value is None else estimate.value
    worst = _worst_end(info)
    if failed == 0 or worst is None or estimate.worst is None:
        return value, draws, 0.0
    share = failed / (estimate.n + failed)
    spread = share * (1 - share) / (estimate.n + failed) * (value - worst) ** 2
    return (1 - share) * value + share * worst, (1 - share) * draws + share * worst, spread


def _worst_end(info: MetricInfo) -> float | None:
    return {True: info.lower, False: info.upper, None: None}[info.greater_is_better]


def _row_metric(pair: Pair, info: MetricInfo) -> RowMetric | None:
    alignment = pair.alignment
    if alignment is None or alignment.shared == 0:
        return None
    ours, theirs = pair.candidate.summary, pair.baseline.summary
    totals = ours.estimate(info.name), theirs.estimate(info.name)
    weights = ours.weights if ours.weights == theirs.weights else None
    if ours.weights != theirs.weights:
        return None
    return row_metric(alignment, info, totals, weights=weights, clusters=ours.clusters or theirs.clusters)


def _rowwise(cell: Cell, metric: RowMetric, confidence: float) -> Measured:
    found = metric.difference(cell.about)
    if found is None:
        return Measured(cell, method="no shared rows")
    shown = replace(cell, candidate=found.candidate, baseline=found.baseline)
    ends = intervals.mean_t(found.difference, found.se, found.df, confidence)
    if found.se == 0 and found.difference == 0:
        p_value = 1.0
    else:
        p_value = float(intervals.two_sided_p(found.difference / found.se, found.df)) if found.se > 0 else math.nan
    return _settled(
        Measured(
            shown, found.difference, float(ends.low), float(ends.high), found.se, p_value, found.n,
            "paired t on the shared rows", found.failed,
        ),
        confidence,
    )  # fmt: skip


def _unpaired(cell: Cell, confidence: float) -> Measured:
    """Return the difference of two independent estimates, from their intervals (Zou & Donner 2008)."""
    ours, theirs = cell.candidate, cell.baseline
    if ours.value is None or theirs.value is None:
        return Measured(cell, method="undefined in one of the runs")
    difference = ours.value - theirs.value
    errors = [_standard_error(e) for e in (ours, theirs)]
    se = math.hypot(*errors)
    half = float(intervals.normal_quantile(0.5 + confidence / 2)) * se
    low, high = difference - half, difference + half
    if (
        None not in (ours.low, ours.high, theirs.low, theirs.high)
        and ours.confidence == theirs.confidence == confidence
    ):
        low = difference - math.hypot(ours.value - _float(ours.low), _float(theirs.high) - theirs.value)
        high = difference + math.hypot(_float(ours.high) - ours.value, theirs.value - _float(theirs.low))
    p_value = float(intervals.two_sided_p(difference / se)) if se > 0 else math.nan
    method = "independent" if not math.isnan(low) else "no interval"
    return Measured(cell, difference, low, high, se, p_value, 0, method)


def _standard_error(estimate: Estimate) -> float:
    if estimate.se is not None:
        return estimate.se
    if estimate.low is None or estimate.high is None:
        return math.nan
    z = float(intervals.normal_quantile(0.5 + estimate.confidence / 2))
    return (estimate.high - estimate.low) / (2 * z)


def _counts_failures(measured: Measured) -> bool:
    """Whether failed rows are in the difference already, as rows gone wrong."""
    if measured.failed == (0, 0) or measured.method.startswith("newcombe"):
        return True
    cell = measured.cell
    if measured.method.startswith("paired t"):
        return _worst_end(cell.info) is not None
    if not measured.method.startswith("paired replicates") or _worst_end(cell.info) is None:
        return False
    sides = zip(measured.failed, (cell.candidate, cell.baseline), strict=True)
    return all(count == 0 or estimate.worst is not None for count, estimate in sides)


def _with_doubt(measured: Measured) -> Measured:
    """Return the difference with an allowance for failed rows: without bounds on the metric they may mean anything."""
    info = measured.cell.info
    wide = math.inf if info.lower is None or info.upper is None else info.upper - info.lower
    rows = (measured.cell.candidate.n, measured.cell.baseline.n)
    doubt = tuple(0.0 if not f else wide * f / (n + f) for f, n in zip(measured.failed, rows, strict=True))
    return replace(measured, doubt=(doubt[0], doubt[1]))


def _known(value: object) -> float | None:
    return None if value is None or math.isnan(_float(value)) else _float(value)


def _float(value: object) -> float:
    return float(value)  # pyrefly: ignore[bad-argument-type]  # floats and 0-d arrays alike
