"""OpenTelemetry's protocol (OTLP) for traces: over HTTP, and over gRPC as an extra. Acknowledged means committed.

Examples:
    >>> from steelyard.wires import otlp
    >>> otlp.Limits().body_bytes
    20971520
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.wires.otlp.grpc_service import GrpcService, start_grpc
    from steelyard.wires.otlp.http import PATHS, routes
    from steelyard.wires.otlp.intake import Intake, Taken
    from steelyard.wires.otlp.limits import Limits
    from steelyard.wires.otlp.refusals import Refusal

__all__ = ["PATHS", "GrpcService", "Intake", "Limits", "Refusal", "Taken", "routes", "start_grpc"]

__getattr__ = lazy_names(
    __name__,
    {
        "GrpcService": "grpc_service",
        "Intake": "intake",
        "Limits": "limits",
        "PATHS": "http",
        "Refusal": "refusals",
        "Taken": "intake",
        "routes": "http",
        "start_grpc": "grpc_service",
    },
)
