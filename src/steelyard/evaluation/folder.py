"""A result in a folder: ``metrics.json``, ``artifacts_metadata.json`` and ``artifacts/``, as MLflow lays them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from steelyard.errors import NotFound, StoreUnavailable, UnreadableFile
from steelyard.records import REPLICATES_PATH, EvaluationSummary
from steelyard.store.artifact_names import check_artifact_path

_METRICS, _ARTIFACTS, _ABOUT = "metrics.json", "artifacts_metadata.json", "evaluation.json"


class ReadsArtifacts(Protocol):
    """Gives back the artifacts of a run."""

    def read(self, run_id: str, path: str) -> bytes: ...
    def local_path(self, run_id: str, path: str) -> Path: ...


class HasArtifacts(Protocol):
    """A store, or a folder, with artifacts."""

    @property
    def artifacts(self) -> ReadsArtifacts: ...


@dataclass(frozen=True, slots=True)
class SavedFolder:
    """The artifacts in a folder that a result was saved to."""

    folder: Path

    @property
    def artifacts(self) -> SavedFolder:
        return self

    def read(self, run_id: str, path: str) -> bytes:
        return _bytes(self.local_path(run_id, path))

    def local_path(self, run_id: str, path: str) -> Path:
        return self.folder / "artifacts" / check_artifact_path(path)


class Saved(msgspec.Struct, frozen=True):
    """What a folder says of the result in it."""

    run_id: str
    prefix: str
    paths: dict[str, str]
    summary: EvaluationSummary


def write_saved(
    folder: Path, store: HasArtifacts, *, run_id: str, prefix: str, metrics: Mapping[str, float],
    paths: Mapping[str, str], summary: EvaluationSummary,
) -> None:  # fmt: skip
    """Write a result to a folder.

    Args:
        folder: made if it is not there.
        store: where the artifacts are.
        run_id: the run.
        prefix: of its metrics and files.
        metrics: by name; NaN where undefined.
        paths: the artifacts' paths by name.
        summary: of the evaluation.

    Raises:
        StoreUnavailable: the folder cannot be written.
    """
    specs = {f"{chart.name}.vl.json": chart.spec for chart in summary.charts}
    files = [*paths.values(), *specs.values(), prefix + REPLICATES_PATH]
    about = {name: {"uri": f"runs:/{run_id}/{path}", "path": f"artifacts/{path}"} for name, path in paths.items()}
    try:
        for path in dict.fromkeys(files):
            target = folder / "artifacts" / check_artifact_path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(store.artifacts.read(run_id, path))
        (folder / _METRICS).write_text(json.dumps(dict(metrics), indent=2), encoding="utf-8")
        (folder / _ARTIFACTS).write_text(json.dumps(about, indent=2), encoding="utf-8")
        (folder / _ABOUT).write_bytes(msgspec.json.encode(Saved(run_id, prefix, dict(paths), summary)))
    except OSError as problem:
        raise StoreUnavailable(
            f"The result cannot be saved to {str(folder)!r}: {problem.strerror or problem}."
        ) from problem


def read_saved(folder: Path) -> Saved:
    """Read the description of a result that was saved to a folder.

    Raises:
        NotFound: no result was saved there.
        UnreadableFile: it is damaged.
    """
    content = _bytes(folder / _ABOUT)
    try:
        return msgspec.json.decode(content, type=Saved)
    except msgspec.DecodeError as problem:
        raise UnreadableFile(f"{str(folder / _ABOUT)!r} is damaged: {problem}. Save the result again.") from problem


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as problem:
        raise NotFound(f"There is no {file.name!r} in {str(file.parent)!r}: no result was saved there.") from problem
    except OSError as problem:
        raise UnreadableFile(f"{str(file)!r} cannot be read: {problem.strerror or problem}.") from problem
