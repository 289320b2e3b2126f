"""How far the engine is, told after each commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from steelyard.records import LedgerEntry, Usage, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """The mean so far of one feedback, over ``n`` values."""

    name: str
    n: int
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is committed.

    Args:
        predictions: how many of each outcome; ``planned_predictions`` in all.
        verdicts: how many of each outcome over all scorers; ``planned_verdicts`` in all.
        usage: tokens and cost so far.
        interim: means so far, by feedback name.
    """

    predictions: Mapping[str, int] = field(default_factory=dict)
    planned_predictions: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    planned_verdicts: int = 0
    usage: Usage = field(default_factory=Usage)
    interim: tuple[Interim, ...] = ()

    @property
    def predicted(self) -> int:
        return sum(self.predictions.values())

    @property
    def judged(self) -> int:
        return sum(self.verdicts.values())


class Counts:
    """Adds up committed entries."""

    def __init__(
        self,
        *,
        planned_predictions: int,
        planned_verdicts: int,
        predictions: Mapping[str, int],
        verdicts: Mapping[str, int],
        usage: Usage,
    ) -> None:
        self._planned = planned_predictions, planned_verdicts
        self._predictions = Counter(predictions)
        self._verdicts = Counter(verdicts)
        self._usage = usage
        self._sums: dict[str, tuple[int, float]] = {}

    def add(self, entries: Iterable[LedgerEntry]) -> None:
        """Count entries that were committed."""
        for entry in entries:
            if entry.prediction is not None:
                self._predictions[entry.prediction.outcome] += 1
                if entry.prediction.usage is not None:
                    self._usage += entry.prediction.usage
            for verdict in entry.verdicts:
                self._verdicts[verdict.outcome] += 1
                if verdict.usage is not None:
                    self._usage += verdict.usage
                self._add_values(verdict)

    def _add_values(self, verdict: Verdict) -> None:
        for feedback in verdict.feedbacks:
            number = as_number(feedback.value)
            if number is not None:
                n, total = self._sums.get(feedback.name, (0, 0.0))
                self._sums[feedback.name] = n + 1, total + number

    def told(self) -> Progress:
        """Return what was counted."""
        return Progress(
            predictions=dict(self._predictions),
            planned_predictions=self._planned[0],
            verdicts=dict(self._verdicts),
            planned_verdicts=self._planned[1],
            usage=self._usage,
            interim=tuple(Interim(name=k, n=n, mean=total / n) for k, (n, total) in list(self._sums.items())),
        )


def as_number(value: object) -> float | None:
    """Return a verdict's value as a number, ``yes`` as 1 and ``no`` as 0; None for other texts and for no value."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str):
        return {"yes": 1.0, "no": 0.0}.get(value.lower())
    return None
