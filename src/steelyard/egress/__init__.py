"""The one guarded door through which this program calls addresses that somebody typed in."""

from __future__ import annotations

from steelyard._lib.lazy import lazy_names

_HOMES: dict[str, tuple[str, ...]] = {
    "allowing": ("Allowed", "read_allowed"),
    "client": ("EgressAnswer", "EgressClient", "EgressFailed"),
    "redacting": ("redact",),
    "resolving": ("NotReached",),
    "targets": ("EgressRefused", "Target", "check_url"),
}

__all__ = [
    "Allowed",
    "EgressAnswer",
    "EgressClient",
    "EgressFailed",
    "EgressRefused",
    "NotReached",
    "Target",
    "check_url",
    "read_allowed",
    "redact",
]

__getattr__ = lazy_names(__name__, {name: module for module, names in _HOMES.items() for name in names})
