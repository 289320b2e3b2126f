"""The lines of an evaluation as they come, in whatever order: as numbers and codes, about 60 bytes a line."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.evaluation.genai.aggregation.found import ScorerFacts
from steelyard.evaluation.genai.aggregation.slicing import SliceColumns
from steelyard.evaluation.genai.aggregation.tallies import ScorerLines
from steelyard.metrics.slicing import SliceSpec
from steelyard.records import Line, Prediction, Row

SMALL_SLICE = 30


class Lines:
    """Holds lines. See :class:`Aggregator` for the arguments."""

    def __init__(
        self,
        scorers: Sequence[ScorerFacts],
        *,
        rows: int,
        repeats: int = 1,
        confidence: float = 0.95,
        replicates: int = 200,
        seed: int = 0,
        slices: Sequence[SliceSpec] | None = None,
        clustered: bool = True,
        min_slice_rows: int = SMALL_SLICE,
    ) -> None:
        if rows < 0 or repeats < 1:
            message = f"rows must be at least 0 and repeats at least 1; they are {rows!r} and {repeats!r}."
            raise InvalidArgument(message)
        twice = next((name for name, n in Counter(s.name for s in scorers).items() if n > 1), None)
        if twice is not None:
            message = f"Two scorers are named {twice!r}. Give each a name of its own: its metrics are named after it."
            raise InvalidArgument(message)
        self.scorers = tuple(scorers)
        self.n_rows, self.repeats = rows, repeats
        self.confidence, self.replicates, self.seed = confidence, replicates, seed
        self.clustered, self.min_slice_rows = clustered, min_slice_rows
        self.has_sessions = False
        self.slices = SliceColumns(slices)
        self.rows, self.repeat = array("q"), array("q")
        self.ids, self.sessions = array("Q"), array("Q")
        self.latency, self.tokens, self.cost = array("d"), array("d"), array("d")
        self.predicted = array("b")
        self.predictions: Counter[str] = Counter()
        self.verdicts = tuple(ScorerLines(facts) for facts in self.scorers)

    def add(self, line: Line) -> None:
        """Take one line.

        Raises:
            DataError: a field that slices are made of cannot be used.
        """
        number = self._add_row(line.row, line.repeat, line.prediction)
        for verdict in line.verdicts:
            self.verdicts[verdict.scorer].add(number, verdict)

    def unreached(self, row: Row, repeat: int = 0) -> None:
        """Take a row and repeat that an interrupted evaluation never came to, so that its slices count it as missing.

        Rows that are never mentioned are missing too, though only among all rows: their slices are not known.
        """
        self._add_row(row, repeat, None)

    def _add_row(self, row: Row, repeat: int, prediction: Prediction | None) -> int:
        number = len(self.rows)
        self.rows.append(row.index)
        self.repeat.append(repeat)
        name = _hash(row.row_id)
        self.ids.append(name)
        if self.clustered:
            self.has_sessions |= row.session is not None
            self.sessions.append(name if row.session is None else _hash(f"session {row.session}"))
        self.slices.add(row)
        self._add_prediction(prediction)
        return number

    def _add_prediction(self, prediction: Prediction | None) -> None:
        good = prediction is not None and prediction.outcome == "predicted"
        latency, usage = (prediction.latency, prediction.usage) if prediction is not None and good else (None, None)
        self.predicted.append(good)
        self.latency.append(np.nan if latency is None else latency)
        self.tokens.append(np.nan if usage is None else usage.total_tokens)
        self.cost.append(np.nan if usage is None or usage.cost is None else usage.cost)
        if prediction is not None:
            self.predictions[prediction.outcome] += 1


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
