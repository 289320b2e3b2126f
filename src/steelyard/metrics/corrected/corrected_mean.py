"""What comes of holding a judge against people: its mean as it is, theirs, and its mean corrected by them."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMean:
    """A judge's mean, raw and corrected by human labels; or the sentence that says why there is no correction.

    Args:
        raw: the judge's mean over all items, as if it were right.
        humans: the mean of the human labels alone; undefined (``value`` None) where those are of another population.
        corrected: both together; None when ``refused`` says why.
        method: how it was corrected, such as ``ppi++``.
        weight: λ, how much the judge counts: 0 not at all (the result is that of the humans alone), 1 like a human
            label. For Rogan–Gladen it is the factor 1/J by which the judge's differences are stretched.
        effective_n: how many human labels alone, drawn at random, would give an interval of this width. Set beside
            ``n`` it tells what the judge is worth. None with ``refused``.
        bias: judge − human on the labelled items.
        n: human labels.
        N: further items that only the judge scored.
        refused: why the correction is not shown, a sentence; empty when it is.
        residual_sd: standard deviation, over items, of what the judge leaves unexplained; see ``sampling.width_curve``.
        label_sd: standard deviation of the human labels over items.
        youden: J = sensitivity + specificity − 1, how far the judge tells the classes apart; Rogan–Gladen only.
        sensitivity: share of what people pass that the judge passes; Rogan–Gladen only.
        specificity: share of what people fail that the judge fails; Rogan–Gladen only.
        tied: of the ``n`` labelled items, those on which as many people say yes as no; each counts ½.
        unread: items that people answered with neither yes nor no, or with no number; they are not among ``n``.
    """

    raw: Estimate
    humans: Estimate
    corrected: Estimate | None
    method: str
    weight: float | None = None
    effective_n: float | None = None
    bias: Estimate
    n: int
    N: int
    refused: str = ""
    residual_sd: float | None = None
    label_sd: float | None = None
    youden: float | None = None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    tied: int = 0
    unread: int = 0
