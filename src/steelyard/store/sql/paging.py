"""Pages by key: a token says after which row to go on, so that rows that come or go in between move nothing.

Rows without a value to sort by (missing, or NaN) come last whichever way the order goes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, String, and_, false, literal, or_

from steelyard.errors import InvalidArgument


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression to sort by; ``never_null`` ones can be read from an index."""

    expression: ColumnElement[Any]
    descending: bool = False
    never_null: bool = False

    @property
    def order(self) -> ColumnElement[Any]:
        ordered = self.expression.desc() if self.descending else self.expression.asc()
        return ordered if self.never_null else ordered.nulls_last()


def after(keys: Sequence[SortKey], values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row sorts behind the row that has these values."""
    ways = []
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        equal = [
            k.expression.is_(None) if v is None else k.expression == literal(v)
            for k, v in zip(keys[:i], values[:i], strict=True)
        ]
        ways.append(and_(*equal, _behind(key, value)))
    first, value = keys[0], values[0]
    if not first.never_null or value is None:
        return or_(*ways)
    # Said twice, so that an index can begin there.
    begin = first.expression <= literal(value) if first.descending else first.expression >= literal(value)
    return and_(begin, or_(*ways))


def _behind(key: SortKey, value: Any) -> ColumnElement[bool]:
    if value is None:
        return false()
    further = key.expression < literal(value) if key.descending else key.expression > literal(value)
    return further if key.never_null else or_(further, key.expression.is_(None))


def fingerprint(*parts: object) -> str:
    """Return what tells one query from another."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def make_token(query: str, values: Sequence[Any]) -> str:
    """Return a token for the rows behind the one with these sort values."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode([query, *values])).decode().rstrip("=")


def read_token(token: str, query: str, keys: Sequence[SortKey]) -> list[Any]:
    """Return the sort values in a token.

    Raises:
        InvalidArgument: it is no token, or one of another query.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        made_for, *values = msgspec.msgpack.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=list)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        msg = "The page_token is not one that a search has returned. Leave it out to begin at the first page."
        raise InvalidArgument(msg) from error
    if made_for == query and len(values) == len(keys) and all(map(_fits, keys, values)):
        return values
    msg = "The page_token belongs to another search: filter, order, view and experiments must stay as they were."
    raise InvalidArgument(msg)


def _fits(key: SortKey, value: object) -> bool:
    """Tokens come back from outside: only values that the column could hold reach the database."""
    if value is None:
        return True
    if isinstance(key.expression.type, String):
        return isinstance(value, str) and "\x00" not in value
    return isinstance(value, float) or (type(value) is int and -(2**63) <= value < 2**63)
