"""A file that a run keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactInfo:
    """A file among a run's artifacts, or a folder of them.

    Args:
        path: its name within the run, with ``/`` between folders.
        is_dir: whether it is a folder; folders exist only through the files in them.
        file_size: bytes; None for folders and for files not yet rendered.
        media_type: such as ``image/png``.
        sha256: hex digest of the content; empty for folders and files not yet rendered.
        derived_from: the path of the specification that this file is rendered from when first read.
    """

    path: str
    is_dir: bool = False
    file_size: int | None = None
    media_type: str = "application/octet-stream"
    sha256: str = ""
    derived_from: str | None = None
