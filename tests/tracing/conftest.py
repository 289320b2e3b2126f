"""Traces of a test are gathered, not stored, and no setting is left over from another test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from steelyard import tracing
from steelyard.records import Trace
from steelyard.tracing import Finished, Origin


class Gathered(list[Trace]):
    """A sink that keeps traces in a list."""

    dropped = 0

    def origin(self) -> Origin:
        return Origin("7", {"mlflow.sourceRun": "run-1"})

    def accept(self, finished: Finished) -> None:
        self.append(finished.build())

    def flush(self, timeout: float) -> bool:
        return True

    @property
    def only(self) -> Trace:
        (trace,) = self
        return trace


@pytest.fixture
def traces() -> Iterator[Gathered]:
    gathered = Gathered()
    before = tracing.set_sink(gathered)
    yield gathered
    tracing.set_sink(before)
    tracing.reset()
