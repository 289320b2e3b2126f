"""The door of the room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.store.address import find_address

if TYPE_CHECKING:
    from steelyard.records import Store


def open_store(url: str | Path | None = None, *, artifacts: str | Path | None = None) -> Store:
    """Open a store, creating it on first use.

    Args:
        url: a folder, a SQLite file, or a URL: ``sqlite:///relative.db``, ``sqlite:////absolute.db``,
            ``file:///folder``, ``postgresql://user:password@host/database``, or ``http://host:5000``, the address of a
            ``steelyard ui``. A folder holds ``steelyard.db`` and ``artifacts/``. None means what
            ``STEELYARD_TRACKING_URI`` says, else ``MLFLOW_TRACKING_URI``, else ``sqlite:///steelyard.db``.
        artifacts: the folder for artifacts. Otherwise what ``?artifacts=`` in the URL says, else a folder beside
            the SQLite file; with PostgreSQL ``STEELYARD_ARTIFACTS``, else ``./steelyard-artifacts``.

    Returns:
        A store that any number of threads and processes may use at once, also after a fork.

    Raises:
        InvalidArgument: no store can be at such a URL.
        StoreTooNew: a newer Steelyard wrote it; nothing was touched.
        StoreUnavailable: it cannot be opened: read-only, damaged, or the database is away. A ``steelyard ui`` is first
            asked when the store is first used.

    Examples:
        >>> import tempfile
        >>> store = open_store(tempfile.mkdtemp())
        >>> run = store.runs.create("0", run_name="first")
        >>> store.runs.log_batch(run.info.run_id, params={"C": "1.0"})
        >>> [r.data.params["C"] for r in store.search.search(["0"], "params.C = '1.0'").items]
        ['1.0']
    """
    address = find_address(url, artifacts=artifacts)
    if address.server_url:
        from steelyard.store.remote import RemoteStore, find_place

        return RemoteStore(find_place(address.server_url))
    from steelyard.store.sql import SqlStore  # SQLAlchemy is loaded when a store is opened, not before

    return SqlStore(address)
