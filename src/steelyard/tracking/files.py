"""Files, texts, dictionaries, figures and images among a run's artifacts."""

from __future__ import annotations

import io
import json
import mimetypes
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument
from steelyard.tracking.images import png_bytes
from steelyard.tracking.jsonable import to_json
from steelyard.tracking.logging import target_run

if TYPE_CHECKING:
    from steelyard.records import Store


def log_artifact(local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Keep a file, or a folder with all that is in it, among the run's artifacts.

    Args:
        local_path: the file or folder on this machine.
        artifact_path: the folder among the artifacts to put it in; the top unless told.
        run_id: another run than the active one.

    Raises:
        InvalidArgument: if there is no such file.
    """
    source = existing(local_path)
    store, target = target_run(run_id)
    put_local(store, target, source, artifact_path)


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Keep every file in a folder, without the folder's own name.

    Args:
        local_dir: the folder on this machine.
        artifact_path: the folder among the artifacts to put them in; the top unless told.
        run_id: another run than the active one.

    Raises:
        InvalidArgument: if it is not a folder.
    """
    source = existing(local_dir)
    if not source.is_dir():
        raise InvalidArgument(f"{str(local_dir)!r} is not a folder. Use log_artifact for a file.")
    store, target = target_run(run_id)
    put_folder(store, target, source, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a text as a file, such as ``log_text("…", "notes/why.md")``."""
    if not isinstance(text, str):
        raise InvalidArgument(f"log_text keeps a text, not {type(text).__name__}. Use log_dict for dicts and lists.")
    put_bytes(*target_run(run_id), artifact_file, text.encode())


def log_dict(dictionary: Mapping[str, Any] | list[Any], artifact_file: str, run_id: str | None = None) -> None:
    """Keep a dictionary or list as JSON, or as YAML if the file's name ends in ``.yaml`` or ``.yml``.

    Raises:
        InvalidArgument: if a value in it cannot be written.
    """
    put_bytes(*target_run(run_id), artifact_file, dict_bytes(dictionary, artifact_file))


def log_figure(figure: object, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> None:
    """Keep a Matplotlib or Plotly figure; the file's ending chooses the format.

    Args:
        figure: a ``matplotlib.figure.Figure`` or a Plotly figure (``.html`` or an image format).
        artifact_file: such as ``plots/roc.png``.
        save_kwargs: passed to the figure's own saving method.

    Raises:
        InvalidArgument: for another kind of object.
    """
    content = figure_bytes(figure, artifact_file, save_kwargs or {})
    put_bytes(*target_run(None), artifact_file, content)


def log_image(
    image: object,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
) -> None:
    """Keep an image: a PIL image, or an array of shape (height, width) or (height, width, 1, 3 or 4).

    Args:
        image: integers 0 to 255, floats 0 to 1, or booleans.
        artifact_file: its name among the artifacts. Give this, or ``key``.
        key: a name for a series of images, one for each ``step``.
        step: the place in the series, 0 unless told.
        timestamp: milliseconds since 1970; now unless told.
        synchronous: accepted for MLflow's callers; an image is always on disk when the call returns.

    Raises:
        InvalidArgument: if the array is no image, or both or neither of the names are given.
    """
    name = image_name(artifact_file, key=key, step=step, timestamp=timestamp)
    put_bytes(*target_run(None), name, png_bytes(image))


def put_local(store: Store, run_id: str, source: Path, artifact_path: str | None) -> None:
    """Keep a file or folder under its own name in a folder of the artifacts."""
    name = _join(artifact_path, source.name)
    if source.is_dir():
        put_folder(store, run_id, source, name)
        return
    store.artifacts.put(run_id, name, source, media_type=media_type(name))


def put_folder(store: Store, run_id: str, source: Path, artifact_path: str | None) -> None:
    """Keep every file under a folder."""
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        name = _join(artifact_path, file.relative_to(source).as_posix())
        store.artifacts.put(run_id, name, file, media_type=media_type(name))


def put_bytes(store: Store, run_id: str, artifact_file: str, content: bytes) -> None:
    """Keep some bytes under a name."""
    name = _join(None, artifact_file)
    store.artifacts.put(run_id, name, content, media_type=media_type(name))


def dict_bytes(dictionary: object, artifact_file: str) -> bytes:
    """Return a dictionary or list as the bytes of a JSON or YAML file."""
    if not isinstance(dictionary, (Mapping, list, tuple)):
        raise InvalidArgument(f"log_dict keeps a dict or a list, not {type(dictionary).__name__}.")
    content = to_json(dictionary, what=artifact_file, indent=2)
    if artifact_file.endswith((".yaml", ".yml")):
        return _as_yaml(json.loads(content)).encode()
    return content.encode()


def figure_bytes(figure: object, artifact_file: str, save_kwargs: Mapping[str, Any]) -> bytes:
    """Return a figure as the bytes of a file, in the format that the name's ending says."""
    ending = PurePosixPath(artifact_file).suffix.lstrip(".").lower() or "png"
    drawn: Any = figure
    if hasattr(drawn, "savefig"):
        buffer = io.BytesIO()
        drawn.savefig(buffer, **{"format": ending, **save_kwargs})
        return buffer.getvalue()
    if hasattr(drawn, "to_html") and hasattr(drawn, "to_image"):
        if ending == "html":
            return str(drawn.to_html(**save_kwargs)).encode()
        return bytes(drawn.to_image(**{"format": ending, **save_kwargs}))
    raise InvalidArgument(f"log_figure keeps Matplotlib and Plotly figures, not {type(figure).__name__}.")


def image_name(artifact_file: str | None, *, key: str | None, step: int | None, timestamp: int | None) -> str:
    """Return the name of an image: its own, or its place in a series."""
    if (artifact_file is None) == (key is None):
        raise InvalidArgument("log_image needs an artifact_file or a key, and not both.")
    if artifact_file is not None:
        return artifact_file
    at = time.time_ns() // 1_000_000 if timestamp is None else int(timestamp)
    return f"images/{key}/step-{step or 0:06d}-{at}.png"


def media_type(name: str) -> str:
    """Return the media type that a name's ending suggests."""
    if name.endswith((".md", ".yaml", ".yml", ".log", ".jsonl", ".ndjson")):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def existing(path: str | Path) -> Path:
    source = Path(path)
    if not source.exists():
        raise InvalidArgument(f"There is no file or folder {str(path)!r} to keep.")
    return source.resolve() if source.name in ("", ".", "..") else source


def _join(folder: str | None, name: str) -> str:
    parts = [part.strip("/") for part in (str(folder or ""), str(name))]
    joined = "/".join(part for part in parts if part)
    if not joined:
        raise InvalidArgument("An artifact needs a name that is not empty.")
    return joined


def _as_yaml(value: object) -> str:
    try:
        import yaml
    except ImportError:
        # JSON is YAML too, so the file says the same without the package.
        return json.dumps(value, indent=2) + "\n"
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
