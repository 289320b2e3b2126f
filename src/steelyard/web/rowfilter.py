"""What the rows page may be asked for: a filter and an order, read from the address and told back as chips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from steelyard._lib.names import nearest
from steelyard.errors import ColumnNotFound, InvalidArgument

Operator = Literal["=", "!=", "<", "<=", ">", ">="]

_CONDITION = re.compile(r"^\s*(?P<column>`[^`]+`|\S.*?)\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?P<value>.*?)\s*$", re.DOTALL)
_QUOTED = re.compile(r"^(['\"])(.*)\1$", re.DOTALL)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """``column operator value``; the value is text, and a number where the column holds numbers."""

    column: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """All conditions hold together; of ``any_of`` at least one; the text is in one of the columns."""

    conditions: tuple[Condition, ...] = ()
    contains: str = ""
    contains_column: str = ""
    or_columns: tuple[str, ...] = ()
    any_of: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class RowOrder:
    """The column to sort by; the empty name is the order of the data."""

    column: str = ""
    descending: bool = False

    @property
    def text(self) -> str:
        return f"-{self.column}" if self.descending else self.column


def parse_condition(text: str, columns: Sequence[str]) -> Condition:
    """Read ``age >= 40`` or ``target = 'yes'``.

    Args:
        text: what was typed.
        columns: the names that may stand left; one with spaces needs no quotes, one with an operator needs backticks.

    Raises:
        InvalidArgument: if it is not of that shape.
        ColumnNotFound: if there is no such column.

    Examples:
        >>> parse_condition("age >= 40", ["age"])
        Condition(column='age', operator='>=', value='40')
    """
    if len(text) > _LONGEST:
        raise InvalidArgument(f"A condition may have {_LONGEST} characters; this one has {len(text)}.")
    found = _CONDITION.match(text)
    if found is None or not found["value"]:
        example = f"{columns[0]} = 1" if columns else "age >= 40"
        raise InvalidArgument(f"Write a column, one of = != < <= > >= and a value, such as: {example}")
    column = found["column"].strip("`")
    if column not in columns:
        raise ColumnNotFound(column, columns)
    quoted = _QUOTED.match(found["value"])
    operator: Operator = found["operator"]  # type: ignore[assignment]  # the expression admits no others
    return Condition(column, operator, quoted[2] if quoted else found["value"])


def parse_order(text: str, columns: Iterable[str]) -> RowOrder:
    """Read ``loss`` or ``-loss``.

    Raises:
        InvalidArgument: if there is no such column.
    """
    if not text:
        return RowOrder()
    names = list(columns)
    if text in names:
        return RowOrder(text)
    if text.startswith("-") and text[1:] in names:
        return RowOrder(text[1:], descending=True)
    hint = nearest(text.removeprefix("-"), names)
    raise InvalidArgument(f"There is no column {text!r} to sort by.{f' Did you mean {hint!r}?' if hint else ''}")
