"""Which of them do people prefer? Bradley and Terry's strengths of pairwise preferences, with intervals for ranks.

preference.py   a comparison, a standing, a ranking
games.py        comparisons as arrays
strengths.py    the fit and its covariance
ranks.py        which ranks the comparisons allow
ranking.py      all of it: ``bradley_terry``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.metrics.preferences.preference import Preference, Ranking, Standing
    from steelyard.metrics.preferences.ranking import DEFAULT_RIDGE, bradley_terry

__all__ = ["DEFAULT_RIDGE", "Preference", "Ranking", "Standing", "bradley_terry"]

__getattr__ = lazy_names(
    __name__,
    {
        "DEFAULT_RIDGE": "ranking",
        "Preference": "preference",
        "Ranking": "preference",
        "Standing": "preference",
        "bradley_terry": "ranking",
    },
)
