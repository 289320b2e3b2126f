"""Reading artifacts: listing, downloading, loading."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.records import ArtifactInfo
from steelyard.tracking.stores import get_store
from steelyard.tracking.uris import parse_runs_uri

if TYPE_CHECKING:
    from steelyard.records import Store


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[ArtifactInfo]:
    """Return the files and folders directly under a folder of a run's artifacts.

    Args:
        artifact_uri: ``runs:/<run id>/<folder>``. Give this, or ``run_id``.
        run_id: the run.
        artifact_path: the folder, with ``run_id``; the top unless told.
        tracking_uri: the store, if it is another than the current one.

    Raises:
        NotFound: if there is no such run.
    """
    store = get_store(tracking_uri)
    run, path = _where(artifact_uri, run_id, artifact_path)
    return list(store.artifacts.list(run, path))


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | Path | None = None,
    tracking_uri: str | None = None,
) -> str:
    """Copy an artifact, or a folder of them, to this machine and return where it is.

    Args:
        artifact_uri: ``runs:/<run id>/<path>``. Give this, or ``run_id``.
        run_id: the run.
        artifact_path: the file or folder, with ``run_id``; all artifacts unless told.
        dst_path: an existing folder, or one to make; a new temporary folder unless told.
        tracking_uri: the store, if it is another than the current one.

    Raises:
        NotFound: if there is no such run or artifact.
    """
    store = get_store(tracking_uri)
    run, path = _where(artifact_uri, run_id, artifact_path)
    return str(copy_out(store, run, path, dst_path))


def load_text(artifact_uri: str) -> str:
    """Return an artifact as a text."""
    try:
        return _read(artifact_uri).decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"The artifact {artifact_uri!r} is not a text: {error}") from error


def load_dict(artifact_uri: str) -> Any:
    """Return what a JSON artifact holds."""
    try:
        return json.loads(_read(artifact_uri))
    except ValueError as error:
        raise UnreadableFile(f"The artifact {artifact_uri!r} is not JSON: {error}") from error


def copy_out(store: Store, run_id: str, path: str, dst_path: str | Path | None) -> Path:
    """Copy one file or all files under a folder, keeping their names, and return the copy's path."""
    is_folder = not path or _is_folder(store, run_id, path)
    folder = Path(dst_path) if dst_path is not None else Path(tempfile.mkdtemp(prefix="steelyard-"))
    folder.mkdir(parents=True, exist_ok=True)
    if not is_folder:
        return _copy(store, run_id, path, folder / Path(path).name)
    above = path.rpartition("/")[0]
    for info in store.artifacts.walk(run_id, path):
        relative = info.path.removeprefix(f"{above}/") if above else info.path
        _copy(store, run_id, info.path, folder / relative)
    return folder / path.rpartition("/")[2] if path else folder


def _is_folder(store: Store, run_id: str, path: str) -> bool:
    try:
        return store.artifacts.stat(run_id, path).is_dir
    except NotFound:
        if store.artifacts.list(run_id, path):
            return True
        raise


def _copy(store: Store, run_id: str, path: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(store.artifacts.local_path(run_id, path), target)
    return target


def _read(artifact_uri: str) -> bytes:
    run_id, path = parse_runs_uri(artifact_uri)
    return get_store().artifacts.read(run_id, path)


def _where(artifact_uri: str | None, run_id: str | None, artifact_path: str | None) -> tuple[str, str]:
    if (artifact_uri is None) == (run_id is None):
        raise InvalidArgument("Name an artifact by artifact_uri='runs:/<run id>/<path>' or by run_id, and not both.")
    if artifact_uri is not None:
        if artifact_path is not None:
            raise InvalidArgument("artifact_path goes with run_id; with artifact_uri the path is in the address.")
        return parse_runs_uri(artifact_uri)
    return str(run_id), (artifact_path or "").strip("/")
