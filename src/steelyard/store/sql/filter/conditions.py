"""From a filter's tree to SQL: values are always bound parameters, and every condition is plainly true or false.

SQL's third truth value never gets in: a comparison with something missing is false, so that NOT means what people
expect and both databases agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, literal, not_, or_

from steelyard.store.sql.dialect import Dialect
from steelyard.store.sql.filter.terms import Both, Comparison, Condition, Not


def compile_condition(
    condition: Condition, compile_one: Callable[[Comparison], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return the SQL of a tree, given how one comparison is spelt."""
    if isinstance(condition, Comparison):
        return compile_one(condition)
    if isinstance(condition, Not):
        return not_(compile_condition(condition.condition, compile_one))
    parts = [compile_condition(part, compile_one) for part in condition.conditions]
    return and_(*parts) if isinstance(condition, Both) else or_(*parts)


def compare(
    column: ColumnElement[Any], comparison: Comparison, dialect: Dialect, *, null_is_nan: bool = False
) -> ColumnElement[bool]:
    """Return the SQL of one comparison on a column.

    Args:
        column: what is compared.
        comparison: with an operator other than IS NULL and IS NOT NULL.
        dialect: spells LIKE.
        null_is_nan: the column's NULLs stand for NaN, which differs from every number. Otherwise they stand for
            nothing, and any comparison with them is false.
    """
    if isinstance(comparison.value, (int, float)):
        return _compare_number(column, comparison.operator, comparison.value, null_is_nan=null_is_nan)
    return _compare_text(column, comparison, dialect)


def _compare_number(
    column: ColumnElement[Any], operator: str, value: float, *, null_is_nan: bool
) -> ColumnElement[bool]:
    if math.isnan(value):
        if not null_is_nan or operator not in {"=", "!="}:
            return false()
        return column.is_(None) if operator == "=" else column.is_not(None)
    bound = literal(value)
    there = column.is_not(None)
    if operator == "!=":
        return or_(column.is_(None), column != bound) if null_is_nan else and_(there, column != bound)
    compared = {
        "=": column == bound,
        ">": column > bound,
        ">=": column >= bound,
        "<": column < bound,
        "<=": column <= bound,
    }
    return and_(there, compared[operator])


def _compare_text(column: ColumnElement[Any], comparison: Comparison, dialect: Dialect) -> ColumnElement[bool]:
    operator, value = comparison.operator, comparison.value
    if isinstance(value, tuple):
        listed = column.in_(value) if value else false()
        return listed if operator == "IN" else not_(listed)
    text = str(value)
    if operator in {"=", "!="}:
        return column == text if operator == "=" else column != text
    if operator.endswith("RLIKE"):
        like = dialect.matches(column, text)
    else:
        like = dialect.like(column, text, fold_case=operator.endswith("ILIKE"))
    return not_(like) if operator.startswith("NOT") else like
