"""What went wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """What happened, in words, and what can be done; ``error_code`` is its name for programs."""

    error_code: str
    title: str
    message: str
    advice: str
