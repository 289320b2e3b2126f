"""Compare runs: what changed, where, and whether the difference is real."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from steelyard._lib.names import nearest
from steelyard.compare.alignment import Alignment, align, cells_by_slice
from steelyard.compare.comparison import Comparison, RunName
from steelyard.compare.evaluations import EvaluatedRun, RunLike, read_evaluation
from steelyard.compare.measuring import measure
from steelyard.compare.pairs import Cell, Measured, Pair
from steelyard.compare.results import Difference, McNemar, RowChanges, RowCounts
from steelyard.compare.verdicts import Margin, margin_for, rows_missing, verdict_of
from steelyard.compare.warnings import warnings_about
from steelyard.compare.words import sentence, slice_label
from steelyard.errors import InvalidArgument
from steelyard.records import ALL_ROWS, MetricInfo, SliceInfo, SliceKey, Store

Correction = Literal["bh", "holm"]


def compare(
    candidate: RunLike,
    baseline: RunLike,
    *,
    metrics: Sequence[str] | None = None,
    slices: Sequence[str] | None = None,
    margin: Margin = None,
    confidence: float = 0.95,
    correction: Correction | None = "bh",
    store: Store | None = None,
) -> Comparison:
    """Compare two evaluated runs, metric by metric, slice by slice and row by row.

    Two runs over the same rows with the same seed are paired by what they stored; no model is run and no data is read
    but the runs' own rows. A metric is better or worse if the interval of candidate minus baseline lies beyond zero on
    that side, equivalent if it lies within ±margin, else undecided. In slices a difference must also survive the
    correction over all slice cells. Rows that only one run failed on count against it.

    Args:
        candidate: a run id, a run, or an evaluation's result.
        baseline: the run to judge it against.
        metrics: names to compare; all that both runs have unless given.
        slices: dimensions (``category``) or slices (``category=billing``) to compare; all unless given.
        margin: half-width of equivalence in the metric's unit, for all metrics or by name; by default 0.01 for shares,
            a hundredth of the range or, without one, of the values.
        confidence: nominal coverage of the intervals.
        correction: over slice cells: ``bh`` (false discovery rate), ``holm`` (family-wise error) or None.
        store: where the runs are; the active store unless given.

    Raises:
        NotFound: no such run, or it holds no evaluation.
        InvalidArgument: a metric, slice or argument that cannot be used.
    """
    store = store or _active_store()
    return _compare(
        read_evaluation(store, candidate, "candidate"),
        read_evaluation(store, baseline, "baseline"),
        metrics=metrics,
        slices=slices,
        margin=margin,
        confidence=confidence,
        correction=correction,
    )


def compare_many(
    candidates: Iterable[RunLike],
    baseline: RunLike,
    *,
    metrics: Sequence[str] | None = None,
    slices: Sequence[str] | None = None,
    margin: Margin = None,
    confidence: float = 0.95,
    correction: Correction | None = "bh",
    store: Store | None = None,
) -> list[Comparison]:
    """Compare one to seven runs with one baseline, which is read once. Arguments as for ``compare``.

    Raises:
        InvalidArgument: no candidates, or more than seven.
    """
    runs = [candidates] if isinstance(candidates, str) else list(candidates)
    if not 1 <= len(runs) <= 7:
        message = f"candidates must be one to seven runs beside the baseline; there are {len(runs)}."
        raise InvalidArgument(message)
    store = store or _active_store()
    against = read_evaluation(store, baseline, "baseline")
    return [
        _compare(
            read_evaluation(store, run, f"candidates[{i}]"),
            against,
            metrics=metrics,
            slices=slices,
            margin=margin,
            confidence=confidence,
            correction=correction,
        )
        for i, run in enumerate(runs)
    ]


def _active_store() -> Store:
    from steelyard.tracking import get_store

    return get_store()


def _compare(
    candidate: EvaluatedRun,
    baseline: EvaluatedRun,
    *,
    metrics: Sequence[str] | None,
    slices: Sequence[str] | None,
    margin: Margin,
    confidence: float,
    correction: Correction | None,
) -> Comparison:
    _check(confidence, correction)
    infos = _metrics(candidate, baseline, metrics)
    parts = _slices(candidate, baseline, slices)
    pair = _pair(candidate, baseline)
    measured = measure(pair, _cells(candidate, baseline, infos, parts), confidence)
    adjusted = _adjusted(measured, correction)
    differences: dict[str, Difference] = {}
    by_slice: dict[str, dict[str, Difference]] = {part.name: {} for part in parts}
    for one in measured:
        difference = _difference(one, margin, confidence, adjusted.get((one.cell.key, one.cell.info.name)))
        if one.cell.about is None:
            differences[difference.metric] = difference
        else:
            by_slice[one.cell.about.name][difference.metric] = difference
    rows = _row_changes(pair.alignment, parts)
    return Comparison(
        candidate=RunName(run_id=candidate.run_id, name=candidate.name),
        baseline=RunName(run_id=baseline.run_id, name=baseline.name),
        differences=differences,
        slices={name: cells for name, cells in by_slice.items() if cells},
        rows=rows,
        mcnemar=None if rows is None or rows.all.compared == 0 else _mcnemar(rows.all),
        warnings=warnings_about(pair, measured, metrics),
        confidence=confidence,
        correction=correction,
        n_slice_tests=sum(not math.isnan(p) for p in adjusted.values()),
        alignment=pair.alignment,
        slice_infos=tuple(parts),
    )


def _check(confidence: float, correction: str | None) -> None:
    if not 0.0 < confidence < 1.0:
        message = f"confidence must lie between 0 and 1, such as 0.95; it is {confidence!r}."
        raise InvalidArgument(message)
    if correction not in ("bh", "holm", None):
        message = f"correction must be 'bh', 'holm' or None; it is {correction!r}."
        raise InvalidArgument(message)


def _metrics(candidate: EvaluatedRun, baseline: EvaluatedRun, wanted: Sequence[str] | None) -> list[MetricInfo]:
    """Return the metrics that both runs have, headline ones first.

    Raises:
        InvalidArgument: they share none, or one that was asked for is not shared.
    """
    theirs = {info.name for info in baseline.summary.metrics}
    shared = {info.name: info for info in candidate.summary.metrics if info.name in theirs}
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        for name in names:
            if name not in shared:
                close = nearest(name, shared)
                hint = f" Did you mean {close!r}?" if close else ""
                message = f"metrics: the two runs do not share a metric {name!r}.{hint}"
                raise InvalidArgument(message)
        return [shared[name] for name in dict.fromkeys(names)]
    if not shared:
        message = (
            f"Runs {candidate.name!r} ({candidate.summary.task}) and {baseline.name!r} ({baseline.summary.task}) share "
            "no metric, so there is nothing to compare. Evaluate both with the same model_type."
        )
        raise InvalidArgument(message)
    return sorted(shared.values(), key=lambda info: not info.headline)


def _slices(candidate: EvaluatedRun, baseline: EvaluatedRun, wanted: Sequence[str] | None) -> list[SliceInfo]:
    """Return the slices that both runs have, but for all rows.

    Raises:
        InvalidArgument: one that was asked for is not shared.
    """
    theirs = {part.key for part in baseline.summary.slices}
    shared = [part for part in candidate.summary.slices if part.key in theirs and part.key != ALL_ROWS]
    if wanted is None:
        return shared
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    known = {part.name for part in shared} | {part.dimension for part in shared}
    for name in names:
        if name not in known:
            close = nearest(name, known)
            hint = f" Did you mean {close!r}?" if close else ""
            message = f"slices: the two runs do not share a dimension or slice {name!r}.{hint}"
            raise InvalidArgument(message)
    return [part for part in shared if part.name in names or part.dimension in names]


def _pair(candidate: EvaluatedRun, baseline: EvaluatedRun) -> Pair:
    if candidate.rows is not None and baseline.rows is not None and _have_ids(candidate, baseline):
        joined = align(candidate.rows, baseline.rows)
        return Pair(candidate, baseline, joined, joined.same)
    same = candidate.summary.dataset.same_rows(baseline.summary.dataset)
    return Pair(candidate, baseline, None, same)


def _have_ids(*runs: EvaluatedRun) -> bool:
    return all(run.rows is not None and "row_id" in run.rows.names for run in runs)


def _cells(
    candidate: EvaluatedRun, baseline: EvaluatedRun, infos: list[MetricInfo], parts: list[SliceInfo]
) -> list[Cell]:
    ours, theirs = (
        {(s.metric, s.slice): s.estimate for s in run.summary.estimates} for run in (candidate, baseline)
    )  # fmt: skip
    places: list[SliceInfo | None] = [None, *parts]
    out = []
    for info in infos:
        for about in places:
            key = (info.name, ALL_ROWS if about is None else about.key)
            if key in ours and key in theirs:
                out.append(Cell(info, about, ours[key], theirs[key]))
    return out


def _adjusted(measured: list[Measured], correction: Correction | None) -> dict[tuple[SliceKey, str], float]:
    """Return the adjusted p-value of every slice cell that has a good direction and a test."""
    from steelyard.metrics.intervals import benjamini_hochberg, holm

    cells = [m for m in measured if m.cell.about is not None and m.cell.info.greater_is_better is not None]
    p_values = [m.p_value for m in cells]
    if correction is not None:
        p_values = list({"bh": benjamini_hochberg, "holm": holm}[correction](p_values))
    return {(m.cell.key, m.cell.info.name): float(p) for m, p in zip(cells, p_values, strict=True)}


def _difference(one: Measured, margin: Margin, confidence: float, p_adjusted: float | None) -> Difference:
    cell = one.cell
    zone = margin_for(margin, cell.info, cell.candidate, cell.baseline)
    significant = p_adjusted is None or p_adjusted <= 1.0 - confidence
    verdict = verdict_of(one, zone, significant=significant)
    difference = Difference(
        metric=cell.info.name,
        title=cell.info.title,
        slice=cell.key,
        baseline=cell.baseline,
        candidate=cell.candidate,
        difference=_known(one.difference),
        low=_known(one.low),
        high=_known(one.high),
        se=_known(one.se),
        p_value=_known(one.p_value),
        p_adjusted=None if p_adjusted is None else _known(p_adjusted),
        n=one.n,
        verdict=verdict,
        margin=zone,
        method=one.method,
        rows_to_settle=rows_missing(one, zone, confidence, p_adjusted) if verdict == "undecided" else None,
        failed_candidate=one.failed[0],
        failed_baseline=one.failed[1],
        greater_is_better=cell.info.greater_is_better,
        unit=cell.info.unit,
    )
    return replace(difference, sentence=sentence(difference, slice_label(cell.key)))


def _row_changes(alignment: Alignment | None, parts: list[SliceInfo]) -> RowChanges | None:
    if alignment is None or alignment.kinds is None:
        return None
    ours, theirs = alignment.failed
    counts = cells_by_slice(alignment, tuple(parts), alignment.kinds, 5)
    counted = alignment.kinds < 4
    lost = cells_by_slice(alignment, tuple(parts), (ours * 1 + theirs * 2) * counted, 3)
    tables = {
        key: RowCounts(
            still_wrong=int(c[0]),
            fixed=int(c[1]),
            broken=int(c[2]),
            still_right=int(c[3]),
            no_target=int(c[4]),
            failed_candidate=int(lost[key][1]),
            failed_baseline=int(lost[key][2]),
        )
        for key, c in counts.items()
    }
    return RowChanges(
        all=tables[ALL_ROWS],
        slices={part.name: tables[part.key] for part in parts},
        only_candidate=len(alignment.candidate) - alignment.shared,
        only_baseline=len(alignment.baseline) - alignment.shared,
    )


def _mcnemar(counts: RowCounts) -> McNemar:
    from steelyard.metrics.intervals import mcnemar

    split = (counts.broken, counts.fixed)
    return McNemar(*split, float(mcnemar(*split)), float(mcnemar(*split, "mid-p")))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
