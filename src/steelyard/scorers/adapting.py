"""Make a scorer of anything that scores: a function, or an object of another framework, by the methods that it has."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from pydantic import PrivateAttr

from steelyard.errors import InvalidArgument
from steelyard.scorers.definition import CodeScorer, Scorer, name_of
from steelyard.scorers.fingerprints import methods_of

_METHODS = (
    "evaluate_run",  # LangSmith
    "single_turn_ascore",  # Ragas
    "single_turn_score",
    "measure",  # DeepEval
    "score",  # Opik, Weave, Ragas
    "ascore",
    "evaluate",  # pydantic-evals, Phoenix
)
_KEEPS_RESULT = ("measure", "a_measure")  # the verdict stays on the metric, so each call gets a copy of it


def as_scorer(anything: Any) -> Scorer:
    """Return a scorer for a function or for another framework's scorer, evaluator or metric.

    Objects are called by the first of these that they have: ``evaluate_run`` (LangSmith), ``single_turn_ascore``
    (Ragas), ``measure`` (DeepEval), ``score`` (Opik, Weave), ``evaluate`` (pydantic-evals, Phoenix), or as functions.
    A class is made an instance of, if it needs no arguments.

    Raises:
        InvalidArgument: if it is none of these.

    >>> as_scorer(lambda output, expected: output == expected).needs
    ('output', 'expected')
    """
    if isinstance(anything, Scorer):
        return anything
    if inspect.isclass(anything):
        return as_scorer(_instance(anything))
    if inspect.isroutine(anything) or isinstance(anything, functools.partial):
        return CodeScorer(anything, name=name_of(anything))
    method = next((name for name in _METHODS if callable(getattr(anything, name, None))), None)
    if method is None and not callable(anything):
        message = f"{_shown(anything)} is not a scorer: give a function, a Scorer, or an object with {_listed()}."
        raise InvalidArgument(message)
    function = anything if method is None else _method(anything, method)
    return AdaptedScorer(function, anything, name=_own_name(anything))


class AdaptedScorer(CodeScorer):
    """An object of another framework as a scorer; ``adapted`` is the object."""

    _adapted: Any = PrivateAttr()

    def __init__(self, function: Callable[..., Any], adapted: Any, **fields: Any) -> None:
        super().__init__(function, **fields)
        self._adapted = adapted

    @property
    def adapted(self) -> Any:
        return self._adapted

    def _code(self) -> tuple[Any, ...]:
        return (getattr(self._adapted, "__dict__", None), methods_of(type(self._adapted), until=object))


def _method(adapted: Any, name: str) -> Callable[..., Any]:
    method = getattr(adapted, name)
    if name not in _KEEPS_RESULT:
        return method

    @functools.wraps(method)
    def measured(*args: Any, **kwargs: Any) -> Any:
        metric = copy.copy(adapted)
        returned = getattr(metric, name)(*args, **kwargs)
        return metric if hasattr(metric, "score") else returned

    return measured


def _instance(cls: type) -> Any:
    try:
        inspect.signature(cls).bind()
    except (TypeError, ValueError) as error:
        message = f"{cls.__qualname__} is a class that needs arguments: give an instance of it, {cls.__qualname__}(…)."
        raise InvalidArgument(message) from error
    return cls()


def _own_name(adapted: Any) -> str:
    """Return the name that its framework would show."""
    for attribute in ("evaluation_name", "name", "__name__"):
        name = getattr(adapted, attribute, None)
        name = _called(name) if inspect.ismethod(name) else name
        if isinstance(name, str) and name.strip():
            return name
    return type(adapted).__name__


def _called(method: Any) -> Any:
    """Call a method that gives a name, such as autoevals' ``_name``; None if it needs more than the object."""
    try:
        inspect.signature(method).bind()
    except (TypeError, ValueError):
        return None
    return method()


def _shown(anything: Any) -> str:
    return f"{type(anything).__name__} {anything!r}"[:120]


def _listed() -> str:
    return ", ".join(f"{name}()" for name in _METHODS)
