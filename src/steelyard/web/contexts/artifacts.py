"""The files of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from steelyard.records import ArtifactInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What can be shown of a file without running any of it: escaped text, a table, a chart or a picture."""

    kind: Literal["text", "table", "image", "chart", "none"]
    text: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[Sequence[str], ...] = ()
    cut: bool = False
    why_none: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactsPage:
    """A folder of a run's files (``file`` is None), or one of them."""

    run_id: str
    run_name: str
    path: str
    entries: tuple[ArtifactInfo, ...]
    file: ArtifactInfo | None = None
    preview: Preview | None = None
