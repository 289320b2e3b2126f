"""What one dialect makes of a span's attributes, and what all of them together do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from steelyard.records import Usage


@dataclass(slots=True)
class Meaning:
    """What a dialect tells of a span; None where it tells nothing.

    Args:
        moved: keys whose whole content stands in another field now.
        decoded: further attributes that were JSON, decoded.
        ours: whether the span was made by our own functions, or MLflow's.
    """

    span_type: str | None = None
    inputs: Any = None
    outputs: Any = None
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    session: str | None = None
    user: str | None = None
    agent: str | None = None
    moved: set[str] = field(default_factory=set)
    decoded: dict[str, Any] = field(default_factory=dict)
    ours: bool = False

    def fill(self, other: Meaning) -> None:
        """Take what is still unknown from another dialect."""
        for name in _FACTS:
            if getattr(self, name) is None:
                setattr(self, name, getattr(other, name))
        self.moved |= other.moved
        self.decoded.update(other.decoded)
        self.ours = self.ours or other.ours


_FACTS = tuple(fact.name for fact in fields(Meaning) if fact.default is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """A span's attributes in one form.

    Args:
        span_type: one of MLflow's words, or one of the application's own.
        inputs: JSON values. Of a call of a model ``{"messages": [...]}``, messages as OpenAI writes them, or what was
            sent; of a tool its arguments; of a retriever the query.
        outputs: of a model ``{"messages": [...]}`` or what it answered; of a tool its result; of a retriever its
            documents, each ``{"page_content", "metadata", "id", "score"}`` as far as known.
        model: the model that answered, else the one that was asked.
        provider: in OpenTelemetry's words.
        usage: tokens, and the cost if the span tells one.
        session, user, agent: their ids or names.
        attributes: every attribute that does not stand whole in another field.
        ours: whether the span was made by our own functions, or MLflow's.
    """

    span_type: str
    inputs: Any = None
    outputs: Any = None
    model: str = ""
    provider: str = ""
    usage: Usage | None = None
    session: str | None = None
    user: str | None = None
    agent: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False
