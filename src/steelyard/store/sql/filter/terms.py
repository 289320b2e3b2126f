"""What a filter can speak of, and the tree that a filter becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ValueType = Literal["number", "text", "any"]
Value = float | int | str | tuple[str, ...] | None
Operator = Literal[
    "=",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
    "LIKE",
    "ILIKE",
    "RLIKE",
    "NOT LIKE",
    "NOT ILIKE",
    "NOT RLIKE",
    "IN",
    "NOT IN",
    "IS NULL",
    "IS NOT NULL",
]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The keys of one noun.

    Args:
        noun: what is searched, for messages, such as ``runs``.
        attributes: name to type of the noun's own columns.
        aliases: other spellings of attributes.
        kinds: prefix to kind, such as ``metric`` to ``metrics``.
        types: kind to the type of its values; ``any`` takes what stands in the filter, a number or a text.
        fixed: kind to the only keys that it has; one that ends in a dot stands for all that begin so.
        patterns: whether texts may be compared with RLIKE.
    """

    noun: str
    attributes: Mapping[str, ValueType]
    aliases: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, ValueType] = field(default_factory=dict)
    fixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """``metrics.f1`` is of kind ``metrics`` and name ``f1``; ``start_time`` of kind ``attributes``."""

    kind: str
    name: str
    type: ValueType


@dataclass(frozen=True, slots=True)
class Comparison:
    """A key held against a value (None for IS NULL)."""

    key: Key
    operator: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """All of some conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of some conditions."""

    conditions: tuple[Condition, ...]


Condition = Comparison | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Ordering:
    """One part of an ``order_by``."""

    key: Key
    descending: bool = False
