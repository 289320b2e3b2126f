"""Serving a store over HTTP until interrupted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path

from steelyard.errors import InvalidArgument


def serve(
    store_url: str | Path | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 5000,
    allowed_hosts: Iterable[str] = (),
    allow_remote: bool = False,
    log_level: str = "warning",
    create_experiments: bool = True,
    max_body_bytes: int | None = None,
    grpc_port: int | None = None,
    workers: bool = True,
) -> None:
    """Serve the pages of a store, and take traces into it, until interrupted.

    SIGTERM and Ctrl-C end it in order: nothing more is taken in, what is inside is written and answered, the store is
    closed.

    Args:
        store_url: as for ``open_store``; None means its default.
        host: the address to listen on.
        port: the port to listen on.
        allowed_hosts: further names by which the server may be addressed. One that listens on every address answers to
            each of its IP addresses anyway.
        allow_remote: needed for any address that other machines reach. There are no accounts yet: whoever reaches the
            server can read everything in the store and choose baselines.
        log_level: of uvicorn.
        create_experiments: whether traces sent to an experiment's name that is not there yet create it.
        max_body_bytes: of one request of traces, after decompression; None means 20 MiB.
        grpc_port: a port on which to take traces over gRPC too.
        workers: whether monitors and alarms are worked on here, or left to ``steelyard monitors work``.

    Raises:
        InvalidArgument: if ``host`` is not of the loopback and ``allow_remote`` is not given.
        MissingDependency: ``grpc_port`` needs the extra ``grpc``.
    """
    if not is_loopback(host) and not allow_remote:
        raise InvalidArgument(
            f"host={host!r} lets other machines reach this server, which has no accounts. "
            "Listen on 127.0.0.1, or say that this is meant with allow_remote=True (on the shell: --allow-remote)."
        )
    from steelyard.server.app import create_app
    from steelyard.server.stopping import run_in_order
    from steelyard.store import open_store
    from steelyard.wires.otlp import Limits

    if grpc_port is not None:
        from steelyard.wires.otlp.grpc_service import check_grpc

        check_grpc()
    app = create_app(
        open_store(store_url),
        allowed_hosts={*allowed_hosts, host},
        close_store=True,
        create_experiments=create_experiments,
        limits=Limits() if max_body_bytes is None else Limits(body_bytes=max_body_bytes),
        grpc_address=None if grpc_port is None else (host, grpc_port),
        workers=workers,
    )
    run_in_order(app, host=host, port=port, log_level=log_level, stopping=app.state.intake.stop_admitting)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only.

    Examples:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
