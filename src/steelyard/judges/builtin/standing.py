"""A judge with standing instructions: one rubric, some blocks of data, one verdict."""

from __future__ import annotations

import hashlib
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
    """A judge with standing instructions.

    Args:
        revised_instructions: instructions to be told instead, as :meth:`Judge.align` finds them; None for its own.
    """

    revised_instructions: str | None = None
    standing: ClassVar[Rubric]

    @property
    def rubric(self) -> Rubric:
        """What it is told unless revised."""
        return self.standing

    @property
    def told(self) -> Rubric:
        """What it is told."""
        standing, text = self.rubric, self.revised_instructions
        if text is None:
            return standing
        version = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
        return Rubric(standing.name, version, text, standing.value)

    @property
    def instructions(self) -> str:
        """What it is told, as text."""
        return self.told.text

    @abstractmethod
    def blocks(self, case: Case) -> tuple[Block, ...]:
        """Return what is judged.

        Raises:
            DataError: something is missing.
        """

    def words(self) -> tuple[str, ...]:
        return (self.told.label, system_message(self.told.text, self.told.value))

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        ruling = yield from rule(self.bench, self.told, self.blocks(case))
        return (ruling.feedback(self.name),)
