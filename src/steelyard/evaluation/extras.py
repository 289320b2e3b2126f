"""Metrics and artifacts of the caller's own: both the published article's spelling and MLflow 3's."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.records import MetricFailure
from steelyard.store.limits import check_key

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class MetricValue:
    """What a metric function may return instead of a number: scores by row, and aggregates of them.

    Args:
        scores: one number (or None) per row.
        justifications: one text per row.
        aggregate_results: name of an aggregate to its value; mean, variance and p90 of ``scores`` unless given.
    """

    scores: Sequence[float | None] | None = None
    justifications: Sequence[str] | None = None
    aggregate_results: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationMetric:
    """A metric that ``evaluate(extra_metrics=[…])`` computes besides its own.

    The function takes ``(eval_df, builtin_metrics)``, or any of these by name: ``predictions``, ``targets``,
    ``metrics``, an input column, a key of ``evaluator_config``, or the name of another metric. It returns a number or a
    :class:`MetricValue`. ``eval_df`` has the input columns, ``targets``, ``predictions`` (also as ``target`` and
    ``prediction``) and, where there are any, ``probabilities``.

    Args:
        name: the name to log it under; no slash.
        func: the function; ``eval_fn`` is the same argument under MLflow's name.
        greater_is_better: whether a higher value is better; None when neither is.
        input_example: a small frame that shows what the function reads; kept for people, not called.
        long_name: the name that people read.
        version: such as ``v1``; becomes part of the logged name, ``<name>/<version>``.
        bootstrap: call the function on resampled rows too, which gives the value an interval, and on each slice. Turn
            it off for a function with side effects.
    """

    name: str
    func: Callable[..., Any] | None = None
    eval_fn: Callable[..., Any] | None = None
    greater_is_better: bool | None = True
    input_example: Any = None
    long_name: str | None = None
    version: str | None = None
    metric_details: str | None = None
    metric_metadata: Mapping[str, Any] | None = None
    genai_metric_args: Mapping[str, Any] | None = None
    bootstrap: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or "/" in self.name:
            raise InvalidArgument(f"EvaluationMetric(name={self.name!r}): give a name, as text without a slash.")
        check_key(self.key, "metric name")
        if (self.func is None) == (self.eval_fn is None):
            raise InvalidArgument(f"EvaluationMetric({self.name!r}) needs its function once: func=… or eval_fn=….")
        if not callable(self.function):
            raise InvalidArgument(f"EvaluationMetric({self.name!r}): func must be a function; it is {self.function!r}.")

    @property
    def function(self) -> Callable[..., Any]:
        return self.func or self.eval_fn  # type: ignore[return-value]  # one of the two is set, see __post_init__

    @property
    def key(self) -> str:
        """The name as logged."""
        return f"{self.name}/{self.version}" if self.version else self.name


def make_metric(
    *,
    eval_fn: Callable[..., Any],
    greater_is_better: bool | None,
    name: str | None = None,
    long_name: str | None = None,
    version: str | None = None,
    metric_details: str | None = None,
    metric_metadata: Mapping[str, Any] | None = None,
    genai_metric_args: Mapping[str, Any] | None = None,
) -> EvaluationMetric:
    """Make a metric from a function, with MLflow's arguments.

    Args:
        eval_fn: see :class:`EvaluationMetric`.
        greater_is_better: whether a higher value is better.
        name: the function's own name unless given; a lambda needs one.
        long_name: the name that people read.
        version: becomes part of the logged name.

    Raises:
        InvalidArgument: a lambda without a name, or a name with a slash.

    Examples:
        >>> make_metric(eval_fn=lambda eval_df, _: 1.0, greater_is_better=True, name="one").key
        'one'
    """
    called = name or getattr(eval_fn, "__name__", "")
    if not name and called in ("", "<lambda>"):
        raise InvalidArgument("make_metric needs name=… when eval_fn is a lambda or has no name of its own.")
    return EvaluationMetric(
        name=called,
        eval_fn=eval_fn,
        greater_is_better=greater_is_better,
        long_name=long_name,
        version=version,
        metric_details=metric_details,
        metric_metadata=metric_metadata,
        genai_metric_args=genai_metric_args,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationArtifact:
    """An artifact that ``evaluate(extra_artifacts=[…])`` makes.

    The function takes ``(eval_df, builtin_metrics)``, ``(eval_df, builtin_metrics, artifacts_dir)`` or the same names
    as a metric. It returns a path, a mapping of names to paths or objects, or an object: a DataFrame becomes CSV, an
    array NPY, a Matplotlib figure PNG, text TXT, anything JSON can hold JSON.

    Args:
        name: the artifact's name. A returned file is kept as ``<name><its suffix>``.
        func: the function.
        input_example: a small frame that shows what the function reads; kept for people, not called.
    """

    name: str
    func: Callable[..., Any]
    input_example: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidArgument(f"EvaluationArtifact(name={self.name!r}): give a name, as text.")
        if not callable(self.func):
            raise InvalidArgument(f"EvaluationArtifact({self.name!r}): func must be a function; it is {self.func!r}.")


@dataclass(frozen=True, slots=True)
class Scope:
    """What functions of the caller's may ask for by name."""

    eval_df: Any
    builtin_metrics: Mapping[str, float]
    predictions: Any = None
    targets: Any = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    metric_values: Mapping[str, MetricValue] = field(default_factory=dict)
    artifacts_dir: str | None = None

    def take(self, rows: np.ndarray) -> Scope:
        """Return what there is of these rows, which may repeat."""
        frame = self.eval_df.iloc[rows]

        def pick(column: Any) -> Any:
            return column.iloc[rows] if hasattr(column, "iloc") else column

        columns = {name: frame[name] if name in frame else pick(column) for name, column in self.columns.items()}
        return replace(
            self, eval_df=frame, columns=columns, predictions=pick(self.predictions), targets=pick(self.targets)
        )  # fmt: skip


def as_values(numbers: Mapping[str, float]) -> dict[str, MetricValue]:
    """Return metrics as functions that ask for ``metrics`` get them."""
    return {name: MetricValue(aggregate_results={name: value}) for name, value in numbers.items()}


_POSITIONAL = {
    "eval_df": "eval_df", "builtin_metrics": "builtin_metrics", "_builtin_metrics": "builtin_metrics",
    "artifacts_dir": "artifacts_dir", "_artifacts_dir": "artifacts_dir",
}  # fmt: skip


def bind(function: Callable[..., Any], scope: Scope) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments to call a function of the caller's with.

    Raises:
        InvalidArgument: a parameter without a default that nothing here is named for; the message lists what there is.
    """
    parameters = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]  # fmt: skip
    named = _named(scope)
    required = [p for p in parameters if p.default is p.empty]
    unknown = [p.name for p in required if p.name not in named and p.name not in _POSITIONAL]
    # The legacy form is known by its place, not by its names: f(anything, anything else[, a folder]).
    by_name = bool(required) and required[0].name in _POSITIONAL and not unknown
    if required and not by_name and len(required) <= 3 and required[0].name not in named:
        return [scope.eval_df, scope.builtin_metrics, scope.artifacts_dir][: len(required)], {}
    if unknown:
        there = ", ".join(sorted(named))
        raise InvalidArgument(
            f"{getattr(function, '__name__', function)!s} asks for {', '.join(map(repr, unknown))}, which the "
            f"evaluation does not have. It may ask for eval_df, builtin_metrics, or any of: {there}."
        )
    given = {p.name: named[p.name] for p in parameters if p.name in named}
    given |= {p.name: getattr(scope, _POSITIONAL[p.name]) for p in parameters if p.name in _POSITIONAL}
    return [], given


def _named(scope: Scope) -> dict[str, Any]:
    named: dict[str, Any] = dict(scope.columns)
    named |= dict(scope.config)
    named |= dict(scope.metric_values)
    named |= {"predictions": scope.predictions, "metrics": dict(scope.metric_values)}
    if scope.targets is not None:
        named["targets"] = scope.targets
    return named


def dependencies(function: Callable[..., Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``names`` (other metrics) that a function asks for."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a function written in C may have none; calling it says so
        return ()
    return tuple(n for n in parameters if n in names)


def call(function: Callable[..., Any], scope: Scope) -> Any:
    """Call a function of the caller's with what it asks for."""
    positional, named = bind(function, scope)
    return function(*positional, **named)


def failure(name: str, problem: BaseException, *, kind: Any = "metric") -> MetricFailure:
    """Describe a function of the caller's that raised."""
    lines = traceback.format_exception(problem)
    return MetricFailure(
        name=name, kind=kind, error=f"{type(problem).__name__}: {problem}", traceback="".join(lines[-12:])
    )  # fmt: skip
