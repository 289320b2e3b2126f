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
) -> None:
    """Serve the pages of a store until Ctrl-C."""
    from steelyard.cli.options import open_chosen
    from steelyard.server import serve
    from steelyard.server.serving import is_loopback

    refused = not is_loopback(host) and not allow_remote  # serve() says so, better than a socket would
    if not refused:
        _check_address(host, port)
    url = open_chosen(store).url
    if not refused:
        shown = f"[{host}]" if ":" in host else host
        typer.echo(f"Steelyard on http://{shown}:{port} shows {url}. Ctrl-C ends it.", err=True)
    serve(url, host=host, port=port, allow_remote=allow_remote)
    raise typer.Exit(130)  # nothing but Ctrl-C ends it without an error


def _check_address(host: str, port: int) -> None:
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
        advice = {errno.EADDRINUSE: f"try --port {other}", errno.EACCES: "try a --port above 1023"}
        raise InvalidArgument(
            f"Port {port} on {host} cannot be used ({why}); {advice.get(code or 0, 'check --host')}."
        ) from None
