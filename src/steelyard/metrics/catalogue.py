"""The metrics that Steelyard computes for classic models, by the names under which they are logged."""

from __future__ import annotations

from dataclasses import replace

from steelyard.records import MetricInfo
from steelyard.records.metric import Unit


def _share(name: str, title: str, *, better: bool | None = True, family: str = "classification") -> MetricInfo:
    return MetricInfo(name=name, title=title, greater_is_better=better, family=family)


def _count(name: str, title: str) -> MetricInfo:
    return MetricInfo(
        name=name, title=title, greater_is_better=None, unit="count", upper=None, family="counts"
    )  # fmt: skip


def _error(name: str, title: str, *, unit: Unit = "target") -> MetricInfo:
    return MetricInfo(
        name=name, title=title, greater_is_better=False, unit=unit, upper=None, family="regression"
    )  # fmt: skip


_ALL = (
    # classification
    _share("accuracy_score", "Accuracy"),
    _share("precision_score", "Precision"),
    _share("recall_score", "Recall"),
    _share("f1_score", "F1"),
    _share("specificity", "Specificity"),
    _share("negative_predictive_value", "Negative predictive value"),
    _share("false_positive_rate", "False positive rate", better=False),
    _share("false_negative_rate", "False negative rate", better=False),
    _share("balanced_accuracy_score", "Balanced accuracy"),
    replace(_share("matthews_corrcoef", "Matthews correlation"), lower=-1.0, unit="score"),
    replace(_share("cohen_kappa_score", "Cohen's kappa"), lower=-1.0, unit="score"),
    _share("jaccard_score", "Jaccard"),
    _share("selection_rate", "Selection rate", better=None),
    _share("prevalence", "Prevalence", better=None),
    _share("precision_score_macro", "Precision, macro"),
    _share("recall_score_macro", "Recall, macro"),
    _share("f1_score_macro", "F1, macro"),
    _share("precision_score_micro", "Precision, micro"),
    _share("recall_score_micro", "Recall, micro"),
    _share("f1_score_micro", "F1, micro"),
    _share("precision_score_weighted", "Precision, weighted"),
    _share("recall_score_weighted", "Recall, weighted"),
    _share("f1_score_weighted", "F1, weighted"),
    _share("score", "Score"),
    # with probabilities
    _share("roc_auc", "ROC AUC", family="ranking of scores"),
    _share("roc_auc_macro", "ROC AUC, macro", family="ranking of scores"),
    _share("roc_auc_weighted", "ROC AUC, weighted", family="ranking of scores"),
    _share("precision_recall_auc", "Average precision", family="ranking of scores"),
    _share("precision_recall_auc_macro", "Average precision, macro", family="ranking of scores"),
    _share("ks_statistic", "Kolmogorov–Smirnov", family="ranking of scores"),
    MetricInfo(
        name="log_loss", title="Log loss", greater_is_better=False, unit="loss", upper=None, family="calibration"
    ),
    replace(_share("brier_score_loss", "Brier score", better=False, family="calibration"), unit="loss"),
    _share("expected_calibration_error", "Calibration error", better=False, family="calibration"),
    _share("max_calibration_error", "Largest calibration error", better=False, family="calibration"),
    _share("aurc", "Risk–coverage area", better=False, family="selective risk"),
    _share("selective_risk_at_80", "Risk at 80 % coverage", better=False, family="selective risk"),
    # multilabel
    _share("hamming_loss", "Hamming loss", better=False),
    _share("f1_score_samples", "F1, by row"),
    _share("jaccard_score_samples", "Jaccard, by row"),
    # counts
    _count("example_count", "Rows"),
    _count("true_negatives", "True negatives"),
    _count("false_positives", "False positives"),
    _count("false_negatives", "False negatives"),
    _count("true_positives", "True positives"),
    # regression
    _error("mean_absolute_error", "Mean absolute error"),
    _error("mean_squared_error", "Mean squared error"),
    _error("root_mean_squared_error", "Root mean squared error"),
    _error("max_error", "Largest error"),
    _error("mean_absolute_percentage_error", "Mean absolute percentage error", unit="score"),
    _error("median_absolute_error", "Median absolute error"),
    _error("absolute_error_p90", "90th percentile of absolute error"),
    _error("absolute_error_p99", "99th percentile of absolute error"),
    replace(_error("mean_error", "Bias (mean of prediction − target)"), greater_is_better=None, lower=None),
    replace(_error("sum_on_target", "Sum of the target"), greater_is_better=None, lower=None),
    replace(_error("mean_on_target", "Mean of the target"), greater_is_better=None, lower=None),
    replace(_share("r2_score", "R²", family="regression"), lower=None, unit="score"),
    replace(_share("explained_variance_score", "Explained variance", family="regression"), lower=None, unit="score"),
    replace(_share("pearson_correlation", "Correlation", family="regression"), lower=-1.0, unit="score"),
)

CATALOGUE = {info.name: info for info in _ALL}


def info(name: str) -> MetricInfo:
    """Return the description of a built-in metric."""
    return CATALOGUE[name]
