"""A scorer that was registered: what it is, as text, under a name and a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredScorer:
    """One version of a scorer.

    Args:
        experiment_id: whose it is.
        name: of its feedback.
        version: 1, 2, …
        kind: ``judge``, ``builtin``, ``code``, ``jury``, ``ensemble`` or ``pairwise``.
        definition: JSON from which it is made again.
        digest: of what decides its verdicts: equal digests are the same scorer.
        notes: what was learnt of it, such as ``{"align": {"verdict": "better", "before": {"value": 0.71, …}, …}}``.
        created_by, created_time: who and when, milliseconds since 1970.
    """

    experiment_id: str
    name: str
    version: int
    kind: str
    definition: str
    digest: str
    notes: Mapping[str, Any] = field(default_factory=dict)
    created_by: str = ""
    created_time: int = 0
