"""What came of aligning a judge: how often it agreed with people before and after, on labels it did not learn from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from steelyard.records.estimate import Estimate

Verdict = Literal["better", "worse", "undecided", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What came of aligning a judge. All numbers are of the held-out part.

    Args:
        judge: its name.
        label: the name of people's feedback.
        optimizer: what proposed the instructions.
        before: the share of cases where the judge said what people said; a case that it could not judge is not one.
        after: the same of the aligned judge.
        difference: after less before, on the same cases.
        p_value: of McNemar's exact test that neither is better.
        n_train: labelled traces that the optimizer saw.
        n_held_out: labelled traces that it did not see.
        n_disputed: traces that were left out, for people differed on them.
        failed_before, failed_after: cases that could not be judged.
        verdict: ``better`` or ``worse`` if the interval of the difference leaves out 0, else ``undecided``;
            ``unchanged`` if the optimizer found nothing.
        warning: why the aligned judge should not simply be used; empty if it should.
        instructions_before, instructions_after: what changed.
        held_out_ids: the traces that it did not see.
        held_out, key: how they were chosen.
    """

    judge: str
    label: str
    optimizer: str
    before: Estimate
    after: Estimate
    difference: Estimate
    p_value: float
    n_train: int
    n_held_out: int
    n_disputed: int
    failed_before: int
    failed_after: int
    verdict: Verdict
    warning: str
    instructions_before: str
    instructions_after: str
    held_out_ids: tuple[str, ...]
    held_out: float
    key: int

    @property
    def recommended(self) -> Literal["aligned", "unaligned"]:
        """Which of the two judges to use: the aligned one only if it is better."""
        return "aligned" if self.verdict == "better" else "unaligned"

    def as_notes(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "held_out_ids": list(self.held_out_ids), "recommended": self.recommended}

    def __str__(self) -> str:
        return (
            f"{self.judge}: agreement {self.before} before, {self.after} after, difference {self.difference}: "
            f"{self.verdict}. {self.warning}"
        ).strip()
