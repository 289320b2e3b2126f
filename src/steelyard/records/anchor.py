"""Anchor sets: frozen rows that a judge is held to again and again, so that its own drift is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

AnchorState = Literal["active", "stopped"]
ReadingState = Literal["running", "done", "failed"]
ReadingReason = Literal["first", "scheduled", "version", "asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSet:
    """A version of a dataset on which a registered judge is held to what it said before.

    Args:
        anchor_id: ``an-`` and 32 hexadecimal digits.
        experiment_id: whose judge.
        name: of the registered scorer.
        dataset_id, dataset_version, dataset_digest: the rows; a version of a dataset never changes.
        n: how many rows.
        every_ms: how often it is read again, also while nobody changed anything: models behind a name do change.
        max_cost: US dollars that one reading may take; None sets no limit.
        base_reading: the id of the reading whose scale counts; empty before the first has ended.
        state: whether it is read by itself.
        failures: readings in a row that failed.
        reason: why it was stopped by itself; empty if it was not.
        created_by, created_time: who and when, milliseconds since 1970.
    """

    anchor_id: str
    experiment_id: str
    name: str
    dataset_id: str
    dataset_version: int
    dataset_digest: str
    n: int
    every_ms: int = 86_400_000
    max_cost: float | None = None
    base_reading: str = ""
    state: AnchorState = "active"
    failures: int = 0
    reason: str = ""
    created_by: str = ""
    created_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorReading:
    """What a judge said of an anchor set at one time.

    Args:
        reading_id: ``rd-`` and 32 hexadecimal digits.
        anchor_id: of which set.
        scorer_version: of the registered scorer.
        scorer_digest: of what decides its verdicts.
        why: ``first``, ``scheduled``, ``version`` (there is another version of the judge) or ``asked`` by somebody.
        models: who answered, as far as they say.
        started_ms, ended_ms: when; 0 while it runs.
        state: whether it runs, is done, or failed.
        n: rows with a verdict.
        failed: rows on which the judge gave none.
        calls, cost: what it took; US dollars, of the calls whose price is known.
        error: why it failed.
        lease: which handing out this is.
    """

    reading_id: str
    anchor_id: str
    scorer_version: int
    scorer_digest: str
    why: ReadingReason = "first"
    models: tuple[str, ...] = ()
    started_ms: int = 0
    ended_ms: int = 0
    state: ReadingState = "running"
    n: int = 0
    failed: int = 0
    calls: int = 0
    cost: float = 0.0
    error: str = ""
    lease: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorVerdict:
    """What was said of one row: a value, or why there is none."""

    record_id: str
    value: Any = None
    error: str = ""
    rationale: str = ""
