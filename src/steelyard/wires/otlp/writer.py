"""The one thread that writes: whatever waits goes into one transaction, so that many requests share its cost."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import replace

from steelyard.records import Store
from steelyard.records.arrival import Arrival
from steelyard.wires.otlp.jobs import Job
from steelyard.wires.otlp.limits import Limits
from steelyard.wires.otlp.refusals import full, is_about_the_data

_log = logging.getLogger("steelyard.wires.otlp")
_AWAY_SECONDS = 5


class Writer:
    """Writes jobs in the order they come, several in one transaction, and tells each what became of it.

    Args:
        store: where to.
        limits: ``group_spans`` bounds a transaction, so that none waits long for others.
    """

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._group_spans = limits.group_spans
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.trouble: str | None = None
        """Why the last write failed, where the store was to blame; None once one has worked."""

    def put(self, job: Job) -> None:
        if self._thread is None:
            self._start()
        self._jobs.put(job)

    def close(self) -> None:
        """Write what waits, then end."""
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="otlp-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._next_group()
            if group:
                self._write(group)

    def _next_group(self) -> tuple[list[Job], bool]:
        """Wait for a job, then return all that wait, up to a bound; and whether no more will come."""
        group: list[Job] = []
        n_spans = 0
        while n_spans < self._group_spans:
            try:
                job = self._jobs.get(block=not group)
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
            n_spans += job.n_spans
        return group, False

    def _write(self, group: Sequence[Job]) -> None:
        problem = self._try_in_steps([arrival for job in group for arrival in job.arrivals])
        if problem is None:
            for job in group:
                job.finish()
        elif not is_about_the_data(problem):
            for job in group:
                job.fail(self._away(problem))
        elif len(group) > 1:
            for job in group:  # one of them is to blame
                self._write([job])
        else:
            self._write_what_can_be(group[0], problem)

    def _write_what_can_be(self, job: Job, problem: Exception) -> None:
        """Write a job whose arrivals cannot all be stored: halves of it, and halves of those, down to single spans."""
        left = [(list(job.arrivals), problem)]
        while left:
            arrivals, problem = left.pop()
            halves = _halves(arrivals)
            failed = [(half, found) for half in halves if (found := self._try(half)) is not None]
            if not halves:
                failed = self._give_up(job, arrivals[0], problem)
            away = next((found for _, found in failed if not is_about_the_data(found)), None)
            if away is not None:
                job.fail(self._away(away))  # what is stored by now is stored again when it comes again
                return
            left += failed
        job.finish()

    def _give_up(self, job: Job, arrival: Arrival, problem: Exception) -> list[tuple[list[Arrival], Exception]]:
        """Reject one span, unless it is only what it says about itself that cannot be stored."""
        if arrival.assessments:
            bare = replace(arrival, assessments=())
            found = self._try([bare])
            if found is not None:
                return [([bare], found)]
            _log.warning("What a span says about itself is not kept, the span is: %s", _words(problem))
        else:
            job.reject(arrival, _words(problem))
        return []

    def _try_in_steps(self, arrivals: Sequence[Arrival]) -> Exception | None:
        """Write arrivals, a very large request in several transactions: it holds up nobody else for long."""
        step: list[Arrival] = []
        n_spans = 0
        for arrival in arrivals:
            step.append(arrival)
            n_spans += len(arrival.spans)
            if n_spans < self._group_spans:
                continue
            problem = self._try(step)
            if problem is not None:
                return problem
            step, n_spans = [], 0
        return self._try(step) if step else None

    def _try(self, arrivals: Sequence[Arrival]) -> Exception | None:
        try:
            self._store.traces.arrive(arrivals)
        except Exception as problem:
            return problem
        self.trouble = None
        return None

    def _away(self, problem: Exception) -> Exception:
        told = _words(problem)
        if self.trouble != told:
            _log.error("Traces cannot be stored: %s", told, exc_info=problem)
        self.trouble = told
        return full(f"Nothing can be stored now: {told}", least=_AWAY_SECONDS)


def _halves(arrivals: list[Arrival]) -> list[list[Arrival]]:
    """Return two halves, or none of what cannot be divided."""
    if len(arrivals) > 1:
        middle = len(arrivals) // 2
        return [arrivals[middle:], arrivals[:middle]]
    whole = arrivals[0]
    if len(whole.spans) < 2:
        return []
    middle = len(whole.spans) // 2
    ids = {span.span_id for span in whole.spans[middle:]}
    there = tuple(about for about in whole.assessments if about.span_id in ids)
    here = tuple(about for about in whole.assessments if about.span_id not in ids)
    return [
        [replace(whole, spans=whole.spans[middle:], assessments=there)],
        [replace(whole, spans=whole.spans[:middle], assessments=here)],
    ]


def _words(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
