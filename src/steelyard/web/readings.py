"""From an evaluation to what the page of its run shows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from steelyard.errors import UnreadableFile
from steelyard.records import (
    ALL_ROWS,
    ConfusionCounts,
    Estimate,
    EvaluationSummary,
    MetricInfo,
    SliceInfo,
    SliceKey,
    Store,
)
from steelyard.web.contexts.comparison import ComparisonView
from steelyard.web.contexts.run import (
    EvaluationView,
    LabelTable,
    MetricFamily,
    Mistake,
    Reading,
    RowPreview,
    SliceForest,
    SliceRow,
)
from steelyard.web.evaluations import describe, load_rows
from steelyard.web.gaps import view_gaps
from steelyard.web.preview import preview_rows
from steelyard.web.scales import estimate_scale

_HEADLINES = 6
_SCORERS = 12
_MISTAKES = 5
_LABELS = 60


def view_evaluation(
    store: Store, run_id: str, summary: EvaluationSummary, comparison: ComparisonView | None, *, metric: str = ""
) -> EvaluationView:
    """Return the view of an evaluation.

    Args:
        store: where its rows are.
        run_id: the run that holds it.
        summary: the evaluation.
        comparison: against the baseline, if there is one.
        metric: the one that the slices are shown in; the first headline unless told.
    """
    overall = {s.metric: s.estimate for s in summary.estimates if s.slice == ALL_ROWS}
    infos = {name: describe(name, summary) for name in overall}
    by_label = {name: parts for name in overall if (parts := _of_label(name, summary)) is not None}
    preview, unreadable = (None, ()) if summary.task == "genai" else _preview(store, run_id, summary)
    readings = {n: _reading(infos[n], e, comparison) for n, e in overall.items() if n not in by_label}
    return EvaluationView(
        task=summary.task,
        model_type=summary.model_type,
        model=summary.model,
        target=summary.target,
        prediction=summary.prediction,
        positive_label=summary.positive_label,
        n_labels=len(summary.labels),
        n_rows=summary.n_rows,
        scored=summary.outcomes.get("scored", 0),
        outcomes=dict(summary.outcomes),
        confidence=summary.confidence,
        replicates=summary.replicates,
        seed=summary.seed,
        weights=summary.weights,
        clusters=summary.clusters,
        duration_seconds=summary.duration_seconds,
        dataset=summary.dataset,
        readings=_headlines(readings, _SCORERS if summary.task == "genai" else _HEADLINES),
        families=_families(readings),
        slices=_forest(summary, infos, metric, comparison),
        labels=_label_table(by_label, overall, summary),
        gaps=view_gaps(summary),
        confusion=summary.confusion,
        mistakes=_mistakes(summary.confusion),
        charts=summary.charts,
        tables=summary.tables,
        failures=summary.failures,
        warnings=(*summary.warnings, *unreadable),
        preview=preview,
    )


def _of_label(name: str, summary: EvaluationSummary) -> tuple[str, str] | None:
    """Return the metric and the label of a name such as ``recall_score/negative``; None for other names."""
    metric, _, label = name.partition("/")
    return (metric, label) if label in summary.labels and metric else None


def _label_table(
    by_label: Mapping[str, tuple[str, str]], overall: Mapping[str, Estimate], summary: EvaluationSummary
) -> LabelTable | None:
    if not by_label:
        return None
    metrics = list(dict.fromkeys(metric for metric, _ in by_label.values()))
    found = {parts: overall[name] for name, parts in by_label.items()}
    infos = [describe(metric, summary) for metric in metrics]
    columns = [[e for (m, _), e in found.items() if m == metric and e.value is not None] for metric in metrics]
    return LabelTable(
        metrics=tuple(infos),
        scales=tuple(estimate_scale(column, info) for column, info in zip(columns, infos, strict=True)),
        rows=tuple(
            (label, tuple(found.get((metric, label)) for metric in metrics)) for label in summary.labels[:_LABELS]
        ),
    )


def _reading(info: MetricInfo, estimate: Estimate, comparison: ComparisonView | None) -> Reading:
    difference = comparison.difference(info.name) if comparison else None
    baseline = difference.baseline.value if difference else None
    extra = [v for v in (baseline, estimate.worst, estimate.best) if v is not None]
    scale = estimate_scale([estimate], info, also=extra) if estimate.value is not None else None
    return Reading(info=info, estimate=estimate, scale=scale, baseline=baseline, difference=difference)


def _headlines(readings: Mapping[str, Reading], most: int) -> tuple[Reading, ...]:
    chosen = [r for r in readings.values() if r.info.headline]
    return tuple(chosen or [r for r in readings.values() if r.info.unit != "count"])[:most]


def _families(readings: Mapping[str, Reading]) -> tuple[MetricFamily, ...]:
    order: dict[str, list[Reading]] = {}
    for reading in readings.values():
        order.setdefault(reading.info.family or "custom", []).append(reading)
    return tuple(MetricFamily(title=title, readings=tuple(found)) for title, found in order.items())


def _forest(
    summary: EvaluationSummary, infos: Mapping[str, MetricInfo], metric: str, comparison: ComparisonView | None
) -> SliceForest | None:
    slices = [s for s in summary.slices if s.key != ALL_ROWS]
    by_metric: dict[str, dict[SliceKey, Estimate]] = {}
    for scored in summary.estimates:
        by_metric.setdefault(scored.metric, {})[scored.slice] = scored.estimate
    choices = [infos[name] for name, found in by_metric.items() if len(found) > 1 and name in infos]
    if not slices or not choices:
        return None
    usual = next((info for info in choices if info.headline), choices[0])
    info = next((info for info in choices if info.name == metric), usual)
    found = by_metric[info.name]
    whole = SliceInfo(key=ALL_ROWS, n=summary.outcomes.get("scored", summary.n_rows))
    total = _slice_row(whole, found, info, comparison)
    rows = [(s.dimension, _slice_row(s, found, info, comparison)) for s in slices]
    shown = [row.estimate for _, row in rows if row.estimate and row.estimate.value is not None and not row.small]
    everything = [total.estimate, *shown] if total.estimate and total.estimate.value is not None else shown
    scale = estimate_scale(everything, info, also=[v for v in (total.baseline,) if v is not None])
    dimensions = tuple(
        (dimension, tuple(sorted((row for _, row in group), key=_by_value)))
        for dimension, group in groupby(rows, key=lambda pair: pair[0])
    )
    return SliceForest(info=info, choices=tuple(choices), scale=scale, total=total, dimensions=dimensions)


def _by_value(row: SliceRow) -> tuple[bool, float]:
    """Best value first, those without one last."""
    value = row.estimate.value if row.estimate else None
    return value is None, -(value or 0.0)


def _slice_row(
    piece: SliceInfo, found: Mapping[SliceKey, Estimate], info: MetricInfo, comparison: ComparisonView | None
) -> SliceRow:
    estimate = found.get(piece.key)
    difference = comparison.difference(info.name, piece.name) if comparison else None
    return SliceRow(
        name=piece.name,
        label=piece.label or "All rows",
        n=estimate.n if estimate else piece.n,
        missing=estimate.missing if estimate else piece.missing,
        small=piece.small,
        estimate=estimate,
        baseline=difference.baseline.value if difference else None,
        difference=difference,
    )


def _mistakes(confusion: ConfusionCounts | None) -> tuple[Mistake, ...]:
    if confusion is None:
        return ()
    pairs = [
        Mistake(true=confusion.labels[i], predicted=confusion.labels[j], rows=rows)
        for i, line in enumerate(confusion.counts)
        for j, rows in enumerate(line)
        if i != j and rows > 0
    ]
    return tuple(sorted(pairs, key=lambda m: -m.rows)[:_MISTAKES])


def _preview(store: Store, run_id: str, summary: EvaluationSummary) -> tuple[RowPreview | None, tuple[str, ...]]:
    """Return the first rows, and why there are none when their file cannot be read: the rest of the page can."""
    try:
        table = load_rows(store, run_id, summary.rows_path) if summary.rows_path else None
        return (preview_rows(table) if table else None), ()
    except UnreadableFile as error:
        return None, (str(error),)
