"""Judging two answers against each other, in both orders.

Judges favour a place: the first answer, or the second. Each pair is therefore judged twice with the answers swapped. A
verdict stands only if both orders agree; otherwise the pair is a tie, and counts in the flip rate, which says how much
of what the judge prefers is the place alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from steelyard.errors import InvalidArgument
from steelyard.judges.asking import Asking, settle, settle_now, together
from steelyard.judges.blocks import Block, block
from steelyard.judges.prompts.pairs import PAIRWISE
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.ruling import Bench, Ruling, price, rule
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.scorers.registry import registry

Winner: TypeAlias = Literal["a", "b", "tie"]

FLIP_KEY = "flip"
_SWAPPED: dict[str, Winner] = {"first": "b", "second": "a", "tie": "tie"}
_STRAIGHT: dict[str, Winner] = {"first": "a", "second": "b", "tie": "tie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseJudge:
    """A judge that prefers one of two answers; :func:`make_pairwise_judge` makes them.

    Args:
        name: of its feedback.
        criteria: what makes an answer the better one.
        bench: the model that judges.
    """

    name: str
    criteria: str
    bench: Bench = field(default_factory=Bench)

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.criteria.strip():
            raise InvalidArgument(
                "A pairwise judge needs a name, and instructions that say which answer is the better one."
            )

    @property
    def rubric(self) -> Rubric:
        return Rubric(PAIRWISE.name, PAIRWISE.version, PAIRWISE.text + self.criteria, PAIRWISE.value)

    def register(self, name: str | None = None, experiment_id: str | None = None) -> PairwiseJudge:
        """Keep it in the store; see :meth:`steelyard.scorers.Scorer.register`."""
        return registry().register(self, name=name, experiment_id=experiment_id)

    def __call__(
        self, *, outputs_a: Any, outputs_b: Any, inputs: Any = None, expectations: Mapping[str, Any] | None = None
    ) -> Feedback:
        """Compare two answers.

        Args:
            outputs_a: one answer.
            outputs_b: the other.
            inputs: what both were given.
            expectations: what was expected of both.

        Returns:
            ``a``, ``b`` or ``tie``. The metadata has ``flip`` (whether the orders disagreed), ``order_ab`` and
            ``order_ba`` (what each order preferred).
        """
        return settle_now(self.judging(outputs_a, outputs_b, inputs=inputs, expectations=expectations))

    async def compare(
        self, *, outputs_a: Any, outputs_b: Any, inputs: Any = None, expectations: Mapping[str, Any] | None = None
    ) -> Feedback:
        """Compare two answers, from asynchronous code."""
        return await settle(self.judging(outputs_a, outputs_b, inputs=inputs, expectations=expectations))

    def judging(
        self, outputs_a: Any, outputs_b: Any, *, inputs: Any = None, expectations: Mapping[str, Any] | None = None
    ) -> Asking[Feedback]:
        """Yield what must be asked, and return the feedback."""
        common = _common(inputs, expectations)
        orders = [(outputs_a, outputs_b), (outputs_b, outputs_a)]
        results = yield from together(
            [rule(self.bench, self.rubric, (*common, block("first", one), block("second", two))) for one, two in orders]
        )
        straight, swapped = (_ruling(result) for result in results)
        return self._verdict(straight, swapped)

    def _verdict(self, straight: Ruling, swapped: Ruling) -> Feedback:
        ab, ba = _STRAIGHT[straight.value], _SWAPPED[swapped.value]
        agreed = ab == ba
        return Feedback(
            name=self.name,
            value=ab if agreed else "tie",
            rationale=f"a before b: {straight.rationale}\nb before a: {swapped.rationale}",
            source=AssessmentSource("LLM_JUDGE", self.bench.judge),
            metadata={
                **price(straight.usage + swapped.usage),
                FLIP_KEY: not agreed,
                "order_ab": ab,
                "order_ba": ba,
            },
        )


def make_pairwise_judge(
    name: str,
    instructions: str,
    model: str | None = None,
    inference_params: dict[str, Any] | None = None,
    base_url: str | None = None,
    extra_headers: dict[str, str] | None = None,
) -> PairwiseJudge:
    """Make a judge that prefers one of two answers.

    Args:
        name: of its feedback.
        instructions: what makes an answer the better one, without variables: the inputs, the expectations and both
            answers are always shown.
        model: its URI; None for the default judge.
        inference_params: ``temperature``, ``max_tokens`` … for the model.
        base_url: where the model is served, if not where its provider is.
        extra_headers: sent with every question.

    Examples:
        >>> judge = make_pairwise_judge("helpful", "The better answer is the one that helps the user more.")
        >>> judge.name
        'helpful'
    """
    bench = Bench(model=model, params=inference_params or {}, base_url=base_url, extra_headers=extra_headers or {})
    return PairwiseJudge(name=name, criteria=instructions, bench=bench)


def _common(inputs: Any, expectations: Mapping[str, Any] | None) -> Sequence[Block]:
    shown = {"inputs": inputs, "expectations": dict(expectations) if expectations else None}
    return [block(name, value) for name, value in shown.items() if value is not None]


def _ruling(result: Ruling | Exception) -> Ruling:
    if isinstance(result, Exception):
        raise result
    return result
