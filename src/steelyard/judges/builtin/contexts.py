"""Judges of what was retrieved, and of how the answer rests on it."""

from __future__ import annotations

from typing import ClassVar

from steelyard.judges.asking import Asking, together
from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.answers import EXPECTED_ANSWER, expected_blocks, request_block, response_block
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.prompts import contexts as prompts
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.reading import expected, trace_of
from steelyard.judges.retrieval import Retrieval, retrievals
from steelyard.judges.ruling import Ruling, rule
from steelyard.records.assessment import AssessmentSource, Feedback
from steelyard.records.case import Case

CHUNK_KEY = "chunk_index"


class RetrievalRelevance(StandingJudge):
    """Whether each retrieved chunk is relevant to the question.

    Every chunk is judged by itself, so that no chunk can speak for another. Each gives feedback on its retriever's span
    (yes or no, ``chunk_index`` in its metadata), and each span ``<name>/precision``, the share of relevant chunks; a
    retriever that found nothing has precision 0.
    """

    name: str = "retrieval_relevance"
    description: str | None = "Whether what was retrieved is relevant to the question."
    standing: ClassVar[Rubric] = prompts.CONTEXT_RELEVANCE
    reads: ClassVar[tuple[str, ...]] = ("inputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "RetrievalRelevance"),)

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        found = retrievals(trace_of(case, "RetrievalRelevance"), "RetrievalRelevance")
        asked = self.blocks(case)
        bench = self.bench
        chunks = [chunk for retrieval in found for chunk in retrieval.chunks]
        results = yield from together([rule(bench, self.told, (*asked, block("context", chunk))) for chunk in chunks])
        rulings = iter(_all_or_raise(results))
        feedbacks: list[Feedback] = []
        for retrieval in found:
            own = [next(rulings) for _ in retrieval.chunks]
            feedbacks += [
                ruling.feedback(self.name, span_id=retrieval.span_id, metadata={CHUNK_KEY: place})
                for place, ruling in enumerate(own)
            ]
            feedbacks.append(self._precision(retrieval, own, bench.judge))
        return tuple(feedbacks)

    def _precision(self, retrieval: Retrieval, rulings: list[Ruling], model: str) -> Feedback:
        relevant = sum(ruling.value == "yes" for ruling in rulings)
        return Feedback(
            name=f"{self.name}/precision",
            value=relevant / len(rulings) if rulings else 0.0,
            rationale=f"{relevant} of {len(rulings)} retrieved chunks are relevant."
            if rulings
            else "Nothing was retrieved.",
            source=AssessmentSource("LLM_JUDGE", model),
            span_id=retrieval.span_id,
        )


class _OnContext(StandingJudge):
    """A judge of all that was retrieved together: an answer may rest on several retrievals."""

    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        found = retrievals(trace_of(case, type(self).__name__), type(self).__name__)
        ruling = yield from rule(self.bench, self.told, (*self.blocks(case), context_block(found)))
        return (ruling.feedback(self.name, span_id=found[0].span_id if len(found) == 1 else None),)


class RetrievalSufficiency(_OnContext):
    """Whether what was retrieved is enough for ``expected_facts`` or ``expected_response``; yes or no."""

    name: str = "retrieval_sufficiency"
    description: str | None = "Whether what was retrieved is enough for the expected answer."
    standing: ClassVar[Rubric] = prompts.CONTEXT_SUFFICIENCY
    reads: ClassVar[tuple[str, ...]] = ("inputs", "expectations", "trace")
    expects: ClassVar[tuple[str, ...]] = EXPECTED_ANSWER

    def blocks(self, case: Case) -> tuple[Block, ...]:
        found = expected(case, self.expects, "RetrievalSufficiency")
        return (request_block(case, "RetrievalSufficiency"), *expected_blocks(found))


class RetrievalGroundedness(_OnContext):
    """Whether every claim of the answer rests on what was retrieved; yes or no."""

    name: str = "retrieval_groundedness"
    description: str | None = "Whether the answer rests on what was retrieved."
    standing: ClassVar[Rubric] = prompts.GROUNDEDNESS
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "trace")

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "RetrievalGroundedness"), response_block(case, "RetrievalGroundedness"))


def context_block(found: tuple[Retrieval, ...]) -> Block:
    return block("context", [chunk for retrieval in found for chunk in retrieval.chunks])


def _all_or_raise(results: tuple[Ruling | Exception, ...]) -> list[Ruling]:
    for result in results:
        if isinstance(result, Exception):
            raise result
    return [result for result in results if isinstance(result, Ruling)]
