"""The rows of an evaluation, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.web.contexts.runs import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChip:
    """A condition in force: what it says, and the part of the address that makes it."""

    name: str
    value: str
    key: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the fields of the filter may be set to; empty where the rows have no such column."""

    outcomes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    has_correct: bool = False
    text_column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPage:
    """Rows that match, in order, fifty at a time; ``positions`` are places in the file, counted from 0."""

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    columns: tuple[str, ...]
    all_columns: tuple[str, ...]
    numeric: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    positions: tuple[int, ...]
    matching: int
    total: int
    offset: int
    size: int
    order: str
    chips: tuple[RowChip, ...]
    options: Options
    contains: str = ""
    where: str = ""
    problem: Problem | None = None
    why_empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPageOne:
    """Every column of one row, in the groups that people look for."""

    run_id: str
    run_name: str
    position: int
    total: int
    inputs: Mapping[str, Any]
    results: Mapping[str, Any]
    slices: Mapping[str, Any]
