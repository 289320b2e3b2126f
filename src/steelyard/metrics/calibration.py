"""Log loss, Brier score and calibration error: sums over rows and over bins of confidence."""

from __future__ import annotations

import numpy as np

from steelyard.metrics.catalogue import info
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading, ratio
from steelyard.metrics.states.sliced import Rows, SlicedTally

BINS = 15
"""Equal-width bins of the calibration error, as in Guo et al. 2017."""

_TINY = np.finfo(np.float64).eps
_LOSS, _LOSS2, _BRIER, _BRIER2 = range(4)


def log_loss_rows(probability: np.ndarray) -> np.ndarray:
    """Return −log of the probability given to the true label, clipped as scikit-learn clips it."""
    return -np.log(np.clip(probability, _TINY, 1 - _TINY))


class CalibrationState:
    """Sums of losses, and of confidence and hits by bin, on all slices.

    ``update`` takes the probability of an event and whether it happened: of the positive label for a binary task, of
    the predicted label being right for more classes (then the losses come as columns of their own).
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.hits = SlicedTally(2 * BINS, plan.sizes, weighted=plan.weighted)
        self.confidence = SlicedTally(BINS, plan.sizes, whole=False, weighted=plan.weighted, fine=True)
        self.losses = SlicedTally(4, plan.sizes, whole=False, weighted=plan.weighted, fine=True)

    def update(
        self, rows: Rows, probability: np.ndarray, happened: np.ndarray, *,
        loss: np.ndarray | None = None, brier: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Add rows: a probability in [0, 1] and a bool each, shape (n,)."""
        bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
        self.hits.add(rows, cells=bins + BINS * happened)
        self.confidence.add(rows, cells=bins, values=probability)
        if loss is None:
            loss = log_loss_rows(np.where(happened, probability, 1 - probability))
        if brier is None:
            brier = (probability - happened) ** 2
        for cell, column in ((_LOSS, loss), (_LOSS2, loss**2), (_BRIER, brier), (_BRIER2, brier**2)):
            self.losses.add(rows, cells=cell, values=column)

    def merge(self, other: CalibrationState) -> CalibrationState:
        """Return the state of both parts' rows."""
        merged = CalibrationState(self.plan)
        merged.hits = self.hits.merge(other.hits)
        merged.confidence = self.confidence.merge(other.confidence)
        merged.losses = self.losses.merge(other.losses)
        return merged

    def readings(self, n: np.ndarray) -> list[Reading]:
        """Return log loss, Brier score and the two calibration errors; ``n`` is rows by slice."""
        draw = self.plan.weight_matrix
        hits, confidence, losses = self.hits.total(), self.confidence.total(), self.losses.total()
        hits_b, confidence_b, losses_b = (t.replicate(draw) for t in (self.hits, self.confidence, self.losses))
        mass, mass_b = hits.sum(axis=0), hits_b.sum(axis=0)
        return [
            self._mean("log_loss", _LOSS, losses, losses_b, mass, mass_b, n),
            self._mean("brier_score_loss", _BRIER, losses, losses_b, mass, mass_b, n),
            Reading(info=info("expected_calibration_error"), values=expected_error(hits, confidence), n=n,
                    replicates=expected_error(hits_b, confidence_b)),
            Reading(info=info("max_calibration_error"), values=largest_error(hits, confidence), n=n,
                    replicates=largest_error(hits_b, confidence_b)),
        ]  # fmt: skip

    def _mean(
        self, name: str, cell: int, total: np.ndarray, draws: np.ndarray, mass: np.ndarray, mass_b: np.ndarray,
        n: np.ndarray,
    ) -> Reading:  # fmt: skip
        mean = ratio(total[cell], mass)
        variance = np.maximum(ratio(total[cell + 1], mass) - mean**2, 0)
        return Reading(
            info=info(name), values=mean, n=n, replicates=ratio(draws[cell], mass_b),
            interval="replicates" if self.plan.weighted else "mean", se=np.sqrt(ratio(variance, n - 1)),
            bounded_by_missing=name == "brier_score_loss" and not self.plan.weighted,
        )  # fmt: skip

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, for all rows and each bin, the weight, the mean probability and the share that happened."""
        hits = self.hits.total()[:, 0]
        mass = hits[:BINS] + hits[BINS:]
        return mass, ratio(self.confidence.total()[:, 0], mass), ratio(hits[BINS:], mass)


def expected_error(hits: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return Σ_bins |Σp − Σy| / Σ rows (Naeini, Cooper & Hauskrecht 2015), over the trailing axes."""
    gap = np.abs(confidence - hits[BINS:])
    return ratio(gap.sum(axis=0), hits.sum(axis=0))


def largest_error(hits: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return the largest |mean p − share of y| of any bin with rows, over the trailing axes."""
    mass = hits[:BINS] + hits[BINS:]
    gaps = ratio(np.abs(confidence - hits[BINS:]), mass, empty=0.0)
    return np.where(mass.sum(axis=0) > 0, gaps.max(axis=0), np.nan)
