"""A judge's standing instructions: what to decide, by which criteria, with which answer."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.judges.blocks import DATA_RULES
from steelyard.judges.values import YES_NO, ValueType

YES_OR_NO = ValueType(YES_NO)
PROTOCOL_VERSION = 1
"""The version of the words around every rubric: the rules about data and about the form of the answer."""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a built-in judge is told.

    Args:
        name: of the judge, such as ``correctness``.
        version: raised with every change of the text.
        text: the question, the blocks it is about, and the criteria.
        value: what it may answer.
    """

    name: str
    version: int
    text: str
    value: ValueType = YES_OR_NO

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}.{PROTOCOL_VERSION}"


def system_message(instructions: str, value: ValueType, *, rationale_first: bool = True) -> str:
    """Return the system message of a judge. It depends on the judge alone, never on what is judged."""
    order = (
        "Think first: write `rationale`, the reasons in a few sentences that point at the material; "
        f"then `result`, which must follow from the rationale and be {value}."
        if rationale_first
        else f"Write `result`, which must be {value}; then `rationale`, the reasons in a few sentences."
    )
    return (
        "You are an impartial and careful judge.\n\n"
        f"# What to judge\n{instructions}\n\n"
        f"# The material\n{DATA_RULES}\n\n"
        f"# Your answer\nAnswer with one JSON object and nothing else. {order}"
    )
