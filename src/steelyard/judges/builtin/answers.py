"""Judges of one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.prompts import answers as prompts
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.reading import expected, inputs_of, outputs_of, request_text
from steelyard.records.case import Case
from steelyard.scorers.chat import response_text

EXPECTED_ANSWER = ("expected_facts", "expected_response")


def request_block(case: Case, judge: str) -> Block:
    return block("request", request_text(inputs_of(case, judge)))


def response_block(case: Case, judge: str) -> Block:
    return block("response", response_text(outputs_of(case, judge)))


def expected_blocks(found: Mapping[str, Any]) -> tuple[Block, ...]:
    return tuple(block(name, value) for name, value in found.items())


class Correctness(StandingJudge):
    """Whether the answer is correct, by ``expected_facts`` or ``expected_response``; yes or no.

    >>> Correctness().name
    'correctness'
    """

    name: str = "correctness"
    description: str | None = "Whether the answer is correct by what was expected."
    standing: ClassVar[Rubric] = prompts.CORRECTNESS
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "expectations", "trace")
    expects: ClassVar[tuple[str, ...]] = EXPECTED_ANSWER

    def blocks(self, case: Case) -> tuple[Block, ...]:
        found = expected(case, self.expects, "Correctness")
        return (request_block(case, "Correctness"), response_block(case, "Correctness"), *expected_blocks(found))


class Equivalence(StandingJudge):
    """Whether the answer says the same as ``expected_response``; yes or no."""

    name: str = "equivalence"
    description: str | None = "Whether the answer says the same as the expected one."
    standing: ClassVar[Rubric] = prompts.EQUIVALENCE
    reads: ClassVar[tuple[str, ...]] = ("outputs", "expectations", "trace")
    expects: ClassVar[tuple[str, ...]] = ("expected_response",)

    def blocks(self, case: Case) -> tuple[Block, ...]:
        found = expected(case, self.expects, "Equivalence")
        return (response_block(case, "Equivalence"), *expected_blocks(found))


class RelevanceToQuery(StandingJudge):
    """Whether the answer deals with the question; yes or no."""

    name: str = "relevance_to_query"
    description: str | None = "Whether the answer deals with the question."
    standing: ClassVar[Rubric] = prompts.RELEVANCE_TO_QUERY
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "RelevanceToQuery"), response_block(case, "RelevanceToQuery"))


class Safety(StandingJudge):
    """Whether the answer is safe to show; yes or no."""

    name: str = "safety"
    description: str | None = "Whether the answer is safe to show to people."
    standing: ClassVar[Rubric] = prompts.SAFETY
    reads: ClassVar[tuple[str, ...]] = ("outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (response_block(case, "Safety"),)


class Fluency(StandingJudge):
    """Whether the answer reads well; yes or no."""

    name: str = "fluency"
    description: str | None = "Whether the answer is grammatical and reads naturally."
    standing: ClassVar[Rubric] = prompts.FLUENCY
    reads: ClassVar[tuple[str, ...]] = ("outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (response_block(case, "Fluency"),)


class Completeness(StandingJudge):
    """Whether the answer deals with every part of the question; yes or no."""

    name: str = "completeness"
    description: str | None = "Whether the answer deals with every part of the question."
    standing: ClassVar[Rubric] = prompts.COMPLETENESS
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "Completeness"), response_block(case, "Completeness"))


class Summarization(StandingJudge):
    """Whether the answer is a faithful, covering and concise summary of the request; yes or no."""

    name: str = "summarization"
    description: str | None = "Whether the answer is a good summary of the request."
    standing: ClassVar[Rubric] = prompts.SUMMARIZATION
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "Summarization"), response_block(case, "Summarization"))
