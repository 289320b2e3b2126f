"""Outcomes that no store can keep, such as a name of a thousand letters: each fails by itself, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from steelyard.engine.scoring import unscored
from steelyard.engine.telling import clean
from steelyard.records import LedgerEntry, Prediction


def parts_of(entry: LedgerEntry) -> Iterator[LedgerEntry]:
    """Yield what may be committed by itself: the prediction with its trace, and each verdict."""
    if entry.prediction is not None or entry.trace is not None:
        yield replace(entry, verdicts=())
    for verdict in entry.verdicts:
        yield LedgerEntry(verdicts=(verdict,))


class Spoiled:
    """Predictions that could not be kept and count as failed, so that nothing is scored on top of them."""

    def __init__(self) -> None:
        self._predictions: dict[tuple[int, int], Prediction] = {}

    def failed(self, part: LedgerEntry, error: Exception) -> LedgerEntry:
        """Return what is committed in place of a part that the store refused."""
        said = clean(f"it cannot be kept: {error}")
        if part.prediction is None:
            (verdict,) = part.verdicts
            return LedgerEntry(verdicts=(replace(verdict, outcome="scorer_error", feedbacks=(), error=said),))
        spoiled = replace(part.prediction, outcome="predict_failed", output=None, trace_id=None, error=said)
        self._predictions[spoiled.row, spoiled.repeat] = spoiled
        return LedgerEntry(prediction=spoiled)

    def fitting(self, entry: LedgerEntry) -> LedgerEntry:
        """Return an entry whose verdicts on predictions that were not kept are no scores."""
        changed = tuple(
            verdict if spoiled is None else unscored(spoiled, [verdict.scorer])[0]
            for verdict in entry.verdicts
            for spoiled in [self._predictions.get((verdict.row, verdict.repeat))]
        )
        return entry if changed == entry.verdicts else replace(entry, verdicts=changed)
