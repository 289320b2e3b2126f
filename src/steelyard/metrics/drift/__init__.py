"""How far one sample of a feature has moved from another, beside how far chance alone would move it.

cells.py       bins of numbers and cells of words, made from the reference
distances.py   PSI, Jensen–Shannon, chi-square, Kolmogorov–Smirnov, on counts by cell
kolmogorov.py  the Kolmogorov–Smirnov test on numbers themselves
floors.py      what a distance is if nothing has changed, drawn from the reference's rows or days
meanings.py    distance of texts by their embeddings, and its floor
measuring.py   all of it for one feature: a ``Drift``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.metrics.drift.cells import Cells, number_cells, pooled, word_cells
    from steelyard.metrics.drift.distances import (
        chi_square,
        cramers_v,
        jensen_shannon_distance,
        jensen_shannon_divergence,
        kolmogorov_smirnov,
        psi,
    )
    from steelyard.metrics.drift.drift import LEVEL, METHODS, Drift, DriftBin, DriftMethod
    from steelyard.metrics.drift.kolmogorov import ks_p_value
    from steelyard.metrics.drift.meanings import drift_of_texts, mmd_squared
    from steelyard.metrics.drift.measuring import FloorFrom, Sample, adjusted, drift_of_numbers, drift_of_words

__all__ = [
    "LEVEL",
    "METHODS",
    "Cells",
    "Drift",
    "DriftBin",
    "DriftMethod",
    "FloorFrom",
    "Sample",
    "adjusted",
    "chi_square",
    "cramers_v",
    "drift_of_numbers",
    "drift_of_texts",
    "drift_of_words",
    "jensen_shannon_distance",
    "jensen_shannon_divergence",
    "kolmogorov_smirnov",
    "ks_p_value",
    "mmd_squared",
    "number_cells",
    "pooled",
    "psi",
    "word_cells",
]

_HOMES = {
    "cells": ("Cells", "number_cells", "pooled", "word_cells"),
    "distances": (
        *("chi_square", "cramers_v", "jensen_shannon_distance", "jensen_shannon_divergence"),
        *("kolmogorov_smirnov", "psi"),
    ),
    "drift": ("LEVEL", "METHODS", "Drift", "DriftBin", "DriftMethod"),
    "kolmogorov": ("ks_p_value",),
    "meanings": ("drift_of_texts", "mmd_squared"),
    "measuring": ("FloorFrom", "Sample", "adjusted", "drift_of_numbers", "drift_of_words"),
}

__getattr__ = lazy_names(__name__, {name: module for module, names in _HOMES.items() for name in names})
