"""Run it: rows through a function and scorers into a ledger, each step committed as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.engine.progress import Progress
    from steelyard.engine.runner import run_work
    from steelyard.engine.work import Work

__all__ = ["Progress", "Work", "run_work"]

_HOMES = {"Progress": "progress", "Work": "work", "run_work": "runner"}
__getattr__ = lazy_names(__name__, _HOMES)
