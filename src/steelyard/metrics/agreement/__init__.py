"""How far people (and judges) agree: raw, Cohen, Fleiss, Krippendorff, Gwet, each with an interval.

rated.py      ratings read into a table of codes
closeness.py  how close two values are, by level of measurement
raw.py, cohen.py, many_raters.py, alpha.py   the statistics
spread.py     their intervals
others.py, alternative.py   one rater against the others
summary.py    all of it at once
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.metrics.agreement.alpha import krippendorff_alpha
    from steelyard.metrics.agreement.alternative import AlternativeTest, RaterComparison, alternative_test
    from steelyard.metrics.agreement.cohen import cohen_kappa
    from steelyard.metrics.agreement.many_raters import fleiss_kappa, gwet_ac1, gwet_ac2
    from steelyard.metrics.agreement.others import agreement_with, leave_one_out
    from steelyard.metrics.agreement.rated import LEVELS, Level, Value
    from steelyard.metrics.agreement.raw import raw_agreement
    from steelyard.metrics.agreement.summary import Agreement, agreement

__all__ = [
    "LEVELS",
    "Agreement",
    "AlternativeTest",
    "Level",
    "RaterComparison",
    "Value",
    "agreement",
    "agreement_with",
    "alternative_test",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "gwet_ac2",
    "krippendorff_alpha",
    "leave_one_out",
    "raw_agreement",
]

__getattr__ = lazy_names(
    __name__,
    {
        "LEVELS": "rated",
        "Agreement": "summary",
        "AlternativeTest": "alternative",
        "Level": "rated",
        "RaterComparison": "alternative",
        "Value": "rated",
        "agreement": "summary",
        "agreement_with": "others",
        "alternative_test": "alternative",
        "cohen_kappa": "cohen",
        "fleiss_kappa": "many_raters",
        "gwet_ac1": "many_raters",
        "gwet_ac2": "many_raters",
        "krippendorff_alpha": "alpha",
        "leave_one_out": "others",
        "raw_agreement": "raw",
    },
)
