"""``autolog()`` of other libraries, with the traces going to the store."""

from __future__ import annotations

from steelyard.tracing.instrumentors import Autolog, autolog_all, autolog_of
from steelyard.tracking.trace_writing import writer

__all__ = ["Autolog", "autolog", "autolog_of", "writer"]


def autolog(*, disable: bool = False) -> None:
    """Record every call of the libraries whose instrumentation is installed; see ``steelyard.openai.autolog``.

    Args:
        disable: stop recording.
    """
    autolog_all(disable=disable)
