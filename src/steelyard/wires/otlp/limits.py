"""How much is taken in at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the memory and the patience of the intake.

    Args:
        body_bytes: of one request, after decompression.
        body_spans: of one request, with the links that they hold; small spans take far more memory than their bytes.
        waiting_bytes: of all requests that are not answered yet, after decompression. Never less than one body.
        waiting_spans: once so many spans wait to be written, no further request is let in.
        read_seconds: how long the whole body of a request may take to come.
        group_spans: about so many spans are written in one transaction.
        new_experiments: how many experiments one request may create.
    """

    body_bytes: int = 20 * 2**20
    body_spans: int = 50_000
    waiting_bytes: int = 32 * 2**20
    waiting_spans: int = 20_000
    read_seconds: float = 30.0
    group_spans: int = 4_000
    new_experiments: int = 100
