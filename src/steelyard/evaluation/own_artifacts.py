"""The caller's own artifacts: what a function returned becomes a file of the run, each failing alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.evaluation.extras import EvaluationArtifact, Scope, call, failure
from steelyard.records import MetricFailure
from steelyard.store.artifact_names import check_artifact_path


def run_artifacts(
    artifacts: Sequence[Any], scope: Scope, folder: Path, *, taken: Collection[str] = ()
) -> tuple[dict[str, tuple[str, Path]], list[MetricFailure]]:  # fmt: skip
    """Make every artifact of the caller's.

    Args:
        artifacts: EvaluationArtifact, or plain functions as in MLflow.
        scope: what their functions may ask for.
        folder: where files are laid.
        taken: paths of the evaluation's own artifacts.

    Returns:
        Artifact name to (path among the run's artifacts, file), and what failed.
    """
    made: dict[str, tuple[str, Path]] = {}
    failures = []
    for number, artifact in enumerate(artifacts):
        named = isinstance(artifact, EvaluationArtifact)
        function = artifact.func if named else artifact
        name = artifact.name if named else getattr(artifact, "__name__", f"artifact_{number}")
        own = folder / f"{number}"
        own.mkdir()
        try:
            answer = call(function, replace(scope, artifacts_dir=str(own)))
            items = answer if isinstance(answer, Mapping) else {name: answer}
            for key, content in items.items():
                path, file = _kept(str(key), content, own)
                paths = {p for p, _ in made.values()}
                if path in taken or path in paths or str(key) in made:
                    raise InvalidArgument(f"{path!r} is taken by another artifact; give this one another name.")
                made[str(key)] = path, file
        except Exception as problem:
            failures.append(failure(name, problem, kind="artifact"))
    return made, failures


def _kept(name: str, content: Any, folder: Path) -> tuple[str, Path]:
    """Return an artifact's path and a file of ours with its content."""
    file = _file(name, content, folder)
    path = check_artifact_path(name if name.endswith(file.suffix) else f"{name}{file.suffix}")
    if file.parent == folder:
        return path, file
    copy = folder / f"copy-{len(list(folder.iterdir()))}{file.suffix}"
    shutil.copyfile(file, copy)  # at once: the next function may write to the same place
    return path, copy


def _file(name: str, content: Any, folder: Path) -> Path:
    """Return the file that an artifact function made, or write its object to one."""
    stem = folder / ("".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:100] or "artifact")
    if isinstance(content, str | Path) and _is_file(content):
        return Path(content)
    if content is None:
        raise InvalidArgument(f"{name!r} returned nothing; return a path, an object, or a mapping of names to them.")
    if hasattr(content, "savefig"):
        content.savefig(target := Path(f"{stem}.png"))
    elif hasattr(content, "to_csv"):
        content.to_csv(target := Path(f"{stem}.csv"), index=False)
    elif hasattr(content, "write_csv"):
        content.write_csv(target := Path(f"{stem}.csv"))
    elif isinstance(content, np.ndarray):
        np.save(target := Path(f"{stem}.npy"), content, allow_pickle=False)
    elif isinstance(content, Path) or (isinstance(content, str) and _looks_like_path(content)):
        raise InvalidArgument(f"{name!r} returned the path {str(content)!r}, and there is no such file.")
    elif isinstance(content, str):
        target = Path(f"{stem}.json" if _is_json(content) else f"{stem}.txt")
        target.write_text(content, encoding="utf-8")
    else:
        (target := Path(f"{stem}.json")).write_text(_json(name, content), encoding="utf-8")
    return target


_SUFFIXES = (".csv", ".json", ".png", ".jpg", ".jpeg", ".npy", ".parquet", ".txt", ".html", ".md")


def _looks_like_path(content: str) -> bool:
    return len(content) < 400 and "\n" not in content and content.endswith(_SUFFIXES)


def _is_file(content: str | Path) -> bool:
    try:
        return Path(content).is_file()
    except (OSError, ValueError):  # too long, or a NUL in it: not a path
        return False


def _is_json(content: str) -> bool:
    try:
        return isinstance(json.loads(content), dict | list)
    except ValueError:
        return False


def _json(name: str, content: Any) -> str:
    def plain(value: Any) -> Any:
        if isinstance(value, np.generic | np.ndarray):
            return value.tolist()
        raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")

    try:
        return json.dumps(content, indent=2, default=plain)
    except (TypeError, ValueError) as problem:
        raise InvalidArgument(
            f"{name!r} returned a {type(content).__name__}, which cannot be kept: return a path, a DataFrame, an "
            "array, a Matplotlib figure, text, or something that JSON can hold."
        ) from problem
