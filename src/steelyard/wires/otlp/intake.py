"""The one way in: admitted, decoded, placed, written together with others, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from steelyard.records import Store
from steelyard.records.arrival import Arrival
from steelyard.wires.otlp.destinations import Destinations, Making, Place, Unplaced
from steelyard.wires.otlp.inflating import inflate
from steelyard.wires.otlp.jobs import Job, Taken
from steelyard.wires.otlp.limits import Limits
from steelyard.wires.otlp.pressure import Admission, Pressure
from steelyard.wires.otlp.refusals import Refusal, Why, full, is_about_the_data, malformed
from steelyard.wires.otlp.writer import Writer

if TYPE_CHECKING:
    from steelyard.tracing.otlp import Part

__all__ = ["Intake", "Taken"]

_log = logging.getLogger("steelyard.wires.otlp")


class Intake:
    """Takes requests of spans into a store, whatever wire they come by.

    A request is acknowledged after the transaction that holds all its spans is durable. What is inside is bounded by
    bytes and by spans: when full, requests are refused before their bodies are read. Requests that wait at the same
    moment share a transaction.

    Args:
        store: where the spans go.
        limits: how much is taken in at once.
        create_experiments: whether a name that no experiment has becomes one.
    """

    def __init__(self, store: Store, *, limits: Limits | None = None, create_experiments: bool = True) -> None:
        self.limits = limits or Limits()
        self._destinations = Destinations(store, create=create_experiments)
        self._pressure = Pressure(self.limits)
        self._writer = Writer(store, self.limits)
        self._decoders = ThreadPoolExecutor(1, thread_name_prefix="otlp-decoder")  # Python decodes one at a time anyway
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many requests are inside."""
        return self._pressure.requests

    @property
    def trouble(self) -> str | None:
        """Why the last write failed, if the store was to blame."""
        return self._writer.trouble

    def recovered(self) -> None:
        """Tell that the store can be written again."""
        self._writer.trouble = None

    def admit(self, n_bytes: int = 0) -> Admission:
        """Let a request in, before its body is read. Its place is given back once it is answered.

        Args:
            n_bytes: how long it says that its body is; 0 if it does not.

        Raises:
            Refusal: everything is full, or the server is stopping.
        """
        if self._closing:
            raise full("The server is stopping. Send again later.", least=2)
        return self._pressure.admit(n_bytes)

    def put(
        self,
        body: bytes,
        admission: Admission,
        *,
        json: bool = False,
        encoding: str = "identity",
        headers: Mapping[str, str],
    ) -> Future[Taken]:
        """Send a request on its way; the future resolves once its spans are durable, or to a ``Refusal``.

        Args:
            body: an ``ExportTraceServiceRequest``, as it came.
            admission: its place, from ``admit``; given back when the spans are stored or refused.
            json: whether it is JSON rather than protobuf.
            encoding: how the body is compressed.
            headers: the request's, with names in lower case.
        """
        done: Future[Taken] = Future()
        done.set_running_or_notify_cancel()  # a sender that goes away stops nothing
        done.add_done_callback(lambda _: admission.release())
        try:
            self._decoders.submit(self._prepare, done, body, admission, json, encoding, headers)
        except RuntimeError:  # closed between admission and here
            done.set_exception(full("The server is stopping. Send again later.", least=2))
        return done

    async def take(
        self,
        body: bytes,
        admission: Admission,
        *,
        json: bool = False,
        encoding: str = "identity",
        headers: Mapping[str, str],
    ) -> Taken:
        """Do as ``put``, and return what became of the request once that is durable.

        Raises:
            Refusal: nothing of it is acknowledged.
        """
        return await asyncio.wrap_future(self.put(body, admission, json=json, encoding=encoding, headers=headers))

    def stop_admitting(self) -> None:
        """Refuse what comes from now on; what is inside goes on."""
        self._closing = True

    def close(self) -> None:
        """Refuse what comes, and return when all that is inside has been written."""
        self.stop_admitting()
        self._decoders.shutdown(wait=True)
        self._writer.close()

    def _prepare(
        self,
        done: Future[Taken],
        body: bytes,
        admission: Admission,
        json: bool,
        encoding: str,
        headers: Mapping[str, str],
    ) -> None:
        try:
            plain = inflate(body, encoding, most=self.limits.body_bytes, held=admission.cover)
            n_spans = _about_how_many(plain, json=json)
            if n_spans > self.limits.body_spans:
                raise Refusal(
                    Why.TOO_LARGE, f"A request may have {self.limits.body_spans:,} spans. Send fewer at a time."
                )
            admission.hold_spans(n_spans)
            job = self._decode(plain, json=json, headers=headers, done=done)
        except Refusal as refusal:
            refusal.__context__ = None  # the frames that it comes from hold what was inflated
            done.set_exception(refusal.with_traceback(None))
        except Exception as problem:
            done.set_exception(_as_refusal(problem))
        else:
            if job.arrivals:
                self._writer.put(job)
            else:
                job.finish()

    def _decode(self, body: bytes, *, json: bool, headers: Mapping[str, str], done: Future[Taken]) -> Job:
        from steelyard.tracing.otlp import Rejected, decode

        told = self._destinations.by_headers(headers)
        decoded = decode(body, json=json)
        rejected = list(decoded.rejected)
        arrivals: list[Arrival] = []
        making = Making(self.limits.new_experiments)
        for part in decoded.parts:
            try:
                arrivals.append(self._arrival(part, told, making))
            except Unplaced as problem:
                rejected += [Rejected(span.name or span.span_id, str(problem)) for span in part.spans]
        return Job(arrivals, rejected=rejected, done=done)

    def _arrival(self, part: Part, told: Place, making: Making) -> Arrival:
        experiment_id, run_id = self._destinations.of(
            told, name=part.experiment_name, experiment_id=part.experiment_id, run_id=part.run_id, making=making
        )
        return Arrival(
            trace_id=part.trace_id,
            experiment_id=experiment_id,
            spans=part.spans,
            run_id=run_id,
            metadata=part.metadata,
            tags=part.tags,
            assessments=part.assessments,
        )


def _about_how_many(body: bytes, *, json: bool) -> int:
    """Count spans and links by the ids of traces, at a glance: a request of a great many is not even decoded."""
    if json:
        return body.count(b'"traceId"') + body.count(b'"trace_id"')
    return body.count(b"\x0a\x10")  # field 1, of 16 bytes


def _as_refusal(problem: Exception) -> Refusal:
    """Put an error of decoding or placing into words; one that is not about the data asks to send again."""
    if is_about_the_data(problem):
        return malformed(f"This is no ExportTraceServiceRequest that can be read: {problem}")
    _log.error("A request could not be prepared", exc_info=problem)
    return full(f"The request cannot be taken now: {problem}", least=5)
