"""Several scorers as one: what each of them says, put together by a function.

A member that fails fails the ensemble, for a verdict of the rest would look like one of all. Only a function whose
first parameter is named ``feedbacks`` sees failures, as feedback with an ``error``, and may decide.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import PrivateAttr

from steelyard.errors import DataError, InvalidArgument, OverBudget, SteelyardError
from steelyard.records.assessment import AssessmentError, AssessmentSource, AssessmentSourceType, Feedback
from steelyard.records.case import Case
from steelyard.scorers.adapting import as_scorer
from steelyard.scorers.assessing import aassess, assess
from steelyard.scorers.binding import Binding, Parameter
from steelyard.scorers.definition import Aggregation, Scorer, case_of
from steelyard.scorers.fingerprints import fingerprint
from steelyard.scorers.reading import read

SUB_FEEDBACKS = "subFeedbacks"
_YES = frozenset({"yes", "true", "pass", "passed"})
_NO = frozenset({"no", "false", "fail", "failed"})
_WHOLE = Binding((Parameter("case", lambda case: case, required=True, by_position=False),))

EnsembleFunction = Callable[[list[Any]], Any]


class EnsembleScorer(Scorer):
    """Several scorers as one; :func:`make_scorer_ensemble` makes them. ``members`` are they."""

    _scorers: tuple[Scorer, ...] = PrivateAttr(default=())
    _combine: EnsembleFunction = PrivateAttr()
    _forgiving: bool = PrivateAttr(default=False)

    def __init__(self, scorers: Sequence[Scorer], combine: EnsembleFunction, **fields: Any) -> None:
        super().__init__(**fields)
        self._scorers = tuple(scorers)
        self._combine = combine
        self._forgiving = _takes_feedbacks(combine)

    def __call__(self, *, case: Case | None = None, **given: Any) -> Any:
        whole = case_of(given) if case is None else case
        if self.is_async:
            return self._ask_all(whole)
        return self._together([_attempt(each, whole) for each in self._scorers])

    @property
    def members(self) -> tuple[Scorer, ...]:
        return self._scorers

    @property
    def scoring_functions(self) -> tuple[EnsembleFunction, ...]:
        return (self._combine,)

    @property
    def binding(self) -> Binding:
        return _WHOLE  # each member binds its own

    @property
    def is_async(self) -> bool:
        return any(each.is_async for each in self._scorers)

    @property
    def is_session_level_scorer(self) -> bool:
        return any(each.is_session_level_scorer for each in self._scorers)

    @property
    def digest(self) -> str:
        return fingerprint(self.name, [each.digest for each in self._scorers], self._combine)

    async def _ask_all(self, case: Case) -> Feedback:
        """Ask all members at once; those that are not async in threads, so that none holds up the others."""
        asked = [
            _attempt_async(each, case) if each.is_async else asyncio.to_thread(_attempt, each, case)
            for each in self._scorers
        ]
        return self._together(await asyncio.gather(*asked))

    def _together(self, said: Sequence[Feedback | Exception]) -> Feedback:
        for each in said:
            if isinstance(each, OverBudget):
                raise each  # not a verdict of anybody's
        members = list(zip(self._scorers, said, strict=True))
        if not self._forgiving:
            for scorer, each in members:
                _raise_if_failed(scorer, each, ensemble=self.name)
        feedbacks = [_as_feedback(scorer, each) for scorer, each in members]
        combined = self._combine(list(feedbacks) if self._forgiving else [each.value for each in feedbacks])
        verdicts = read(combined, scorer=self.name)
        if len(verdicts) != 1:
            message = f"The function of ensemble {self.name!r} must give one value, not {len(verdicts)}."
            raise DataError(message)
        verdict = verdicts[0]
        kept = json.dumps([_kept(each) for each in feedbacks], ensure_ascii=False, default=str)
        return replace(verdict, name=self.name, metadata={SUB_FEEDBACKS: kept, **verdict.metadata})


def make_scorer_ensemble(
    *,
    name: str,
    scorers: Sequence[Any],
    ensemble_fn: str | EnsembleFunction,
    description: str | None = None,
    aggregations: list[Aggregation] | None = None,
) -> EnsembleScorer:
    """Make one scorer of several.

    Args:
        name: of the ensemble's feedback.
        scorers: its members, each giving one value a row: all of rows, or all of sessions.
        ensemble_fn: ``majority_vote``, ``mean``, ``minimum``, ``maximum``, ``agg_all``, ``agg_any``, or a function of
            the list of values; one whose first parameter is ``feedbacks`` gets feedback, failures included.
        description, aggregations: as for :class:`Scorer`.

    Raises:
        InvalidArgument: if there are no members, members of both levels, or no such function.

    >>> from steelyard.scorers.definition import scorer
    >>> brief = scorer(name="brief")(lambda outputs: len(outputs) < 10)
    >>> polite = scorer(name="polite")(lambda outputs: "please" in outputs)
    >>> both = make_scorer_ensemble(name="both", scorers=[brief, polite], ensemble_fn="agg_all")
    >>> both(outputs="please").value
    True
    """
    members = [as_scorer(each) for each in scorers]
    if not members:
        message = f"Ensemble {name!r} needs at least one scorer."
        raise InvalidArgument(message)
    if len({each.is_session_level_scorer for each in members}) > 1:
        message = f"The scorers of ensemble {name!r} must all be of the same level: all of rows, or all of sessions."
        raise InvalidArgument(message)
    if isinstance(ensemble_fn, str) and ensemble_fn not in BUILTIN_ENSEMBLES:
        message = f"ensemble_fn={ensemble_fn!r} is not a built-in: {', '.join(BUILTIN_ENSEMBLES)}, or give a function."
        raise InvalidArgument(message)
    combine = BUILTIN_ENSEMBLES[ensemble_fn] if isinstance(ensemble_fn, str) else ensemble_fn
    if not callable(combine):
        message = f"ensemble_fn must be a name or a function, not {type(combine).__name__}."
        raise InvalidArgument(message)
    return EnsembleScorer(members, combine, name=name, description=description, aggregations=aggregations)


def majority_vote(values: list[Any]) -> Feedback:
    """Return the most frequent value; of equally frequent ones the first by its text, so False before True."""
    counts = Counter(_complete(values))
    most = max(counts.values())
    winner = min((value for value, count in counts.items() if count == most), key=str)
    shown = ", ".join(f"{value}: {count}" for value, count in counts.most_common())
    return Feedback(value=winner, rationale=f"Votes of {len(values)} scorers: {shown}.")


def mean(values: list[Any]) -> Feedback:
    """Return the mean of numbers; True is 1."""
    value = statistics.fmean(_numbers(values))
    return Feedback(value=value, rationale=f"Mean of {len(values)} scorers.")


def minimum(values: list[Any]) -> Feedback:
    """Return the lowest number."""
    return Feedback(value=min(_numbers(values)), rationale=f"Lowest of {len(values)} scorers.")


def maximum(values: list[Any]) -> Feedback:
    """Return the highest number."""
    return Feedback(value=max(_numbers(values)), rationale=f"Highest of {len(values)} scorers.")


def agg_all(values: list[Any]) -> Feedback:
    """Return whether all say yes: True, or a text such as ``yes`` or ``pass``."""
    votes = _votes(values)
    return Feedback(value=all(votes), rationale=f"{sum(votes)} of {len(votes)} scorers say yes.")


def agg_any(values: list[Any]) -> Feedback:
    """Return whether any says yes."""
    votes = _votes(values)
    return Feedback(value=any(votes), rationale=f"{sum(votes)} of {len(votes)} scorers say yes.")


BUILTIN_ENSEMBLES: dict[str, EnsembleFunction] = {
    "majority_vote": majority_vote,
    "mean": mean,
    "minimum": minimum,
    "maximum": maximum,
    "agg_all": agg_all,
    "agg_any": agg_any,
}


def _complete(values: list[Any]) -> list[Any]:
    if not values or any(value is None for value in values):
        message = "Aggregation failed: a scorer of the ensemble gave no value, and the others do not speak for it."
        raise DataError(message)
    return values


def _numbers(values: list[Any]) -> list[Any]:
    wrong = next((value for value in _complete(values) if not isinstance(value, (bool, int, float))), None)
    if wrong is not None:
        message = f"This ensemble needs numeric values, and a scorer gave {wrong!r}. Use majority_vote for words."
        raise DataError(message)
    return values


def _votes(values: list[Any]) -> list[bool]:
    return [_vote(value) for value in _complete(values)]


def _vote(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _YES | _NO:
        message = f"This ensemble needs a yes or no from every scorer; {value!r} has no yes/no reading."
        raise DataError(message)
    return word in _YES


def _attempt(scorer: Scorer, case: Case) -> Feedback | Exception:
    try:
        return _only(scorer, assess(scorer, case))
    except Exception as error:  # kept, and raised or shown when all have spoken
        return error


async def _attempt_async(scorer: Scorer, case: Case) -> Feedback | Exception:
    try:
        return _only(scorer, await aassess(scorer, case))
    except Exception as error:
        return error


def _only(scorer: Scorer, verdicts: tuple[Feedback, ...]) -> Feedback:
    if len(verdicts) > 1:
        message = f"Scorer {scorer.name!r} gives {len(verdicts)} values a row; a member of an ensemble gives one."
        raise DataError(message)
    source = AssessmentSource(AssessmentSourceType.CODE, scorer.name)
    return verdicts[0] if verdicts else Feedback(name=scorer.name, source=source)


def _raise_if_failed(scorer: Scorer, said: Feedback | Exception, *, ensemble: str) -> None:
    """Raise what a member raised: an error of ours as it is, so that its outcome is known, any other told in ours."""
    where = f"Scorer {scorer.name!r} of ensemble {ensemble!r} failed"
    if isinstance(said, SteelyardError) and not isinstance(said, DataError):
        said.add_note(f"{where}.")
        raise said
    if isinstance(said, Exception):
        message = f"{where}: {type(said).__name__}: {said}"
        raise DataError(message) from said
    if said.error is not None:
        message = f"{where}: {said.error.error_code}: {said.error.error_message}"
        raise DataError(message)


def _as_feedback(scorer: Scorer, said: Feedback | Exception) -> Feedback:
    if isinstance(said, Feedback):
        return said
    error = AssessmentError(type(said).__name__, str(said))
    return Feedback(name=scorer.name, error=error, source=AssessmentSource(AssessmentSourceType.CODE, scorer.name))


def _takes_feedbacks(function: EnsembleFunction) -> bool:
    try:
        first = next(iter(inspect.signature(function).parameters), "")
    except (TypeError, ValueError):  # a function of C that does not say
        return False
    return first == "feedbacks"


def _kept(feedback: Feedback) -> dict[str, Any]:
    """Return what a member said in the form of MLflow's wire."""
    said: dict[str, Any] = {"value": feedback.value}
    if feedback.error is not None:
        said["error"] = {"error_code": feedback.error.error_code, "error_message": feedback.error.error_message}
    source = {"source_type": feedback.source.source_type, "source_id": feedback.source.source_id}
    kept = {"assessment_name": feedback.name, "source": source, "feedback": said}
    return kept if feedback.rationale is None else {**kept, "rationale": feedback.rationale}
