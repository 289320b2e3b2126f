"""Step 5: curves from the states, with bands from the replicates, as charts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from steelyard import charts
from steelyard.evaluation.classification import ClassificationScorer
from steelyard.evaluation.numeric import RegressionScorer
from steelyard.evaluation.request import Config
from steelyard.evaluation.scoring import Scored
from steelyard.metrics import intervals
from steelyard.metrics.binary import BinaryState
from steelyard.metrics.multiclass import MulticlassState
from steelyard.metrics.reading import ratio
from steelyard.metrics.states.histogram import ScoreHistogram, quantile_edges
from steelyard.metrics.states.sliced import Rows
from steelyard.records import Estimate

BINS = 200
SAMPLE = 2000
_BAND = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart to be kept: its artifact name, its title, its specification, and its numbers where they make a table."""

    name: str
    title: str
    spec: charts.Spec
    table: Mapping[str, object] | None = None


Find = Callable[[str], Estimate | None]


def pictures(scored: Scored, find: Find, config: Config) -> Iterator[Picture]:
    """Yield the charts of a task.

    Args:
        scored: the states.
        find: a metric's key to its estimate on all rows.
        config: how many classes get a curve of their own.
    """
    scorer = scored.scorer
    if isinstance(scorer, ClassificationScorer):
        yield from _classification(scorer, find, config)
    elif isinstance(scorer, RegressionScorer):
        yield from _regression(scorer)


def _classification(scorer: ClassificationScorer, find: Find, config: Config) -> Iterator[Picture]:
    state, names = scorer.state, scorer.labels.names
    yield Picture(
        "confusion_matrix", "Confusion matrix", charts.confusion_matrix(charts.ConfusionMatrix(names, scorer.counts()))
    )
    if state.calibration is None:
        return
    if isinstance(state, BinaryState):
        yield from _binary(state, names, find)
    elif len(names) <= config.max_classes_for_multiclass_roc_pr:
        yield from _one_against_rest(state, names, find)
    label = names[scorer.labels.positive] if scorer.labels.binary else "the predicted label"
    mass, mean, share = state.calibration.curve()
    some = mass > 0
    band = intervals.wilson(share[some] * mass[some], mass[some])
    curve = charts.CalibrationCurve(
        label, mean[some], share[some], np.asarray(band.low), np.asarray(band.high), n=mass[some],
        ece=find("expected_calibration_error"),
    )  # fmt: skip
    yield Picture("calibration_curve_plot", "Calibration", charts.calibration_curve_plot([curve]))


def _binary(state: BinaryState, names: tuple[str, ...], find: Find) -> Iterator[Picture]:
    positive = state.plan.positive
    histogram = _histogram_of(state) if state.streamed is None else state.streamed.curve
    if histogram is None:
        return
    counts = histogram.counts()[:, :, 0]
    drawn = histogram.replicate(state.plan.weight_matrix)[:, :, 0, :]
    if counts.sum(axis=1).min() == 0:
        return
    label, other = names[positive], names[1 - positive]
    yield Picture("roc_curve_plot", "ROC curve", charts.roc_curve_plot([roc(label, counts, drawn, find("roc_auc"))]))
    pr = precision_recall(label, counts, drawn, find("precision_recall_auc"))
    yield Picture("precision_recall_curve_plot", "Precision and recall", charts.precision_recall_curve_plot([pr]))
    at = np.linspace(0, 1, 101)[1:]
    gain_at = np.interp(at, *_gain(counts))
    gain_low, gain_high = _band(_curves_at(*_gain(drawn), at))
    lift_at, lift_low, lift_high = gain_at / at, gain_low / at, gain_high / at
    prevalence = float(counts[1].sum() / counts.sum())
    gain_curve = charts.GainCurve(label, at, gain_at, gain_low, gain_high, prevalence)
    yield Picture("gain_curve_plot", "Gain", charts.gain_curve_plot([gain_curve]))
    yield Picture(
        "lift_curve_plot", "Lift", charts.lift_curve_plot([charts.LiftCurve(label, at, lift_at, lift_low, lift_high)])
    )
    found = thresholds(histogram.edges, counts, drawn)
    yield Picture("threshold_plot", "Thresholds", charts.threshold_plot(found), table=threshold_columns(found))
    edges = np.linspace(0, 1, 41)
    yield Picture(
        "score_histogram",
        "Scores",
        charts.score_histogram_plot(_score_histogram(edges, histogram, counts, label, other)),
    )
    if state.streamed is None and not state.plan.weighted:
        kept = state.retained.columns()
        confidence = np.maximum(kept["score"], 1 - kept["score"])
        yield _risk(confidence, kept["wrong"], find)


def _histogram_of(state: BinaryState) -> ScoreHistogram | None:
    kept = state.retained.columns()
    if not kept:
        return None
    histogram = ScoreHistogram(quantile_edges(kept["score"], BINS), weighted=state.plan.weighted)
    histogram.add(Rows.of(kept["bucket"], (), kept.get("weight")), kept["score"], kept["true"])
    return histogram


def _one_against_rest(state: MulticlassState, names: tuple[str, ...], find: Find) -> Iterator[Picture]:
    kept = state.retained.columns()
    if not kept:
        return
    rocs, prs = [], []
    for i, name in enumerate(names):
        score, positive = kept["probabilities"][:, i], kept["true"] == i
        if positive.all() or not positive.any():
            continue
        histogram = ScoreHistogram(quantile_edges(score, BINS), weighted=state.plan.weighted)
        histogram.add(Rows.of(kept["bucket"], (), kept.get("weight")), score, positive)
        counts = histogram.counts()[:, :, 0]
        drawn = histogram.replicate(state.plan.weight_matrix)[:, :, 0, :]
        rocs.append(roc(name, counts, drawn, find(f"roc_auc/{name}")))
        prs.append(precision_recall(name, counts, drawn, find(f"precision_recall_auc/{name}")))
    if rocs:
        yield Picture("roc_curve_plot", "ROC curves, each label against the rest", charts.roc_curve_plot(rocs))
        title = "Precision and recall, each label against the rest"
        yield Picture("precision_recall_curve_plot", title, charts.precision_recall_curve_plot(prs))
    if not state.plan.weighted:
        yield _risk(kept["confidence"], kept["wrong"], find)


def _rates(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate as the threshold falls through the bins: shapes (bins + 1, …), from (0, 0)."""
    negative, positive = counts[0][::-1], counts[1][::-1]
    zero = np.zeros((1, *negative.shape[1:]))
    fpr = np.concatenate([zero, ratio(np.cumsum(negative, axis=0), negative.sum(axis=0))])
    tpr = np.concatenate([zero, ratio(np.cumsum(positive, axis=0), positive.sum(axis=0))])
    return fpr, tpr


def roc(label: str, counts: np.ndarray, drawn: np.ndarray, auc: Estimate | None) -> charts.RocCurve:
    """Return the ROC curve of binned scores: ``counts`` of shape (2, bins), ``drawn`` (2, bins, B)."""
    fpr, tpr = _rates(counts)
    at = np.unique(np.concatenate([np.linspace(0, 1, 101), np.linspace(0, 0.1, 21)]))
    low, high = _band(_curves_at(*_rates(drawn), at))
    return charts.RocCurve(
        label,
        at,
        np.interp(at, fpr, tpr),
        low,
        high,
        auc,
        positives=float(counts[1].sum()),
        negatives=float(counts[0].sum()),
    )


def precision_recall(
    label: str, counts: np.ndarray, drawn: np.ndarray, area: Estimate | None
) -> charts.PrecisionRecallCurve:
    """Return precision by recall of binned scores."""

    def curve(c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tp = np.cumsum(c[1][::-1], axis=0)
        all_called = np.cumsum(c.sum(axis=0)[::-1], axis=0)
        return ratio(tp, c[1].sum(axis=0)), ratio(tp, all_called)

    recall, precision = curve(counts)
    at = np.linspace(0, 1, 101)[1:]
    low, high = _band(_curves_at(*curve(drawn), at))
    return charts.PrecisionRecallCurve(
        label, at, np.interp(at, recall, precision), low, high, area, prevalence=float(counts[1].sum() / counts.sum())
    )


def _gain(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of rows and share of positives as the threshold falls, from (0, 0)."""
    called = np.cumsum(counts.sum(axis=0)[::-1], axis=0)
    found = np.cumsum(counts[1][::-1], axis=0)
    start = np.zeros((1, *called.shape[1:]))
    share = np.concatenate([start, ratio(called, counts.sum(axis=(0, 1)))])
    gain = np.concatenate([start, ratio(found, counts[1].sum(axis=0))])
    return share, gain


def thresholds(edges: np.ndarray, counts: np.ndarray, drawn: np.ndarray) -> charts.ThresholdTable:
    """Return what each threshold would give, at up to 100 of the bins' edges."""

    def table(c: np.ndarray) -> dict[str, np.ndarray]:
        above = np.cumsum(c[:, ::-1], axis=1)[:, ::-1][:, 1:]  # rows at or above each edge
        fp, tp = above
        p, n = c[1].sum(axis=0), c[0].sum(axis=0)
        return {
            "precision": ratio(tp, tp + fp), "recall": ratio(tp, p), "f1": ratio(2 * tp, p + tp + fp),
            "accuracy": ratio(tp + n - fp, p + n), "selection_rate": ratio(tp + fp, p + n),
        }  # fmt: skip

    pick = np.unique(np.linspace(0, len(edges) - 1, min(100, len(edges))).astype(int))
    point, draws = table(counts), table(drawn)
    bands = {name: _band(draws[name][pick]) for name in ("precision", "recall", "f1")}
    return charts.ThresholdTable(
        threshold=edges[pick], bands=bands, chosen=0.5, **{k: v[pick] for k, v in point.items()}
    )


def threshold_columns(table: charts.ThresholdTable) -> Mapping[str, object]:
    """Return a threshold table's columns, for a CSV: each measure, and the ends of its interval where it has one."""
    columns: dict[str, object] = {}
    for name in ("threshold", "precision", "recall", "f1", "accuracy", "selection_rate"):
        columns[name] = getattr(table, name)
        if name in table.bands:
            columns[f"{name}_low"], columns[f"{name}_high"] = table.bands[name]
    return columns


def _score_histogram(
    edges: np.ndarray, histogram: ScoreHistogram, counts: np.ndarray, label: str, other: str
) -> charts.ScoreHistogram:
    inner = np.concatenate([[0.0], histogram.edges, [1.0]])
    middle = (inner[:-1] + inner[1:]) / 2
    places = np.clip(np.searchsorted(edges, middle, side="right") - 1, 0, len(edges) - 2)
    negative, positive = (np.bincount(places, weights=c, minlength=len(edges) - 1) for c in counts)
    return charts.ScoreHistogram(edges, positive, negative, label, other)


def _risk(confidence: np.ndarray, wrong: np.ndarray, find: Find) -> Picture:
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(wrong[order])
    n = len(order)
    at = np.unique(np.ceil(np.linspace(0.02, 1, 99) * n).astype(int)) - 1
    band = intervals.wilson(errors[at], at + 1)
    curve = charts.RiskCoverage(
        (at + 1) / n, errors[at] / (at + 1), np.asarray(band.low), np.asarray(band.high), area=find("aurc")
    )  # fmt: skip
    return Picture("risk_coverage_plot", "Risk and coverage", charts.risk_coverage_plot([curve]))


def _curves_at(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Read every replicate's curve at the same points: (points, B) from curves of shape (k, B)."""
    return np.stack([np.interp(at, x[:, b], y[:, b]) for b in range(x.shape[1])], axis=1)


def _band(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not np.isnan(draws).any():
        low, high = np.percentile(draws, _BAND, axis=-1)
        return low, high
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a point at which no replicate is defined has no band
        low, high = np.nanpercentile(draws, _BAND, axis=-1)
    return low, high


def _regression(scorer: RegressionScorer) -> Iterator[Picture]:
    kept = scorer.state.retained.columns()
    if not kept or "predicted" not in kept:
        return
    true, predicted, error = kept["true"], kept["predicted"], kept["error"]
    n, target = len(true), scorer.inputs.targets[0]
    step = max(1, n // SAMPLE)
    order = np.argsort(kept["_id"])[::step]
    residual = true - predicted
    bins = _bins(predicted, residual)
    yield Picture(
        "residuals_plot", "Residuals",
        charts.residuals_plot(charts.Residuals(predicted[order], residual[order], bins, n, target)),
    )  # fmt: skip
    yield Picture(
        "predicted_vs_actual_plot", "Predicted and actual",
        charts.predicted_vs_actual_plot(
            charts.PredictedActual(predicted[order], true[order], _bins(predicted, true), n, target)
        ),
    )  # fmt: skip
    at = np.linspace(0.05, 0.99, 48)
    spread = 1.96 * np.sqrt(at * (1 - at) / n)
    low, mid, high = (np.quantile(error, np.clip(q, 0, 1)) for q in (at - spread, at, at + spread))
    yield Picture(
        "error_quantiles_plot", "Quantiles of the absolute error",
        charts.error_quantiles_plot(charts.ErrorQuantiles(at, mid, low, high, target)),
    )  # fmt: skip


def _bins(x: np.ndarray, y: np.ndarray) -> charts.ValueBins | None:
    edges = quantile_edges(x, 12)
    where = np.searchsorted(edges, x, side="right")
    n = np.bincount(where, minlength=len(edges) + 1).astype(float)
    some = n > 1
    center, mean = (ratio(np.bincount(where, weights=v, minlength=len(n)), n)[some] for v in (x, y))
    square = ratio(np.bincount(where, weights=y**2, minlength=len(n)), n)[some]
    se = np.sqrt(np.maximum(square - mean**2, 0) / (n[some] - 1))
    band = intervals.mean_t(mean, se, n[some] - 1)
    return charts.ValueBins(center=center, mean=mean, low=np.asarray(band.low), high=np.asarray(band.high), n=n[some])
