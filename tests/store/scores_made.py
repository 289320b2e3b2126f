"""Feedback on traces as plain facts that a test can count by itself."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from windows_made import Fact

from steelyard.metrics.states.quantiles import Quantiles
from steelyard.records import AssessmentSource, Feedback
from steelyard.records.score_windows import ScoreWindow


@dataclass(frozen=True)
class Said:
    """What a test knows of feedback."""

    value: Any = None
    name: str = "quality"
    source: str = "CODE"
    version: str | None = None
    error: str | None = None

    def feedback(self, trace_id: str, assessment_id: str | None = None, **more: Any) -> Feedback:
        return Feedback(
            self.name,
            value=self.value,
            error=self.error,  # type: ignore[arg-type]
            source=AssessmentSource(self.source, "who"),
            metadata={} if self.version is None else {"steelyard.scorer.version": self.version},
            trace_id=trace_id,
            assessment_id=assessment_id,
            **more,
        )


def counted(
    pairs: Iterable[tuple[Fact, Said]], *, step: int, by: str = "", name: str = "quality", source: str = ""
) -> list[dict[str, Any]]:
    """Count by the definition."""
    groups: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for fact, said in pairs:
        if said.name == name and source in ("", said.source):
            for value in _values(fact, said, by):
                groups[fact.time // step * step, value].append(said)
    return [_row(start, value, members) for (start, value), members in sorted(groups.items())]


def _values(fact: Fact, said: Said, by: str) -> Sequence[str]:
    if by == "model":
        return list(dict.fromkeys(fact.models))
    single = {"": "", "name": fact.name, "status": fact.state, "version": said.version}
    value = fact.tags.get(by[4:]) if by.startswith("tag.") else single[by]
    return [] if value is None else [value]


def _row(start: int, group: str, members: Sequence[Said]) -> dict[str, Any]:
    kinds: dict[str, list[Any]] = defaultdict(list)
    for said in members:
        kind, value = _kind(said)
        kinds[kind].append(value)
    numbers = [float(x) for x in kinds["number"]]
    return {
        "start_ms": start,
        "end_ms": 0,
        "group": group,
        "n": len(members) - len(kinds["error"]),
        "errors": len(kinds["error"]),
        "verdicts": len(kinds["verdict"]),
        "passed": sum(kinds["verdict"]),
        "numbers": len(numbers),
        "total": math.fsum(numbers),
        "squares": math.fsum(x * x for x in numbers),
        "low": min(numbers, default=None),
        "high": max(numbers, default=None),
        "quantiles": Quantiles.of(np.array(numbers)).to_bytes(),
        "words": dict(Counter(kinds["word"])),
    }


def _kind(said: Said) -> tuple[str, Any]:
    value = said.value
    if said.error is not None or value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "error", None
    if isinstance(value, bool):
        return "verdict", value
    if isinstance(value, int | float):
        return ("number", value) if abs(value) <= 1e100 else ("error", None)
    if isinstance(value, str):
        folded = value.strip().lower()
        return ("verdict", folded == "yes") if folded in ("yes", "no") else ("word", value)
    return "other", None


def told(windows: Iterable[ScoreWindow]) -> list[dict[str, Any]]:
    """Return windows as ``counted`` has them."""
    names = ScoreWindow.__dataclass_fields__
    return [{name: getattr(window, name) for name in names} | {"end_ms": 0} for window in windows]
