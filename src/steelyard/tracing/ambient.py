"""What holds for every trace begun here: the switch, the experiment they go to, and the labels of ``context()``."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from steelyard.errors import InvalidArgument
from steelyard.records import SESSION_KEY, USER_KEY


@dataclass(frozen=True, slots=True)
class Ambient:
    """What ``context()`` has laid over this thread or task."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    enabled: bool | None = None


@dataclass(slots=True)
class Switches:
    """What holds for the whole process."""

    enabled: bool = True
    experiment_id: str | None = None


switches = Switches()
_NOTHING = Ambient()
ambient: ContextVar[Ambient] = ContextVar("steelyard_trace_context", default=_NOTHING)


def recording() -> bool:
    """Return whether spans are recorded here and now."""
    here = ambient.get().enabled
    return switches.enabled if here is None else here


def enable() -> None:
    """Record traces (again)."""
    switches.enabled = True


def disable() -> None:
    """Record no traces until ``enable()``: traced functions run as if they were not."""
    switches.enabled = False


def set_destination(destination: object) -> None:
    """Send traces that begin from now on to an experiment.

    Args:
        destination: an experiment's id, an object with an ``experiment_id``, or None for the active experiment.
    """
    switches.experiment_id = destination_id(destination)


def destination_id(destination: object) -> str | None:
    """Return the experiment's id that a destination names.

    Raises:
        InvalidArgument: if it names none.
    """
    if destination is None:
        return None
    found = getattr(destination, "experiment_id", destination)
    if isinstance(found, (str, int)) and not isinstance(found, bool):
        return str(found)
    raise InvalidArgument(f"A trace's destination is an experiment's id, not {destination!r}.")


@contextmanager
def context(
    *,
    metadata: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
    enabled: bool | None = None,
    session_id: str | None = None,
    user: str | None = None,
) -> Generator[None]:
    """Label every trace that begins in the block, or record none in it.

    Args:
        metadata: facts that do not change.
        tags: labels that may be changed later.
        enabled: False records nothing in the block, True records in spite of ``disable()``.
        session_id: the conversation that the traces belong to.
        user: whose they are.

    Examples:
        >>> with context(session_id="chat-1", user="ada"):
        ...     pass
    """
    outer = ambient.get()
    facts = {**outer.metadata, **{key: str(value) for key, value in (metadata or {}).items()}}
    if session_id is not None:
        facts[SESSION_KEY] = str(session_id)
    if user is not None:
        facts[USER_KEY] = str(user)
    labels = {**outer.tags, **{key: str(value) for key, value in (tags or {}).items()}}
    here = ambient.set(Ambient(facts, labels, outer.enabled if enabled is None else enabled))
    quiet = None
    if enabled is False:  # the instrumentation of other packages looks for this
        quiet = otel_context.attach(otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    try:
        yield
    finally:
        if quiet is not None:
            otel_context.detach(quiet)
        ambient.reset(here)
