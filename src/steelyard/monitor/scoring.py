"""One scorer on one trace or session of live traffic: an outcome, or the reason why there is none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import msgspec

from steelyard.engine.telling import clean, is_outcome, stack_of, told
from steelyard.errors import AnswerRefused, AnswerUnreadable, DataError
from steelyard.llm import Budget, Calling, Limits, Patience, calling
from steelyard.monitor.isolating import CodeFailed
from steelyard.monitor.judging_down import Away, Spent, Unfit, not_a_verdict
from steelyard.records import AnswerCache, AssessmentError, AssessmentSource, Case, Feedback, Trace, Usage
from steelyard.records.monitor import MONITOR_KEY, WorkOutcome
from steelyard.scorers import Scorer, aassess, assess
from steelyard.tracing import context

VERSION_KEY = "steelyard.scorer.version"
_LONGEST_NAME = 200  # characters, as in evaluations
_LONGEST_ERROR = 1_000
_MOST_BYTES = 1_000_000
_MOST_FEEDBACKS = 100
_CODES: dict[WorkOutcome, str] = {
    "scorer_error": "SCORER_ERROR",
    "parse_error": "PARSE_ERROR",
    "refused": "REFUSED",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How a scoring ended: as ``WorkDone`` has it."""

    outcome: WorkOutcome
    feedbacks: tuple[Feedback, ...] = ()
    error: str = ""
    calls: int = 0
    usage: Usage = field(default_factory=Usage)


Said: TypeAlias = Scored | Away | Unfit | Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the scorings of one worker.

    Args:
        limits: adaptive limits of models.
        cache: answers that are known already, so that a scoring done again after a kill pays nothing twice.
        patience: how a failing call is tried again before the monitor is held.
    """

    limits: Limits
    cache: AnswerCache | None
    patience: Patience


@dataclass(slots=True, kw_only=True)
class Asking:
    """A scorer that is being asked about a case.

    Args:
        monitor_id: for whom.
        scorer: who is asked.
        case: about what.
        around: limits, cache and patience.
        budget: what its calls are reserved in; None without a limit.
    """

    monitor_id: str
    scorer: Scorer
    case: Case
    around: Around
    budget: Budget | None = None
    _calling: Calling = field(init=False)

    def __post_init__(self) -> None:
        around = self.around
        self._calling = Calling(limits=around.limits, budget=self.budget, cache=around.cache, patience=around.patience)

    def answer(self) -> Said:
        """Ask a scorer that waits, in this thread."""
        with calling(self._calling), context(enabled=False):
            try:
                failed = self._unanswerable()
                return failed or self._answered(assess(self.scorer, self.case))
            except BaseException as error:
                return self.failed(error)

    async def aanswer(self) -> Said:
        """Ask a scorer that is a coroutine function, in this loop."""
        task = asyncio.current_task()
        with calling(self._calling), context(enabled=False):
            try:
                failed = self._unanswerable()
                return failed or self._answered(await aassess(self.scorer, self.case))
            except BaseException as error:
                if not is_outcome(error, task):
                    raise
                return self.failed(error)

    def failed(self, error: BaseException) -> Said:
        """Return what an error comes to."""
        passing = not_a_verdict(error)
        if passing is not None:
            return passing
        outcome = _outcome(error)
        words, stack = (str(error), error.stack) if isinstance(error, CodeFailed) else (told(error), stack_of(error))
        problem = AssessmentError(_CODES[outcome], clean(words), clean(stack) or None)
        return self._scored(outcome, (self._feedback(problem),), error=words)

    def given_up(self, reason: str) -> Scored:
        """Return the outcome of a case on which the judge fails every time, while it answers others."""
        words = f"The judge fails on this one again and again, and answers others. {reason}"
        return self._scored("scorer_error", (self._feedback(AssessmentError("SCORER_ERROR", words)),), error=words)

    def _unanswerable(self) -> Scored | None:
        """Return feedback without a value on a request that failed before it had an answer to judge.

        It is no fault of the scorer's, and it is not left out in silence either.
        """
        trace = self.case.trace
        if self.case.session is not None or trace is None or self.case.outputs is not None:
            return None
        if trace.info.state == "OK" or "outputs" not in self.scorer.needs:
            return None
        failed = trace.info.state == "ERROR"
        code = "REQUEST_FAILED" if failed else "REQUEST_UNFINISHED"
        words = "The request failed and has no answer." if failed else "The request has not ended and has no answer."
        return self._scored("scored", (self._feedback(AssessmentError(code, words)),))

    def _feedback(self, problem: AssessmentError) -> Feedback:
        source = AssessmentSource("LLM_JUDGE" if self._calling.calls else "CODE", self.scorer.name)
        return Feedback(name=self.scorer.name, error=problem, source=source)

    def _answered(self, feedbacks: tuple[Feedback, ...]) -> Scored:
        if len(feedbacks) > _MOST_FEEDBACKS:
            raise DataError(
                f"Scorer {self.scorer.name!r} gave {len(feedbacks):,} values; it may give {_MOST_FEEDBACKS}."
            )
        for found in feedbacks:
            _check(found, self.scorer)
        wrong = next((found.error for found in feedbacks if found.error is not None), None)
        if wrong is not None:
            error = f"{wrong.error_code}: {wrong.error_message or ''}".rstrip(": ")
            return self._scored("scorer_error", feedbacks, error=error)
        return self._scored("scored", feedbacks)

    def _scored(self, outcome: WorkOutcome, feedbacks: Iterable[Feedback], *, error: str = "") -> Scored:
        count = self._calling.count
        return Scored(
            outcome=outcome,
            feedbacks=tuple(map(self._finished, feedbacks)),
            error=clean(error)[:_LONGEST_ERROR],
            calls=count.calls,
            usage=count.usage,
        )

    def _finished(self, feedback: Feedback) -> Feedback:
        """Return feedback as the monitor's: on what was judged and nothing else, and never in a person's name."""
        metadata = {**feedback.metadata, MONITOR_KEY: self.monitor_id}
        if self.scorer.registered_version is not None:
            metadata[VERSION_KEY] = str(self.scorer.registered_version)
        source = feedback.source
        if source.source_type == "HUMAN":
            source = AssessmentSource("CODE", self.scorer.name)
        traces = {trace.info.trace_id: trace for trace in self.case.session or ()}
        meant = feedback.trace_id if feedback.trace_id in traces else None
        return replace(
            feedback,
            trace_id=meant or (None if self.case.trace is None else self.case.trace.info.trace_id),
            span_id=feedback.span_id if _has_span(self.case.trace, feedback.span_id) else None,
            source=source,
            metadata=metadata,
            overrides=None,
            valid=True,
            assessment_id=None,
            create_time_ms=0,
            last_update_time_ms=0,
        )


def _has_span(trace: Trace | None, span_id: str | None) -> bool:
    return trace is not None and any(span.span_id == span_id for span in trace.data.spans)


def _check(feedback: Feedback, scorer: Scorer) -> None:
    """Raise for feedback that no store keeps, or that would fill it up.

    Raises:
        DataError: says what is wrong.
    """
    name = feedback.name
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= _LONGEST_NAME
        or not name.isprintable()
        or name != name.strip()
    ):
        shown = clean(repr(name))[:80]
        raise DataError(
            f"The scorer {scorer.name!r} gave feedback named {shown}: a name is a text of 1 to {_LONGEST_NAME} "
            "printable characters, with no space around it."
        )
    try:
        size = len(msgspec.json.encode((feedback.value, feedback.rationale, dict(feedback.metadata))))
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"The scorer {scorer.name!r} gave feedback that cannot be kept: {error}.") from error
    if size > _MOST_BYTES:
        raise DataError(
            f"The scorer {scorer.name!r} gave feedback of {size:,} bytes; at most {_MOST_BYTES:,} are kept."
        )


def _outcome(error: BaseException) -> WorkOutcome:
    if isinstance(error, AnswerRefused):
        return "refused"
    if isinstance(error, AnswerUnreadable):
        return "parse_error"
    return "scorer_error"
