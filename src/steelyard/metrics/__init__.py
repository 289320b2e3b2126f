"""Count: metrics as pure functions of states that merge, with replicates, intervals and slices.

states/        what must be remembered of rows: tallies by slice and bucket, histograms, kept rows
weights.py     the hashed bootstrap: a bucket for each row, a weight for each bucket and replicate
binary.py, multiclass.py, multilabel.py, regression.py, means.py, calibration.py   families of metrics
text/, ranking/   metrics of texts and of rankings, a number a row
intervals/     every interval and test, each with its source
agreement/     how far raters agree: raw, Cohen, Fleiss, Krippendorff, Gwet
preferences/   which of two is better: Bradley and Terry's strengths, and ranks
corrected/     means of a judge corrected by people's labels
sampling.py, strata.py   which items to label, with what probability, and how many
slicing.py     which slice each row is in
reading.py, estimates.py   from values and replicates to estimates
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.metrics.slicing import by_bins

__all__ = ["by_bins"]


def __getattr__(name: str) -> object:
    if name != "by_bins":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return import_module("steelyard.metrics.slicing").by_bins
