"""Means of a judge corrected by people: prediction-powered inference, and Rogan–Gladen.

Same population, a random part of it labelled: ``prediction_powered``. A judge with two answers whose errors are known
from another population (another time, another share of passes): ``rogan_gladen``; more answers: ``rogan_gladen_many``.
"""

from __future__ import annotations

from steelyard.metrics.corrected.corrected_mean import CorrectedMean
from steelyard.metrics.corrected.powered import MIN_LABELS, prediction_powered
from steelyard.metrics.corrected.rogan import MIN_CLASS, MIN_YOUDEN, rogan_gladen
from steelyard.metrics.corrected.rogan_many import rogan_gladen_many

__all__ = [
    "MIN_CLASS",
    "MIN_LABELS",
    "MIN_YOUDEN",
    "CorrectedMean",
    "prediction_powered",
    "rogan_gladen",
    "rogan_gladen_many",
]
