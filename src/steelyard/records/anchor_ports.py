"""What the rest of the house may ask of a store about anchor sets: frozen rows that a judge is held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from steelyard.records.anchor import AnchorReading, AnchorSet, AnchorState, AnchorVerdict


class AnchorStore(Protocol):
    """Anchor sets, and each reading that a judge gave of them. A judge has at most one set in an experiment."""

    def create(
        self,
        experiment_id: str,
        name: str,
        *,
        dataset_id: str,
        dataset_version: int | None = None,
        every_ms: int = 86_400_000,
        max_cost: float | None = None,
        by: str = "",
    ) -> AnchorSet:
        """Make a version of a dataset (the newest unless told) the anchor set of a registered scorer.

        Raises:
            NotFound: there is no such scorer, dataset or version.
            AlreadyExists: the scorer has an anchor set.
            InvalidArgument: the version is a table, or holds no records.
        """
        ...

    def get(self, anchor_id: str) -> AnchorSet: ...
    def find(self, experiment_id: str, name: str) -> AnchorSet | None: ...
    def list(self, experiment_ids: Sequence[str] = ()) -> tuple[AnchorSet, ...]:
        """Return anchor sets, of some experiments if any are named, by name."""
        ...

    def update(
        self,
        anchor_id: str,
        *,
        every_ms: int | None = None,
        max_cost: float | None = None,
        state: AnchorState | None = None,
        base_reading: str | None = None,
    ) -> AnchorSet:
        """Change how often it is read, for how much, whether, or which reading the others are held against."""
        ...

    def delete(self, anchor_id: str) -> None:
        """Delete a set with its readings; the dataset stays."""
        ...

    def ask(self, anchor_id: str) -> None:
        """Have it read at the next opportunity, whatever the schedule."""
        ...

    def claim(self, worker: str, *, now_ms: int, lease_ms: int = 600_000) -> AnchorReading | None:
        """Hand out a reading that is due, or one that somebody left unfinished; None if there is none.

        Due is an active set that has no reading of its scorer's newest version, whose last reading began longer ago
        than ``every_ms``, or that somebody asked for.
        """
        ...

    def put(self, reading: AnchorReading, verdicts: Sequence[AnchorVerdict], *, now_ms: int) -> bool:
        """Keep verdicts, durably, and the lease for longer; False if the reading was handed to another."""
        ...

    def finish(self, reading: AnchorReading, *, now_ms: int) -> AnchorReading:
        """End a reading, done or failed; the first that is done becomes the base. Five failures stop the set."""
        ...

    def readings(self, anchor_id: str) -> tuple[AnchorReading, ...]:
        """Return readings, the newest first."""
        ...

    def verdicts(self, reading_id: str) -> tuple[AnchorVerdict, ...]:
        """Return what a reading has so far, in the order of the rows."""
        ...
