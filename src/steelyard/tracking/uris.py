"""Addresses of artifacts: ``runs:/<run id>/<path>``."""

from __future__ import annotations

from steelyard.errors import InvalidArgument

RUNS = "runs:/"


def parse_runs_uri(uri: str) -> tuple[str, str]:
    """Return the run id and the path of an artifact's address; the path is empty for all of a run's artifacts.

    Raises:
        InvalidArgument: if the address is of another form.

    Examples:
        >>> parse_runs_uri("runs:/8f14e45f/plots/roc.png")
        ('8f14e45f', 'plots/roc.png')
    """
    if not uri.startswith(RUNS):
        raise InvalidArgument(f"{uri!r} is not the address of an artifact. Use 'runs:/<run id>/<path>'.")
    run_id, _, path = uri.removeprefix(RUNS).lstrip("/").partition("/")
    if not run_id:
        raise InvalidArgument(f"{uri!r} names no run. Use 'runs:/<run id>/<path>'.")
    return run_id, path.strip("/")


def runs_uri(run_id: str, path: str = "") -> str:
    """Return the address of an artifact."""
    return f"{RUNS}{run_id}/{path}" if path else f"{RUNS}{run_id}"
