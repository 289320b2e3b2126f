"""What a chart is drawn from: small frozen records of numbers that somebody else has computed.

``low`` and ``high`` are the ends of an interval at each point, from the replicates; None draws no band. A NaN is a gap.
Sequences of one record have one length. Labels are shown as they are: they are data, never field names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.records import Estimate

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Values = Sequence[float] | NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

__all__ = [
    "CalibrationCurve",
    "ConfusionMatrix",
    "ErrorQuantiles",
    "ForestRow",
    "GainCurve",
    "LiftCurve",
    "PerClassRow",
    "PerClassTable",
    "PrecisionRecallCurve",
    "PredictedActual",
    "Residuals",
    "RiskCoverage",
    "RocCurve",
    "ScoreHistogram",
    "SliceForest",
    "ThresholdTable",
    "ValueBins",
]


@dataclass(frozen=True, slots=True)
class RocCurve:
    """True positive rate by false positive rate, both ascending from (0, 0) to (1, 1).

    Args:
        label: the class that counts as positive.
        fpr, tpr: shares, 0 to 1.
        low, high: the interval of ``tpr`` at each ``fpr``.
        auc: the area under the curve.
        positives, negatives: rows (or weight) of each kind; 0 when not known.
        threshold: the score at or above which a row is called positive, at each point; may be infinite.
    """

    label: str
    fpr: Values
    tpr: Values
    low: Values | None = None
    high: Values | None = None
    auc: Estimate | None = None
    positives: float = 0
    negatives: float = 0
    threshold: Values | None = None


@dataclass(frozen=True, slots=True)
class PrecisionRecallCurve:
    """Precision by recall, in either direction of recall; drawn as the steps that average precision sums.

    Args:
        label: the class that counts as positive.
        recall, precision: shares, 0 to 1.
        low, high: the interval of ``precision`` at each ``recall``.
        average_precision: the sum of precision times the step in recall.
        prevalence: the share of positives, which is the precision of a random order.
        threshold: as in ``RocCurve``.
    """

    label: str
    recall: Values
    precision: Values
    low: Values | None = None
    high: Values | None = None
    average_precision: Estimate | None = None
    prevalence: float | None = None
    threshold: Values | None = None


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """How often the event happened, among rows given about the same probability.

    Args:
        label: the class whose probability this is.
        mean_predicted: mean probability in each bin; bins without rows are left out or NaN.
        observed: share of positives in each bin.
        low, high: the interval of ``observed``.
        n: rows in each bin.
        ece: the expected calibration error.
    """

    label: str
    mean_predicted: Values
    observed: Values
    low: Values | None = None
    high: Values | None = None
    n: Values | None = None
    ece: Estimate | None = None


@dataclass(frozen=True, slots=True)
class LiftCurve:
    """How many times more positives than by chance, in the share of rows with the highest scores."""

    label: str
    share: Values
    lift: Values
    low: Values | None = None
    high: Values | None = None


@dataclass(frozen=True, slots=True)
class GainCurve:
    """The share of all positives found in the share of rows with the highest scores.

    ``prevalence`` adds the curve of a perfect order: no model can be above it.
    """

    label: str
    share: Values
    gain: Values
    low: Values | None = None
    high: Values | None = None
    prevalence: float | None = None


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts (or weight): ``counts[i][j]`` rows of true label ``labels[i]`` were called ``labels[j]``."""

    labels: Sequence[str]
    counts: Sequence[Sequence[float]] | NDArray[np.floating[Any]] | NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdTable:
    """What each threshold on the score would give.

    Args:
        threshold: ascending; a row is called positive at or above it.
        precision, recall, f1, accuracy, balanced_accuracy, selection_rate: shares, 0 to 1, at each threshold; those
            left None are not drawn. ``selection_rate`` is the share of rows called positive.
        bands: the interval of any of these by its name, as (low, high).
        chosen: the threshold in use, marked in the chart.
    """

    threshold: Values
    precision: Values | None = None
    recall: Values | None = None
    f1: Values | None = None
    accuracy: Values | None = None
    balanced_accuracy: Values | None = None
    selection_rate: Values | None = None
    bands: Mapping[str, tuple[Values, Values]] = field(default_factory=dict)
    chosen: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerClassRow:
    """One class: the true rows it has, and its metrics by readable name, such as ``Precision``."""

    label: str
    n: float
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class PerClassTable:
    """Metrics of every class of a classifier, one class against the rest."""

    rows: Sequence[PerClassRow]


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One slice of a forest: its name, its estimate, and whether it has too few rows to say much."""

    label: str
    estimate: Estimate
    small: bool = False


@dataclass(frozen=True, slots=True)
class SliceForest:
    """One metric on every slice.

    Args:
        metric: the metric's readable name, such as ``Accuracy``.
        rows: the slices, in the order to show.
        overall: the metric on all rows, drawn as a line through the forest.
    """

    metric: str
    rows: Sequence[ForestRow]
    overall: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueBins:
    """Means by bin: over *all* rows, where a sample shows only some of them.

    Args:
        center: mean of what lies on the horizontal axis, in each bin.
        mean: mean of what lies on the vertical axis.
        low, high: the interval of ``mean``.
        n: rows in each bin.
    """

    center: Values
    mean: Values
    low: Values | None = None
    high: Values | None = None
    n: Values | None = None


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals (actual minus predicted) by prediction: a sample of rows, and means over all rows.

    ``n`` is the number of rows that the sample was drawn from.
    """

    predicted: Values
    residual: Values
    bins: ValueBins | None = None
    n: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class PredictedActual:
    """Actual by predicted value: a sample of rows, and means over all rows (the calibration of a regression)."""

    predicted: Values
    actual: Values
    bins: ValueBins | None = None
    n: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class ErrorQuantiles:
    """The absolute error that a share ``quantile`` of the rows does not exceed."""

    quantile: Values
    abs_error: Values
    low: Values | None = None
    high: Values | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Error rate (or mean loss) on the share ``coverage`` of rows that the model is surest of.

    ``risk_name`` names the vertical axis, such as ``Error rate``.
    """

    coverage: Values
    risk: Values
    low: Values | None = None
    high: Values | None = None
    area: Estimate | None = None
    risk_name: str = "Error rate"


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """How the scores of positives and of negatives are spread.

    Args:
        edges: the bins' ends, ascending; one more than there are bins.
        positive, negative: rows (or weight) in each bin.
        positive_label, negative_label: the classes' names.
    """

    edges: Values
    positive: Values
    negative: Values
    positive_label: str = "positive"
    negative_label: str = "negative"
