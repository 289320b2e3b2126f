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
) -> None:
    """Serve the pages of a store until interrupted.

    Args:
        store_url: as for ``open_store``; None means its default.
        host: the address to listen on.
        port: the port to listen on.
        allowed_hosts: further names by which the server may be addressed.
        allow_remote: needed for any address that other machines reach. There are no accounts yet: whoever reaches the
            server can read everything in the store and choose baselines.
        log_level: of uvicorn.

    Raises:
        InvalidArgument: if ``host`` is not of the loopback and ``allow_remote`` is not given.
    """
    if not is_loopback(host) and not allow_remote:
        raise InvalidArgument(
            f"host={host!r} lets other machines reach this server, which has no accounts. "
            "Listen on 127.0.0.1, or say that this is meant with allow_remote=True (on the shell: --allow-remote)."
        )
    import uvicorn

    from steelyard.server.app import create_app
    from steelyard.store import open_store

    names = {*allowed_hosts, host} - {"0.0.0.0", "::"}  # noqa: S104  # every address is no name
    app = create_app(open_store(store_url), allowed_hosts=names, close_store=True)
    uvicorn.run(app, host=host, port=port, log_level=log_level, server_header=False, access_log=False)


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
