"""``steelyard ui``: look at runs in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from steelyard.cli.options import StoreOption


def ui(
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 5000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    store: StoreOption = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines reach the server; there are no accounts yet.")
    ] = False,
) -> None:
    """Serve the pages of a store until Ctrl-C."""
    import socket

    from steelyard.cli.options import open_chosen
    from steelyard.errors import InvalidArgument
    from steelyard.server import serve

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            why = problem.strerror or problem
            raise InvalidArgument(f"Port {port} on {host} cannot be used ({why}); try --port {port + 1}.") from None
    url = open_chosen(store).url
    typer.echo(f"Steelyard on http://{host}:{port} shows {url}. Ctrl-C ends it.", err=True)
    serve(url, host=host, port=port, allow_remote=allow_remote)
