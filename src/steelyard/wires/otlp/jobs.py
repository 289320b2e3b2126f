"""A request on its way into the store, and what is told of it in the end."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from steelyard.records.arrival import Arrival
from steelyard.tracing.otlp import Rejected


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request.

    Args:
        stored: how many spans are in the store, durably.
        rejected: the spans that are not and never will be, with their reasons.
    """

    stored: int
    rejected: tuple[Rejected, ...] = ()


class Job:
    """Arrivals of one request, and the future that tells when they are stored.

    Args:
        arrivals: what is to be stored.
        rejected: the spans that are left out already.
        done: resolves to what became of the request.
    """

    __slots__ = ("arrivals", "done", "n_spans", "rejected")

    def __init__(self, arrivals: Sequence[Arrival], *, rejected: list[Rejected], done: Future[Taken]) -> None:
        self.arrivals = arrivals
        self.n_spans = sum(len(arrival.spans) for arrival in arrivals)
        self.rejected = rejected
        self.done = done

    def reject(self, arrival: Arrival, reason: str) -> None:
        self.rejected += [Rejected(span.name or span.span_id, reason) for span in arrival.spans]
        self.n_spans -= len(arrival.spans)

    def finish(self) -> None:
        """Tell that everything which was not rejected is stored."""
        self.done.set_result(Taken(self.n_spans, tuple(self.rejected)))

    def fail(self, problem: BaseException) -> None:
        """Tell that nothing is known to be stored."""
        self.done.set_exception(problem)
