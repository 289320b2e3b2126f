"""The units of work: a row and a repeat, with what an earlier session of this run has committed of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from steelyard.engine.work import Work
from steelyard.records import Prediction, Row, Verdict


@dataclass(frozen=True, slots=True)
class Unit:
    """A row and repeat, its prediction if one is committed, and the places of scorers that are left to do."""

    row: Row
    repeat: int
    stored: Prediction | None
    scorers: tuple[int, ...]


def units(work: Work, *, resumed: bool) -> Iterator[Unit]:
    """Yield what is left to do, in the order of rows; what is committed is read beside it and never held whole."""
    everything = work.row_scorers
    if not resumed:
        for row in work.rows:
            for repeat in range(work.repeats):
                yield Unit(row, repeat, None, everything)
        return
    predictions = _Ahead(p for p in work.ledger.predictions(work.run_id) if p.outcome not in work.redo)
    verdicts = _Ahead(v for v in work.ledger.verdicts(work.run_id) if v.outcome not in work.redo)
    for row in work.rows:
        for repeat in range(work.repeats):
            stored = predictions.at(row.index, repeat)
            done = {verdict.scorer for verdict in verdicts.at(row.index, repeat)}
            left = tuple(place for place in everything if place not in done)
            prediction = next(iter(stored), None)
            if left or prediction is None:
                yield Unit(row, repeat, prediction, left)


class _Ahead:
    """Reads sorted lines beside the rows: those of one row and repeat at a time."""

    def __init__(self, lines: Iterable[Prediction | Verdict]) -> None:
        self._lines = iter(lines)
        self._next = next(self._lines, None)

    def at(self, row: int, repeat: int) -> list:
        found = []
        while self._next is not None and (self._next.row, self._next.repeat) <= (row, repeat):
            if (self._next.row, self._next.repeat) == (row, repeat):
                found.append(self._next)
            self._next = next(self._lines, None)
        return found
