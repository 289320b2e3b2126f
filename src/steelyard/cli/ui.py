"""``steelyard ui``: look at runs in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from steelyard.cli.options import StoreOption


def ui(
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 5000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    store: StoreOption = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines reach the server; there are no accounts yet.")
    ] = False,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name by which the server may be addressed. Repeatable."),
    ] = None,
    grpc_port: Annotated[
        int | None,
        typer.Option(help="Take traces over gRPC too, on this port (4317 by custom).", min=1, max=65535),
    ] = None,
    no_create_experiments: Annotated[
        bool,
        typer.Option("--no-create-experiments", help="Refuse traces for an experiment's name that is not there yet."),
    ] = False,
    max_body: Annotated[
        int, typer.Option(metavar="MIB", help="The most that one request of traces may hold.", min=1, max=1024)
    ] = 20,
    no_workers: Annotated[
        bool,
        typer.Option("--no-workers", help="Leave monitors and alarms to others, such as `steelyard monitors work`."),
    ] = False,
) -> None:
    """Serve the pages of a store, and take OpenTelemetry traces into it, until Ctrl-C."""
    from steelyard.cli.options import open_chosen
    from steelyard.server import serve
    from steelyard.server.serving import is_loopback
    from steelyard.tracking.stores import close_stores, store_address

    refused = not is_loopback(host) and not allow_remote  # serve() says so, better than a socket would
    if not refused:
        _check_address(host, port)
        if grpc_port is not None:
            _check_address(host, grpc_port, option="--grpc-port")
    url = open_chosen(store).url
    close_stores()  # it was opened to say what is wrong with it; the server has its own
    if not refused:
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"Steelyard on http://{shown}:{port} shows {url}. Ctrl-C ends it.", err=True)
        typer.echo(f"To send traces: OTEL_EXPORTER_OTLP_ENDPOINT=http://{shown}:{port}", err=True)
        if grpc_port is not None:
            typer.echo(f"Over gRPC:      OTEL_EXPORTER_OTLP_ENDPOINT=http://{shown}:{grpc_port}", err=True)
    serve(
        store_address(),  # with its password, which what is shown leaves out
        host=host,
        port=port,
        allowed_hosts=allowed_host or (),
        allow_remote=allow_remote,
        create_experiments=not no_create_experiments,
        max_body_bytes=max_body * 2**20,
        grpc_port=grpc_port,
        workers=not no_workers,
    )
    raise typer.Exit(130)  # nothing but Ctrl-C ends it without an error


def _check_address(host: str, port: int, *, option: str = "--port") -> None:
    import errno
    import socket

    from steelyard.errors import InvalidArgument

    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as problem:
        code = getattr(problem, "errno", None)
        why = getattr(problem, "strerror", None) or problem
        other = port + 1 if port < 65535 else port - 1
        advice = {errno.EADDRINUSE: f"try {option} {other}", errno.EACCES: f"try a {option} above 1023"}
        raise InvalidArgument(
            f"Port {port} on {host} cannot be used ({why}); {advice.get(code or 0, 'check --host')}."
        ) from None
