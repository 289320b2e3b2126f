"""How an item stands, by what people said to it: pure rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard.records.review import QueueRules, ReviewStatus

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Said:
    """What of an answer its item's standing depends on.

    Args:
        reviewer, kind, decides: as in the answer.
        labelled: whether there are labels.
        compared: the labels that contradict each other where they differ, by schema and version: values of two
            versions of a question are answers to two questions.
    """

    reviewer: str
    kind: str
    decides: bool
    labelled: bool
    compared: Mapping[tuple[str, int], Any]

    @property
    def counts(self) -> bool:
        """Whether it is one of those that an item needs: a flag is if its reviewer gave labels too."""
        return self.labelled and not self.decides


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from an item's answers."""

    answers: int
    status: str
    flagged: bool
    disputed: bool
    reason: str


def subject_of(trace_id: str, other_trace_id: str) -> str:
    """Return what tells the things under review apart: the same for two traces in whichever order."""
    named = _SEPARATOR.join(sorted((trace_id, other_trace_id)) if other_trace_id else (trace_id,))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def overlaps(subject: str, rules: QueueRules) -> bool:
    """Return whether a thing under review is among those that several people answer."""
    return int(subject[:13], 16) / 16**13 < rules.overlap_share


def needed_by(rules: QueueRules, *, subject: str, asked_for: int | None, assigned: bool, others: int) -> int:
    """Return how many people must answer an item.

    Args:
        rules: of its queue.
        subject: what is reviewed; see :func:`subject_of`.
        asked_for: what somebody said, in place of the rules.
        assigned: whether it is for one person, so that only they can add to it.
        others: how many others than that person have answered.
    """
    needed = asked_for or (rules.overlap if overlaps(subject, rules) else 1)
    return min(needed, others + 1) if assigned else needed


def standing(
    answers: Sequence[Said], *, needed: int, users: Sequence[str], decreed: str = "", reason: str = ""
) -> Standing:
    """Return how an item stands.

    Args:
        answers: all that was said to it.
        needed: how many people must answer.
        users: who may; empty for anybody.
        decreed: the status that somebody gave it, whatever its answers; empty if nobody did.
        reason: why they did.
    """
    counted = [one for one in answers if one.counts]
    decided = any(one.decides for one in answers)
    flagged = any(one.kind == "flagged" for one in answers)
    disputed = not decided and _differ(counted)
    status, why = decreed, reason if decreed else ""
    if not decreed:
        status = ReviewStatus.COMPLETE if decided or len(counted) >= needed else ReviewStatus.PENDING
    if status == ReviewStatus.PENDING:
        why = _nobody_is_left(answers, users)
        status = ReviewStatus.DECLINED if why else ReviewStatus.PENDING
    return Standing(len(counted), status, flagged, disputed, why)


def _differ(counted: Sequence[Said]) -> bool:
    first: dict[tuple[str, int], Any] = {}
    return any(first.setdefault(asked, value) != value for one in counted for asked, value in one.compared.items())


def _nobody_is_left(answers: Sequence[Said], users: Sequence[str]) -> str:
    """Return the reason why no further answer can come; empty if one can, or if a flag waits to be looked at."""
    spoken = {one.reviewer for one in answers if not one.decides}
    skipped = [one.reviewer for one in answers if one.kind == "skipped"]
    if not users or not skipped or not spoken.issuperset(users):
        return ""
    if any(one.kind == "flagged" and not one.labelled for one in answers):
        return ""
    return f"nobody is left to answer it: {', '.join(skipped)} skipped it"
