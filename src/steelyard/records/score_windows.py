"""Feedback over time: what was said of the traces of a window, as a state that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ScoreName:
    """Feedback that there is: its name, its source (``LLM_JUDGE``, ``CODE``, ``HUMAN``) and how often."""

    name: str
    source: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWindow:
    """The feedback of one name on the traces that began in [start_ms, end_ms). Windows add up.

    Args:
        start_ms, end_ms: milliseconds since 1970, UTC.
        group: the value that its traces share of what was asked for; empty if nothing was.
        n: how many values there are: verdicts, numbers and words together.
        errors: feedback that is an error instead of a value.
        passed: of the verdicts (bools, and the words yes and no), how many are good.
        verdicts: how many values are verdicts.
        numbers: how many values are numbers.
        total, squares: their sum, and the sum of their squares.
        low, high: the least and the greatest; None without numbers.
        quantiles: the state of their distribution: ``metrics.states.quantiles.Quantiles.from_bytes``.
        words: how often each other word; at most 50 by window, the rest under ``…``.
    """

    start_ms: int
    end_ms: int
    group: str = ""
    n: int = 0
    errors: int = 0
    verdicts: int = 0
    passed: int = 0
    numbers: int = 0
    total: float = 0.0
    squares: float = 0.0
    low: float | None = None
    high: float | None = None
    quantiles: bytes = b""
    words: Mapping[str, int] = field(default_factory=dict)
