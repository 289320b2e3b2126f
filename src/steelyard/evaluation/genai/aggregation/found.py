"""What goes into an aggregation and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from steelyard.errors import InvalidArgument
from steelyard.records import MetricInfo, NamedFeedback, Replicates, ScoredMetric, ScorerSummary, SliceInfo
from steelyard.records.application import ValueKind

Aggregation: TypeAlias = str | Callable[[list[float]], float]

AGGREGATIONS = ("min", "max", "mean", "median", "variance", "p90")
"""MLflow's names of what may be told of a scorer's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerFacts:
    """What aggregating needs to know of a scorer.

    Args:
        name: of the scorer.
        planned: how many verdicts there should be.
        aggregations: names of ``AGGREGATIONS`` or functions of the list of values; None means the mean, an empty
            sequence none at all.
        pass_if: which values are good enough: a function of the value, a collection of good values, or the good value;
            booleans and yes/no need none.
        session_level: it judges sessions; its verdicts stand on each session's first row.
        judged_by: the model that judges, if one does.
        kind: of its values, where it is declared; otherwise the values tell.
        categories: the words it may say, where they are declared.
        lower, upper: the ends of its numbers' range, where they are declared: the bounds of missing values.
        greater_is_better: the good direction of its numbers; None when neither is.
    """

    name: str
    planned: int
    aggregations: Sequence[Aggregation] | None = None
    pass_if: Any = None
    session_level: bool = False
    judged_by: str = ""
    kind: ValueKind | None = None
    categories: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    greater_is_better: bool | None = True

    def __post_init__(self) -> None:
        for told in self.aggregations or ():
            if not callable(told) and told not in AGGREGATIONS:
                message = (
                    f"aggregations of scorer {self.name!r}: {told!r} is not known. "
                    f"Give one of {', '.join(AGGREGATIONS)}, or a function of the list of values."
                )
                raise InvalidArgument(message)

    @property
    def passes(self) -> Callable[[Any], object] | None:
        """What says of a value whether it passes; None if only booleans and yes/no tell."""
        rule = self.pass_if
        if rule is None or callable(rule):
            return rule
        if isinstance(rule, list | tuple | set | frozenset):
            return lambda value: value in rule
        return lambda value: value == rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """How many values of one feedback passed; the four counts add up to what was planned.

    Args:
        name: of the feedback.
        passed: values that are yes or true, or that the scorer's ``pass_if`` accepted.
        failed: values that are no or false, or that it rejected.
        unjudged: values that nothing says good or bad of: no ``pass_if``, and neither boolean nor yes/no.
        missing: values that should be there and are not.
    """

    name: str
    passed: int = 0
    failed: int = 0
    unjudged: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregated:
    """All that an evaluation's lines say together.

    Args:
        metrics: what each metric is; those shown first are marked.
        estimates: every metric on every slice.
        replicates: of every metric that has them, for comparisons.
        slices: all slices but that of all rows: rows with a prediction, and rows without one as missing.
        slice_columns: a column for each dimension, as comparisons read them in ``rows.parquet``: its name, and the
            slice of every line that was taken, by row and repeat (an Arrow array of words).
        feedback: what was said under each name.
        scorers: how each scorer fared, in the order given.
        values: metric to value on all rows, where it is defined: MLflow's run metrics.
        names: (place of the scorer, name of its feedback) to the name used for it here and in ``rows.parquet``; they
            differ only where two scorers give feedback of one name.
        passing: for each feedback, how many values passed.
        predictions: how many there are of each outcome.
        latencies: p50, p90 and p99 of the predictions' seconds; empty where none was timed.
        clusters: the column of ``rows.parquet`` that names what is independent; None if every line is.
        warnings: what a reader of the numbers must know.
    """

    metrics: tuple[MetricInfo, ...]
    estimates: tuple[ScoredMetric, ...]
    replicates: Replicates
    slices: tuple[SliceInfo, ...] = ()
    slice_columns: Mapping[str, Any] = field(default_factory=dict)
    feedback: tuple[NamedFeedback, ...] = ()
    scorers: tuple[ScorerSummary, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[tuple[int, str], str] = field(default_factory=dict)
    passing: tuple[Passing, ...] = ()
    predictions: Mapping[str, int] = field(default_factory=dict)
    latencies: Mapping[str, float] = field(default_factory=dict)
    clusters: str | None = None
    warnings: tuple[str, ...] = ()
