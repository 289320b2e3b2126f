"""Where runs are kept: the tracking URI, and one open store for each URI and process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import InvalidArgument
from steelyard.tracking.environment import setting

if TYPE_CHECKING:
    from steelyard.records import Store

DEFAULT_URI = "sqlite:///steelyard.db"

_chosen: str | None = None
# By process and absolute address. What a fork inherits stays here unused: a child closes nothing of its parent's.
_open: dict[tuple[int, str], Store] = {}


def set_tracking_uri(uri: str | Path) -> None:
    """Choose where runs are kept from now on.

    Args:
        uri: a folder, a SQLite file or URL such as ``sqlite:///runs.db``, a PostgreSQL URL, or the address of a
            ``steelyard ui`` such as ``http://host:5000``. An empty text goes back to
            ``STEELYARD_TRACKING_URI``, ``MLFLOW_TRACKING_URI`` or ``sqlite:///steelyard.db``.

    Raises:
        InvalidArgument: if ``uri`` is neither a text nor a path, or no store can be there.

    Examples:
        >>> set_tracking_uri("sqlite:///runs.db")
        >>> get_tracking_uri()
        'sqlite:///runs.db'
        >>> set_tracking_uri("")
    """
    global _chosen
    if not isinstance(uri, (str, Path)):
        raise InvalidArgument(f"A tracking URI is a text or a path, not {type(uri).__name__}.")
    text = str(uri).strip()
    if text:
        _absolute(text)  # refused here, where the mistake is, rather than at the first run
    _chosen = text or None


def get_tracking_uri() -> str:
    """Return the URI of the store that runs go to."""
    return _chosen or setting("TRACKING_URI") or DEFAULT_URI


def is_tracking_uri_set() -> bool:
    """Return whether a tracking URI was chosen, in code or in the environment."""
    return _chosen is not None or setting("TRACKING_URI") is not None


def store_address(uri: str | None = None) -> str:
    """Return a tracking URI with its path made absolute, so that it names the same store after a change of folder."""
    return _absolute(get_tracking_uri() if uri is None else uri)


def get_store(uri: str | None = None) -> Store:
    """Return the open store of a tracking URI, opening it on first use.

    Args:
        uri: the store's URI; the current tracking URI unless told.

    Raises:
        StoreUnavailable: if the store cannot be opened.
        InvalidArgument: if no store can be at such a URI.
    """
    pid = os.getpid()
    found = _open.get((pid, uri)) if uri is not None else None
    if found is not None:
        return found
    address = store_address(uri)
    store = _open.get((pid, address))
    if store is None:
        from steelyard.store import open_store

        opened = open_store(address)
        store = _open.setdefault((pid, address), opened)
        if store is not opened:  # another thread was faster
            opened.close()
    return store


def close_stores() -> None:
    """Close the stores that this process has open. They are opened again when they are next used."""
    mine = [key for key in _open if key[0] == os.getpid()]
    for key in mine:
        _open.pop(key).close()


def _absolute(uri: str) -> str:
    from steelyard.store.address import find_address

    place = find_address(uri)
    return place.server_url or (uri if place.database_url else place.url)
