"""Instructions that compare two answers."""

from __future__ import annotations

from typing import Literal

from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.values import ValueType

PAIR_VALUE = ValueType(Literal["first", "second", "tie"])

PAIRWISE = Rubric(
    "pairwise",
    1,
    """\
Two answers to the same inputs are in the blocks "first" and "second". Decide which is better by the criteria below.
- Their order is arbitrary and says nothing about them. Neither do length and polish, unless the criteria say so.
- Compare them criterion by criterion, then weigh.
The result is "first" or "second" for the better one, or "tie" if neither is better by these criteria.

Criteria:
""",
    PAIR_VALUE,
)
