"""Statistics that hold however often one looks: confidence sequences, e-values, detectors of change.

counts.py     a look's rows as sums, and as badness from 0 to 1
bets.py       bets on bounded rows: the e-values beneath all of it
detector.py   the detector behind an alarm; memory.py keeps it
baseline.py   a detector against a baseline that is itself a sample
mixture.py, betting.py   confidence sequences of a mean
evidence.py   e-values: of pairs, of p-values, of several together
exceeding.py  numbers without a range, as the share beyond a limit

How many rows arrive (volume) is not offered: counts of traffic are burstier than Poisson's law, and without a range or
a law no e-value of them holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.metrics.sequential.baseline import against_baseline
    from steelyard.metrics.sequential.betting import betting_sequence
    from steelyard.metrics.sequential.counts import SufficientCounts
    from steelyard.metrics.sequential.detector import Detector
    from steelyard.metrics.sequential.evidence import averaged, calibrated, e_bh, multiplied, paired_evidence
    from steelyard.metrics.sequential.exceeding import exceedances
    from steelyard.metrics.sequential.mixture import asymptotic_interval, mixture_interval

__all__ = [
    "Detector",
    "SufficientCounts",
    "against_baseline",
    "asymptotic_interval",
    "averaged",
    "betting_sequence",
    "calibrated",
    "e_bh",
    "exceedances",
    "mixture_interval",
    "multiplied",
    "paired_evidence",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Detector": "detector",
        "SufficientCounts": "counts",
        "against_baseline": "baseline",
        "asymptotic_interval": "mixture",
        "averaged": "evidence",
        "betting_sequence": "betting",
        "calibrated": "evidence",
        "e_bh": "evidence",
        "exceedances": "exceeding",
        "mixture_interval": "mixture",
        "multiplied": "evidence",
        "paired_evidence": "evidence",
    },
)
