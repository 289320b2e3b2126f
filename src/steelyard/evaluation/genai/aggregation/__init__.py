"""From the lines of an evaluation to its numbers: what was said, how certain it is, and what is missing.

aggregator.py   the whole; lines.py takes lines; values.py, tallies.py, slicing.py hold them as numbers and codes
settling.py     one kind and one number a line for each feedback
units.py        lines or rows, with their slices and clusters
measures.py     one metric on all slices; repeated.py over a row's repeats
feedback.py, spending.py   which metrics there are
finishing.py    puts them together
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.evaluation.genai.aggregation.aggregator import Aggregator
    from steelyard.evaluation.genai.aggregation.found import Aggregated, Aggregation, Passing, ScorerFacts
    from steelyard.evaluation.genai.aggregation.slicing import check_slices

__all__ = ["Aggregated", "Aggregation", "Aggregator", "Passing", "ScorerFacts", "check_slices"]

_HOMES = {
    "Aggregator": "aggregator",
    "Aggregated": "found",
    "Aggregation": "found",
    "Passing": "found",
    "ScorerFacts": "found",
    "check_slices": "slicing",
}

__getattr__ = lazy_names(__name__, _HOMES)
