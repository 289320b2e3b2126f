"""Charts: small records of numbers in, Vega-Lite specifications out, pictures from those.

One specification serves the page, where it can be explored, and the PNG among a run's artifacts. It carries its data,
names no colour, and loads nothing.
"""

from __future__ import annotations

from steelyard.charts.classification import (
    calibration_curve_plot,
    gain_curve_plot,
    lift_curve_plot,
    precision_recall_curve_plot,
    roc_curve_plot,
)
from steelyard.charts.confusion import confusion_matrix
from steelyard.charts.curves import (
    CalibrationCurve,
    ConfusionMatrix,
    ErrorQuantiles,
    ForestRow,
    GainCurve,
    LiftCurve,
    PerClassRow,
    PerClassTable,
    PrecisionRecallCurve,
    PredictedActual,
    Residuals,
    RiskCoverage,
    RocCurve,
    ScoreHistogram,
    SliceForest,
    ThresholdTable,
    ValueBins,
)
from steelyard.charts.decisions import risk_coverage_plot, score_histogram_plot, threshold_plot
from steelyard.charts.forest import per_class_plot, slice_forest_plot
from steelyard.charts.regression import error_quantiles_plot, predicted_vs_actual_plot, residuals_plot
from steelyard.charts.render import render_png, render_svg
from steelyard.charts.spec import SCHEMA, Spec, chart_json, check_spec
from steelyard.charts.theme import Theme, config, themed

__all__ = [
    "SCHEMA",
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
    "Spec",
    "Theme",
    "ThresholdTable",
    "ValueBins",
    "calibration_curve_plot",
    "chart_json",
    "check_spec",
    "config",
    "confusion_matrix",
    "error_quantiles_plot",
    "gain_curve_plot",
    "lift_curve_plot",
    "per_class_plot",
    "precision_recall_curve_plot",
    "predicted_vs_actual_plot",
    "render_png",
    "render_svg",
    "residuals_plot",
    "risk_coverage_plot",
    "roc_curve_plot",
    "score_histogram_plot",
    "slice_forest_plot",
    "themed",
    "threshold_plot",
]
