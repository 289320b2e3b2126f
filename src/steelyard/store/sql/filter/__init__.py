"""The filter language: text → tokens → tree → SQL with bound parameters."""

from __future__ import annotations

from steelyard.store.sql.filter.conditions import compare, compile_condition
from steelyard.store.sql.filter.parser import parse_filter, parse_order
from steelyard.store.sql.filter.terms import Comparison, Condition, Key, Ordering, Vocabulary

__all__ = [
    "Comparison",
    "Condition",
    "Key",
    "Ordering",
    "Vocabulary",
    "compare",
    "compile_condition",
    "parse_filter",
    "parse_order",
]
