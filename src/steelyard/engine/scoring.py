"""One scorer on one case: exactly one verdict, whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from steelyard.engine.telling import clean, is_outcome, stack_of, told
from steelyard.engine.work import Work
from steelyard.errors import AnswerRefused, AnswerUnreadable, DataError, OverBudget
from steelyard.judges import Judge
from steelyard.llm import Calling, calling
from steelyard.records import (
    AssessmentError,
    AssessmentSource,
    Case,
    Feedback,
    Prediction,
    Verdict,
    VerdictOutcome,
)
from steelyard.scorers import Scorer, aassess, assess
from steelyard.tracing import context

_LONGEST_NAME = 200  # characters; with what follows it, a metric's name may have 250
_VERSION = "steelyard.scorer.version"
_OWN_RUN = "mlflow.assessment.sourceRunId"
_CODES: dict[VerdictOutcome, str] = {
    "scorer_error": "SCORER_ERROR",
    "parse_error": "PARSE_ERROR",
    "refused": "REFUSED",
}


def waits(scorer: Scorer) -> bool:
    """Whether a scorer can be asked in a thread: all but coroutine functions. A judge can be asked either way."""
    return not scorer.is_async or isinstance(scorer, Judge)


def score(work: Work, place: int, case: Case) -> Verdict:
    """Ask a scorer that waits, in this thread."""
    asked = _Asked(work, place, case)
    with calling(asked.calling), context(enabled=False):
        try:
            return asked.answered(_said(work.scorers[place], case))
        except BaseException as error:
            return asked.failed(error)


async def ascore(work: Work, place: int, case: Case) -> Verdict:
    """Ask a scorer that is a coroutine function, in this loop."""
    asked, task = _Asked(work, place, case), asyncio.current_task()
    with calling(asked.calling), context(enabled=False):
        try:
            return asked.answered(await aassess(work.scorers[place], case))
        except BaseException as error:
            if not is_outcome(error, task):
                raise
            return asked.failed(error)


def _said(scorer: Scorer, case: Case) -> tuple[Feedback, ...]:
    return scorer.settled(case) if isinstance(scorer, Judge) else assess(scorer, case)


def timed_out(work: Work, place: int, case: Case, seconds: float) -> Verdict:
    """Return the verdict of a scorer that did not come back."""
    return _Asked(work, place, case).failed(TimeoutError(f"no verdict after {seconds:g} s (the scorer's timeout)"))


def unscored(prediction: Prediction, places: Iterable[int]) -> tuple[Verdict, ...]:
    """Return the verdicts on a row that has no prediction: nothing is scored."""
    outcome: VerdictOutcome = "over_budget" if prediction.outcome == "over_budget" else "predict_failed"
    return tuple(
        Verdict(row=prediction.row, repeat=prediction.repeat, scorer=place, outcome=outcome, error=prediction.error)
        for place in places
    )


@dataclass(slots=True)
class _Asked:
    """A scorer being asked: what its models' answers cost is counted here."""

    work: Work
    place: int
    case: Case
    calling: Calling
    begun: float

    def __init__(self, work: Work, place: int, case: Case) -> None:
        self.work, self.place, self.case = work, place, case
        self.calling = Calling(
            limits=work.limits, budget=work.budget, cache=work.cache, prices=work.prices, repeat=case.repeat
        )
        self.begun = time.perf_counter()

    def answered(self, feedbacks: tuple[Feedback, ...]) -> Verdict:
        for found in feedbacks:
            _check_name(found.name, self.work.scorers[self.place])
        wrong = next((found.error for found in feedbacks if found.error is not None), None)
        if wrong is not None:
            told = f"{wrong.error_code}: {wrong.error_message or ''}".rstrip(": ")
            return self._verdict("scorer_error", feedbacks, error=told)
        return self._verdict("scored", feedbacks)

    def failed(self, error: BaseException) -> Verdict:
        outcome = _outcome(error)
        if outcome == "over_budget":
            return self._verdict(outcome, (), error=str(error))
        scorer = self.work.scorers[self.place]
        problem = AssessmentError(_CODES[outcome], told(error), stack_of(error))
        source = AssessmentSource("LLM_JUDGE" if self.calling.calls else "CODE", scorer.name)
        feedback = Feedback(name=scorer.name, error=problem, source=source)
        return self._verdict(outcome, (feedback,), error=told(error))

    def _verdict(self, outcome: VerdictOutcome, feedbacks: tuple[Feedback, ...], *, error: str = "") -> Verdict:
        calls = self.calling
        trace = self.case.trace or (self.case.session[0] if self.case.session else None)
        trace_id = None if trace is None else trace.info.trace_id
        return Verdict(
            row=self.case.row,
            repeat=self.case.repeat,
            scorer=self.place,
            outcome=outcome,
            feedbacks=tuple(self._finished(found, trace_id) for found in feedbacks),
            error=error,
            latency=time.perf_counter() - self.begun,
            usage=calls.usage if calls.calls else None,
            cached=bool(calls.cached) and calls.cached == calls.calls + calls.cached,
        )

    def _finished(self, feedback: Feedback, trace_id: str | None) -> Feedback:
        metadata = {**feedback.metadata, _OWN_RUN: self.work.run_id}
        version = self.work.scorers[self.place].registered_version
        if version is not None:
            metadata[_VERSION] = str(version)
        return replace(feedback, trace_id=feedback.trace_id or trace_id, metadata=metadata)


def _check_name(name: object, scorer: Scorer) -> None:
    """Raise unless metrics and columns can be named so; found out now, since all has been paid for by the end."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not name.isprintable() or name != name.strip():
        why = f"it is a text of 1 to {_LONGEST_NAME} printable characters, with no space around it"
    elif not name or name.startswith("/") or ".." in name.split("/"):
        why = "it is not empty, does not begin with '/' and has no part '..'"
    else:
        return
    shown = clean(repr(name))[:80]
    message = f"The scorer {scorer.name!r} gave feedback named {shown}, and no metric can be named so: {why}."
    raise DataError(message)


def _outcome(error: BaseException) -> VerdictOutcome:
    if isinstance(error, OverBudget):
        return "over_budget"
    if isinstance(error, AnswerRefused):
        return "refused"
    if isinstance(error, AnswerUnreadable):
        return "parse_error"
    return "scorer_error"
