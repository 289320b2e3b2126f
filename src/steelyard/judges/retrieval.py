"""What was retrieved, as the trace's RETRIEVER spans tell it."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.errors import DataError
from steelyard.records.trace import Trace
from steelyard.scorers.documents import documents_of, retriever_spans


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One retrieval: the span, and the texts it found, in order."""

    span_id: str
    chunks: tuple[str, ...]


def retrievals(trace: Trace, judge: str) -> tuple[Retrieval, ...]:
    """Return the trace's retrievals; those inside another retrieval are part of it.

    Raises:
        DataError: there is no RETRIEVER span.
    """
    spans = retriever_spans(trace)
    if not spans:
        kinds = ", ".join(sorted({span.span_type for span in trace.data.spans})) or "no spans"
        raise DataError(
            f"{judge} needs a span of type RETRIEVER, and the trace has only: {kinds}. "
            'Decorate what retrieves with @steelyard.trace(span_type="RETRIEVER").'
        )
    return tuple(
        Retrieval(span.span_id, tuple(document.content or document.id for document in documents_of(span)))
        for span in spans
    )
