"""A judge with standing instructions: one rubric, some blocks of data, one verdict."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from steelyard.judges.asking import Asking
from steelyard.judges.blocks import Block
from steelyard.judges.judge import Judge
from steelyard.judges.prompts.rubric import Rubric, system_message
from steelyard.judges.ruling import rule
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case


class StandingJudge(Judge):
    """A judge with standing instructions."""

    standing: ClassVar[Rubric]

    @property
    def rubric(self) -> Rubric:
        """What it is told."""
        return self.standing

    @property
    def instructions(self) -> str:
        """What it is told, as text."""
        return self.rubric.text

    @abstractmethod
    def blocks(self, case: Case) -> tuple[Block, ...]:
        """Return what is judged.

        Raises:
            DataError: something is missing.
        """

    def words(self) -> tuple[str, ...]:
        return (self.rubric.label, system_message(self.rubric.text, self.rubric.value))

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        ruling = yield from rule(self.bench, self.rubric, self.blocks(case))
        return (ruling.feedback(self.name),)
