"""Intervals, tests and sample sizes: pure functions, each with its source, over numbers or arrays of them."""

from __future__ import annotations

from steelyard.metrics.intervals.auc import (
    DeLong,
    auc_interval,
    auc_score_interval,
    delong,
    delong_counts,
    delong_covariance,
)
from steelyard.metrics.intervals.differences import mcnemar, newcombe_paired, newcombe_unpaired
from steelyard.metrics.intervals.interval import Interval, Real, normal_quantile, t_quantile, two_sided_p
from steelyard.metrics.intervals.mean import (
    clustered_se,
    clustered_se_from_sums,
    mean_interval,
    mean_t,
    weighted_mean_se,
)
from steelyard.metrics.intervals.missing import missing_bounds
from steelyard.metrics.intervals.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm
from steelyard.metrics.intervals.power import minimum_detectable_effect, rows_needed, rows_to_settle
from steelyard.metrics.intervals.proportion import clopper_pearson, effective_n, jeffreys, wilson
from steelyard.metrics.intervals.resampled import basic, bca, from_replicates, percentile, replicate_se
from steelyard.metrics.intervals.spread import quantile_interval, quantile_ranks, variance_interval

__all__ = [
    "DeLong",
    "Interval",
    "Real",
    "auc_interval",
    "auc_score_interval",
    "basic",
    "bca",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "clopper_pearson",
    "clustered_se",
    "clustered_se_from_sums",
    "delong",
    "delong_counts",
    "delong_covariance",
    "effective_n",
    "from_replicates",
    "holm",
    "jeffreys",
    "mcnemar",
    "mean_interval",
    "mean_t",
    "minimum_detectable_effect",
    "missing_bounds",
    "newcombe_paired",
    "newcombe_unpaired",
    "normal_quantile",
    "percentile",
    "quantile_interval",
    "quantile_ranks",
    "replicate_se",
    "rows_needed",
    "rows_to_settle",
    "t_quantile",
    "two_sided_p",
    "variance_interval",
    "weighted_mean_se",
    "wilson",
]
