"""``bedrock.autolog()`` records every call of that library as spans."""

from __future__ import annotations

from steelyard.tracking.autologging import autolog_of

__all__ = ["autolog"]

autolog = autolog_of("bedrock")
