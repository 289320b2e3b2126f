"""Which traces are meant: of these experiments, and matching this filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, literal_column

from steelyard.errors import InvalidArgument
from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.experiments import experiment_numbers
from steelyard.store.sql.filter import compile_condition, parse_filter
from steelyard.store.sql.trace_filter import TRACES, trace_comparison
from steelyard.store.sql.trace_schema import traces


@dataclass(frozen=True, slots=True)
class Matching:
    """The traces that match a filter.

    Args:
        conditions: on ``traces``, without the experiment; none if there is no filter.
        few: whether the conditions begin with so few traces that these are best looked up one by one.
    """

    conditions: tuple[ColumnElement[bool], ...] = ()
    few: bool = False

    def of(self, experiments: Sequence[int]) -> list[ColumnElement[bool]]:
        """Return the conditions that a trace matches and is of one of these experiments."""
        number: ColumnElement[int] = traces.c.experiment
        if self.few:  # then not by the experiment's index
            number = number + literal_column("0")
        return [number == experiments[0] if len(experiments) == 1 else number.in_(experiments), *self.conditions]


def chosen_experiments(connection: Connection, experiment_ids: Sequence[str]) -> list[int]:
    """Return experiments' row ids, each once, in the order of their numbers."""
    if isinstance(experiment_ids, str):
        msg = f"experiment_ids is a list of ids, not one text: write [{experiment_ids!r}]."
        raise InvalidArgument(msg)
    return sorted(set(experiment_numbers(connection, experiment_ids)))


def matching(connection: Connection, dialect: Dialect, filter_string: str) -> Matching:
    """Return which traces match a filter, found by the same indexes as in a search.

    Raises:
        FilterError: it does not parse.
    """
    condition = parse_filter(filter_string or "", TRACES)
    if condition is None:
        return Matching()
    from steelyard.store.sql.trace_plan import FEW, candidates  # brings numpy

    compiled = compile_condition(condition, lambda one: trace_comparison(one, dialect))
    found = candidates(connection, dialect, condition)
    if found is None:
        return Matching((compiled,))
    few = len(found) <= FEW
    number = traces.c.id if few else traces.c.id + literal_column("0")
    return Matching((dialect.among(number, found), compiled), few)
