"""What ``genai.evaluate()`` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from steelyard.evaluation.genai.criteria import Decision
from steelyard.evaluation.result import EvaluationResult
from steelyard.records import ApplicationSummary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ApplicationResult(EvaluationResult):
    """The result of evaluating an application; what every :class:`EvaluationResult` has, and more.

    Args:
        application: rows, outcomes, scorers, feedback and cost, as stored with the run.
        decision: whether the quality criteria hold, or every value passes.
    """

    application: ApplicationSummary = field(default_factory=lambda: ApplicationSummary(rows=0, repeats=1))
    decision: Decision = field(default_factory=lambda: Decision(True, ""))

    @property
    def outcomes(self) -> dict[str, dict[str, int]]:
        """Scorer name to how many of its lines ended in each outcome; they add up to what was planned."""
        return {scorer.name: dict(scorer.outcomes) for scorer in self.application.scorers}

    @cached_property
    def result_df(self) -> pd.DataFrame:
        """One row for each row and repeat, in MLflow's columns: scores, rationales, expectations and traces.

        Raises:
            MissingDependency: pandas is not installed.
        """
        from steelyard.evaluation.genai.frame import result_frame

        return result_frame(self)

    @property
    def tables(self) -> Mapping[str, Any]:
        """Tables as frames, read when asked for: ``eval_results`` is ``result_df``."""
        return _Tables(self)

    @property
    def passed(self) -> bool:
        """Whether the quality criteria hold; without any, whether every value is yes or true or passes its scorer."""
        return self.decision.passed

    @property
    def pass_criteria(self) -> str:
        """The quality criteria, in words."""
        return self.decision.pass_criteria

    @property
    def reason(self) -> str:
        """Why it did not pass; empty if it did."""
        return self.decision.reason

    @property
    def not_scored(self) -> list[str]:
        """A line for each scorer that did not score every line: its outcomes and its most frequent error."""
        told = []
        for scorer in self.application.scorers:
            lost = [f"{n:,} {outcome}" for outcome, n in scorer.outcomes.items() if n and outcome != "scored"]
            if lost:
                why = f", most often {scorer.errors[0][0]!r}" if scorer.errors else ""
                told.append(f"  {scorer.name}: not scored: {', '.join(lost)} of {scorer.planned:,}{why}")
        return told

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *self.not_scored])

    def __repr__(self) -> str:
        return f"ApplicationResult(run_id={self.run_id!r}, rows={self.application.rows}, metrics={self.metrics})"


class _Tables(Mapping[str, Any]):
    def __init__(self, result: ApplicationResult) -> None:
        self._result = result

    def __getitem__(self, name: str) -> Any:
        if name in ("eval_results", "eval_results_table"):
            return self._result.result_df
        raise KeyError(name)

    def __iter__(self) -> Any:
        yield "eval_results"

    def __len__(self) -> int:
        return 1
