"""A judge's mean corrected by the human labels of a random part of its items: prediction-powered inference."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected import tuning as tune
from steelyard.metrics.corrected.corrected_mean import CorrectedMean
from steelyard.metrics.corrected.sample import Floats, Sample, Strata, sample_of
from steelyard.metrics.corrected.spread import Spread, estimate, simple_mean, spread_of
from steelyard.metrics.intervals import mean_t
from steelyard.metrics.intervals.interval import check_confidence
from steelyard.records import Estimate

MIN_LABELS = 15
"""Fewer human labels correct nothing: simulated intervals cover less than they say."""

MIN_OF_EACH = 2
"""Of yes and no, each must have been said so often by people."""

Tuning = Literal["cross-fitted", "plain"] | float


def prediction_powered(
    labels: npt.ArrayLike,
    judged: npt.ArrayLike,
    unlabelled: npt.ArrayLike,
    *,
    propensities: npt.ArrayLike | None = None,
    strata: Strata | None = None,
    confidence: float = 0.95,
    tuning: Tuning = "cross-fitted",
    finite: bool = False,
) -> CorrectedMean:
    """Return the mean that people would give, from their labels of some items and the judge's word on all.

    The labelled items must have been drawn at random out of the same population as the others: all equally likely,
    equally likely within strata, or with known probabilities. Whatever the judge is worth, the interval then covers:
    a useless one gets the weight 0 and leaves the humans' own mean. For the difference of two systems on the same items
    give the differences: Y_A − Y_B, f_A − f_B.

    Sources: Angelopoulos et al. 2023a (PPI: λ = 1) and 2023b (PPI++: λ tuned); Zrnic & Candès 2024 (known
    probabilities); Fisch et al. 2024 (strata). Theirs are for many labels. For few, ours differs (``tuning="plain"`` is
    theirs): λ is cross-fitted, leaving out each item in turn; Student's t for the normal quantile; strata share their
    slopes and variances; of labels that are often alike one disagreement is taken to have stayed unseen; an interval
    of yes and no (and of ½, for items on which people are tied) has Wilson's form.

    Args:
        labels: human values, shape (n,); bools or numbers.
        judged: the judge's values of the same items, (n,).
        unlabelled: the judge's values of the rest of the population, (N,).
        propensities: each labelled item's probability of having been drawn, (n,), above 0 and at most 1. They weigh
            the residuals by 1/π, divided by the sum of those weights (Hájek). All alike unless given.
        strata: a pair, the stratum of each labelled item and of each unlabelled one. Their sizes are counted from it;
            within a stratum all are equally likely unless propensities say more.
        confidence: nominal coverage.
        tuning: ``cross-fitted``; ``plain``, the formulas of the papers and of ppi-python, or a number, a fixed λ by
            the same formulas (1 is PPI); the two are for equally likely items without strata.
        finite: whether just these n + N items are the population; otherwise they are themselves a sample of what
            could come, as for every other interval of Steelyard, which is wider by Var(Y)/(n + N).

    Raises:
        InvalidArgument: lengths differ, a value is missing, a propensity or the confidence is out of range.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> truth = rng.random(2000) < 0.7
        >>> judge = np.where(rng.random(2000) < 0.9, truth, ~truth)
        >>> found = prediction_powered(truth[:100], judge[:100], judge[100:])
        >>> bool(found.corrected.low < 0.7 < found.corrected.high), bool(found.effective_n > 150)
        (True, True)
    """
    check_confidence(confidence)
    sample = sample_of(labels, judged, unlabelled, propensities=propensities, strata=strata)
    yes_no = bool(np.isin(sample.y, (0.0, 0.5, 1.0)).all())
    none = tune.constant(sample, 0.0)
    alone = spread_of(sample, none, finite=finite) if len(sample.y) > 1 else None
    uneven = sample.drawn or len(sample.names) > 1 or finite
    humans = simple_mean(sample.y, confidence)
    if uneven and alone is not None:
        humans = estimate(alone, len(sample.y), confidence, yes_no=yes_no)
    result = CorrectedMean(
        raw=simple_mean(sample.judged, confidence),
        humans=humans,
        corrected=None,
        method="ppi++",
        bias=_bias(sample, confidence),
        n=len(sample.y),
        N=len(sample.rest),
        label_sd=None if alone is None else math.sqrt(alone.labels),
    )
    refused = _refusal(sample, yes_no=yes_no)
    if refused or alone is None:
        return replace(result, refused=refused)
    if tuning != "cross-fitted":
        return _as_published(result, sample, tuning, finite=finite)
    slopes = tune.cross_fitted(sample)
    spread = spread_of(sample, slopes, finite=finite)
    return replace(
        result,
        corrected=estimate(spread, result.n, confidence, yes_no=yes_no),
        method=_method(sample),
        weight=slopes.overall * len(sample.rest) / sample.total,
        effective_n=_effective_n(spread, sample.total, finite=finite),
        residual_sd=math.sqrt(spread.residual),
    )


def _method(sample: Sample) -> str:
    many, drawn = len(sample.names) > 1, sample.drawn
    return "stratified active ppi++" if many and drawn else "stratified ppi++" if many else (
        "active ppi++" if drawn else "ppi++"
    )  # fmt: skip


def _effective_n(spread: Spread, total: int, *, finite: bool) -> float:
    """Return the n of Var(y)/n, or of Var(y)(1/n − 1/total) for a finite population, that is this variance."""
    return spread.labels / (spread.variance + (spread.labels / total if finite else 0.0))


def _bias(sample: Sample, confidence: float) -> Estimate:
    """Return judge − human, with the weights of the draw."""
    n = len(sample.y)
    if n < 2:
        return Estimate(None, n, confidence=confidence, method="too few rows")
    gap = replace(sample, y=sample.f - sample.y)
    spread = spread_of(gap, tune.constant(gap, 0.0), finite=False)
    return estimate(spread, n, confidence, yes_no=False)


def _refusal(sample: Sample, *, yes_no: bool) -> str:
    n = len(sample.y)
    if n < MIN_LABELS:
        return f"{n} human labels are too few to correct a judge: {MIN_LABELS} are the least."
    empty = [name for name, count in zip(sample.names, sample.labelled, strict=True) if count == 0]
    if empty:
        return f"No item of the stratum {empty[0]!r} is labelled: nothing is known of how the judge does there."
    if np.ptp(sample.y) == 0:
        return f"All {n} human labels are alike: they do not tell whether the judge can see a difference."
    rarer = int(min(sample.y.sum(), n - sample.y.sum())) if yes_no else MIN_OF_EACH
    if rarer < MIN_OF_EACH:
        return (
            f"People said yes or no only {rarer} time in {n}: at least {MIN_OF_EACH} of each are needed "
            "to tell how the judge does on both."
        )
    judged: Floats = sample.judged
    if np.ptp(judged) == 0:
        return "The judge says the same of every item: it adds nothing to what people say."
    return ""


def _as_published(result: CorrectedMean, sample: Sample, tuning: Tuning, *, finite: bool) -> CorrectedMean:
    """θ̂ = λ mean(f̃) + mean(Y − λf), variance λ² Var(f̃)/N + Var(Y − λf)/n, with the normal quantile."""
    if sample.drawn or len(sample.names) > 1 or finite or len(sample.rest) == 0:
        raise InvalidArgument('Other tunings than "cross-fitted" are for equally likely items with some unlabelled.')
    slopes = tune.plain(sample) if isinstance(tuning, str) else tune.constant(sample, float(tuning))
    weight = slopes.overall * len(sample.rest) / sample.total
    left = sample.y - weight * sample.f
    value = weight * float(sample.rest.mean()) + float(left.mean())
    variance = weight**2 * float(sample.rest.var()) / len(sample.rest) + float(left.var()) / len(left)
    se = math.sqrt(variance)
    found = mean_t(value, se, math.inf, result.raw.confidence)
    corrected = Estimate(
        value, result.n, se=se, low=float(found.low), high=float(found.high), confidence=result.raw.confidence,
        method="normal",
    )  # fmt: skip
    return replace(
        result,
        corrected=corrected,
        method="ppi" if weight == 1.0 and not isinstance(tuning, str) else "ppi++",
        weight=weight,
        effective_n=float(sample.y.var()) / variance if variance > 0 else None,
        residual_sd=float(left.std()),
    )
