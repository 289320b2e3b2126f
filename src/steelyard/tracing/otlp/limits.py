"""How much one span may hold. What is kept can always be sent on."""

from __future__ import annotations

DEEPEST = 30
"""Lists and mappings within each other in one attribute: readers of protobuf stop at 100 messages, three for each."""

MOST_ATTRIBUTES = 100_000
"""Attributes of one span, event or link. OpenTelemetry's own limit is 128 unless told otherwise."""

MOST_SPANS = 200_000
"""Spans of one request."""

MOST_OBJECTS = 1_000_000
"""Spans, attributes, values and the like of one request: about a hundred megabytes while it is read."""

MOST_UNUSUAL_OBJECTS = 400_000
"""The same for JSON that has to be read in the slow way, which takes more memory."""

HARMLESS_SIZE = 2**20
"""Bytes of a request that may be as strange as they like."""

LONGEST_TIME = 2**63 - 1
"""Nanoseconds since 1970 that a database can hold: the year 2262."""


class Unreadable(ValueError):
    """Something about one span cannot be taken; the text says what, for people."""
