"""Objects shaped like other frameworks' scorers, evaluators and metrics, none of which is installed here."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from steelyard.errors import InvalidArgument
from steelyard.records import Case
from steelyard.scorers import Scorer, as_scorer, assess

CASE = Case(
    inputs={"question": "2+2?"}, outputs="4", expectations={"expected_response": "4"}, metadata={"topic": "sums"}
)


@dataclass
class PydanticEvaluator:
    limit: int = 3
    evaluation_name: str | None = None

    def evaluate(self, ctx: Any) -> dict[str, Any]:
        reason = SimpleNamespace(value=ctx.output == ctx.expected_output, reason=ctx.metadata["topic"])
        return {"short": len(ctx.output) < self.limit, "equal": reason}


class OpikMetric:
    def __init__(self) -> None:
        self.name = "equals_metric"

    def score(self, output: str, reference: str, **ignored: Any) -> Any:
        return SimpleNamespace(
            name=self.name, value=float(output == reference), reason="compared", scoring_failed=False
        )


class DeepEvalMetric:
    threshold = 0.5

    def __init__(self) -> None:
        self.score: float | None = None
        self.reason: str | None = None
        self.error: str | None = None

    @property
    def __name__(self) -> str:
        return "Answer Relevancy"

    def measure(self, test_case: Any) -> float:
        self.score = float(test_case.actual_output == test_case.expected_output)
        self.reason = f"for {test_case.input}"
        return self.score


class AutoevalsScorer:
    def _name(self) -> str:
        return "Levenshtein"

    def __call__(self, output: str, expected: str | None = None, **kwargs: Any) -> Any:
        return SimpleNamespace(name=self._name(), score=float(output == expected), metadata={}, error=None)


class LangSmithEvaluator:
    def evaluate_run(self, run: Any, example: Any = None) -> dict[str, Any]:
        return {"key": "match", "score": run.outputs == example.outputs["expected_response"], "comment": "c"}


class RagasMetric:
    name = "faithfulness"

    async def single_turn_ascore(self, sample: Any) -> float:
        return float(sample.response == sample.reference and sample.user_input == "2+2?")


class WeaveScorer:
    async def score(self, output: str, question: str) -> dict[str, bool]:
        return {"correct": output == "4" and question == "2+2?"}


class PhoenixEvaluator:
    name = "phoenix"

    def evaluate(self, *, output: str, expected: str, metadata: dict[str, Any]) -> tuple[float, str, str]:
        return float(output == expected), "correct", metadata["topic"]


@pytest.mark.parametrize(
    ("foreign", "name", "said"),
    [
        (PydanticEvaluator(), "PydanticEvaluator", [("short", True, None), ("equal", True, "sums")]),
        (PydanticEvaluator(1, "mine"), "mine", [("short", False, None), ("equal", True, "sums")]),
        (OpikMetric(), "equals_metric", [("equals_metric", 1.0, "compared")]),
        (DeepEvalMetric(), "Answer Relevancy", [("Answer Relevancy", 1.0, "for 2+2?")]),
        (AutoevalsScorer, "AutoevalsScorer", [("Levenshtein", 1.0, None)]),
        (LangSmithEvaluator(), "LangSmithEvaluator", [("match", True, "c")]),
        (RagasMetric(), "faithfulness", [("faithfulness", 1.0, None)]),
        (WeaveScorer(), "WeaveScorer", [("correct", True, None)]),
        (PhoenixEvaluator(), "phoenix", [("phoenix", 1.0, "sums")]),
    ],
    ids=["pydantic-evals", "named", "opik", "deepeval", "autoevals", "langsmith", "ragas", "weave", "phoenix"],
)
def test_it_runs_unchanged(foreign: Any, name: str, said: list[Any]) -> None:
    scorer = as_scorer(foreign)
    assert scorer.name == name
    assert [(each.name, each.value, each.rationale) for each in assess(scorer, CASE)] == said


def test_a_metric_that_keeps_its_verdict_is_not_shared_between_rows() -> None:
    metric = DeepEvalMetric()
    scorer = as_scorer(metric)
    assert assess(scorer, CASE)[0].value == 1.0
    assert assess(scorer, Case(inputs={"q": ""}, outputs="5", expectations={"expected": "4"}))[0].value == 0.0
    assert metric.score is None


def test_a_scorer_is_itself_and_its_class_is_made_one() -> None:
    class Mine(Scorer):
        name: str = "mine"

        def __call__(self, outputs: str) -> bool:
            return bool(outputs)

    mine = Mine()
    assert as_scorer(mine) is mine
    assert as_scorer(Mine).name == "mine"


@pytest.mark.parametrize("nothing", [3, "correctness", None, object()], ids=["int", "str", "none", "object"])
def test_what_cannot_score_is_refused_with_what_can(nothing: Any) -> None:
    with pytest.raises(InvalidArgument, match="not a scorer: give a function"):
        as_scorer(nothing)


def test_a_class_that_needs_arguments_is_refused_with_what_to_do() -> None:
    class Needy:
        def __init__(self, model: str) -> None:
            self.model = model

    with pytest.raises(InvalidArgument, match=r"give an instance of it"):
        as_scorer(Needy)
