"""OTLP over gRPC: ``TraceService/Export``, through the same intake as HTTP. Needs the extra ``grpc``."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.wires.otlp.intake import Intake
from steelyard.wires.otlp.refusals import Refusal, Why

if TYPE_CHECKING:
    import grpc

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
_STREAMS = 16  # of one connection, at a time; the next wait at the sender
_CALLS = 32  # at a time, of all connections
_CODES = {
    Why.MALFORMED: "INVALID_ARGUMENT",
    Why.TOO_LARGE: "INVALID_ARGUMENT",
    Why.UNSUPPORTED: "INVALID_ARGUMENT",
    Why.METHOD: "UNIMPLEMENTED",
    Why.SLOW: "DEADLINE_EXCEEDED",
    Why.FULL: "UNAVAILABLE",
}


class GrpcService:
    """A running gRPC server. ``port`` is the one that it listens on."""

    def __init__(self, server: grpc.Server, port: int) -> None:
        self._server = server
        self.port = port

    def stop(self, grace: float) -> None:
        """Take no further call, and wait so many seconds for those inside to end."""
        self._server.stop(grace).wait()


def start_grpc(intake: Intake, *, host: str = "127.0.0.1", port: int = 4317) -> GrpcService:
    """Serve ``TraceService/Export``, in threads of its own.

    Args:
        intake: what takes the spans.
        host: the address to listen on.
        port: the port to listen on; 0 takes any that is free.

    Raises:
        MissingDependency: grpcio is not installed.
        InvalidArgument: the address cannot be listened on.
    """
    check_grpc()
    import grpc

    server = grpc.server(
        ThreadPoolExecutor(_CALLS, thread_name_prefix="otlp-grpc"),
        options=(
            ("grpc.max_receive_message_length", intake.limits.body_bytes),
            ("grpc.max_concurrent_streams", _STREAMS),
            ("grpc.so_reuseport", 0),  # a port that another server has is taken
        ),
    )
    export = grpc.unary_unary_rpc_method_handler(_Export(intake))  # bytes in, bytes out
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": export}),))
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        bound = server.add_insecure_port(shown)
    except RuntimeError:
        bound = 0
    if not bound:
        raise InvalidArgument(f"gRPC cannot listen on {shown}; another program may use the port: try --grpc-port.")
    server.start()
    return GrpcService(server, bound)


def check_grpc() -> None:
    """Check that grpcio is installed.

    Raises:
        MissingDependency: it is not.
    """
    try:
        import grpc  # noqa: F401
    except ImportError:
        raise MissingDependency("grpcio", extra="grpc", purpose="take traces over gRPC") from None


class _Export:
    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def __call__(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        from steelyard.tracing.otlp import encode_answer

        try:
            admission = self._intake.admit(len(body))
            headers = _plain(context.invocation_metadata() or ())
            taken = self._intake.put(body, admission, headers=headers).result()
        except Refusal as refusal:
            _abort(context, refusal)
            raise  # abort() has raised already
        return encode_answer(taken.rejected, json=False)


def _abort(context: grpc.ServicerContext, refusal: Refusal) -> None:
    import grpc

    from steelyard.tracing.otlp import encode_status

    details = encode_status(refusal.why.code, refusal.message, json=False, retry_after_s=refusal.retry_after)
    context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(getattr(grpc.StatusCode, _CODES[refusal.why]), refusal.message)


def _plain(metadata: Iterable[Any]) -> dict[str, str]:
    return {key: value for key, value in metadata if isinstance(value, str)}
