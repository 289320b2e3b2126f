"""What ``evaluate()`` returns, and the same read back from a store or a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard._lib.names import nearest
from steelyard.errors import NotFound
from steelyard.evaluation.folder import HasArtifacts, SavedFolder, read_saved, write_saved
from steelyard.records import Estimate, EvaluationSummary
from steelyard.records.slices import SliceKey, slice_name

if TYPE_CHECKING:
    import pandas as pd

_READERS = {".json": "json", ".csv": "csv", ".txt": "text", ".md": "text", ".npy": "array", ".parquet": "parquet"}


@dataclass(frozen=True)
class Artifact:
    """An artifact of an evaluation: where it is, and what is in it.

    Args:
        path: its path among the run's artifacts.
        run_id: the run.
        store: where the run is kept.
    """

    path: str
    run_id: str
    store: HasArtifacts

    @property
    def uri(self) -> str:
        return f"runs:/{self.run_id}/{self.path}"

    @property
    def local_path(self) -> Path:
        """A file with this content, for reading only."""
        return self.store.artifacts.local_path(self.run_id, self.path)

    @property
    def content(self) -> Any:
        """The content: a DataFrame of a CSV or Parquet file, an object of a JSON file, text, an array, or bytes."""
        kind = _READERS.get(Path(self.path).suffix, "bytes")
        data = self.store.artifacts.read(self.run_id, self.path)
        if kind == "json":
            return json.loads(data)
        if kind == "text":
            return data.decode("utf-8")
        if kind == "bytes":
            return data
        import io

        if kind == "array":
            import numpy as np

            return np.load(io.BytesIO(data), allow_pickle=False)
        import pandas as pd

        return pd.read_csv(io.BytesIO(data)) if kind == "csv" else pd.read_parquet(io.BytesIO(data))

    def __repr__(self) -> str:
        return f"Artifact({self.path!r})"


@dataclass(frozen=True)
class EvaluationResult:
    """The result of an evaluation.

    Args:
        run_id: the run that holds it.
        summary: everything that was found, as stored with the run.
        artifacts: name to artifact; charts and custom artifacts by the names that MLflow gives them.
        store: where its artifacts are: the run's store, or a folder that it was loaded from.
    """

    run_id: str
    summary: EvaluationSummary
    artifacts: Mapping[str, Artifact]
    store: HasArtifacts
    metric_prefix: str = ""

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Each metric on all rows, with its evidence; per-class metrics as ``<name>/<label>``."""
        return Named({self.metric_prefix + s.metric: s.estimate for s in self.summary.estimates if s.slice == ()})

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Each metric's value by its logged name; NaN where it is undefined. Per-class metrics are in ``estimates``."""
        named = {self.metric_prefix + m.name for m in self.summary.metrics}
        return {name: float(e) for name, e in self.estimates.items() if name in named}

    @cached_property
    def slices(self) -> dict[str, dict[str, Estimate]]:
        """Slice name, such as ``category=billing``, to metric to estimate."""
        out: dict[str, dict[str, Estimate]] = {}
        for scored in self.summary.estimates:
            if scored.slice:
                out.setdefault(slice_name(scored.slice), {})[scored.metric] = scored.estimate
        return out

    @property
    def failures(self) -> Mapping[str, str]:
        """Metrics and artifacts of the caller's that raised: name to error."""
        return {f.name: f.error for f in self.summary.failures}

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables as frames, read when asked for: ``eval_results_table`` holds one row per evaluated row."""
        return _Tables(self)

    def estimate(self, metric: str, key: SliceKey | str = ()) -> Estimate:
        """Return one estimate.

        Args:
            metric: its name.
            key: a slice, by name (``"category=billing"``) or key; all rows unless given.

        Raises:
            NotFound: it was not computed.
        """
        name = key if isinstance(key, str) else slice_name(key)
        bare = metric.removeprefix(self.metric_prefix)
        found = next(
            (s.estimate for s in self.summary.estimates if s.metric == bare and slice_name(s.slice) == name), None
        )
        if found is None:
            raise NotFound(f"There is no estimate of {metric!r}" + (f" on {name!r}." if name else "."))
        return found

    def save(self, path: str | Path) -> None:
        """Write the metrics and the artifacts to a folder, as MLflow lays them out.

        Args:
            path: the folder; made if it is not there, and its files of an earlier ``save`` replaced.

        Raises:
            StoreUnavailable: the folder cannot be written.
        """
        paths = {name: artifact.path for name, artifact in self.artifacts.items()}
        write_saved(
            Path(path), self.store, run_id=self.run_id, prefix=self.metric_prefix, metrics=self.metrics, paths=paths,
            summary=self.summary,
        )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path) -> EvaluationResult:
        """Read back what ``save`` wrote; nothing else is needed, neither the store nor the run.

        Args:
            path: the folder.

        Raises:
            NotFound: no result was saved there.
            UnreadableFile: a file is damaged.
        """
        saved = read_saved(Path(path))
        store = SavedFolder(Path(path))
        artifacts = {name: Artifact(at, saved.run_id, store) for name, at in saved.paths.items()}
        return cls(saved.run_id, saved.summary, artifacts, store, saved.prefix)

    def __str__(self) -> str:
        lines = [f"{self.summary.task} evaluation of {self.summary.n_rows:,} rows, run {self.run_id}"]
        shown = [m for m in self.summary.metrics if m.headline] or self.summary.metrics
        lines += [f"  {m.title}: {self.estimates[self.metric_prefix + m.name]}" for m in shown]
        lines += [f"  failed: {name}: {error}" for name, error in self.failures.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"EvaluationResult(run_id={self.run_id!r}, task={self.summary.task!r}, rows={self.summary.n_rows})"


class Named(dict[str, Estimate]):
    """Estimates by metric; a name that is not there is answered with the nearest that is."""

    def __missing__(self, name: str) -> Estimate:
        close = nearest(name, self) or next((known for known in self if known.startswith(f"{name}/")), None)
        raise KeyError(f"{name!r} is not a metric of this evaluation." + (f" Did you mean {close!r}?" if close else ""))


class _Tables(Mapping[str, Any]):
    def __init__(self, result: EvaluationResult) -> None:
        self._result = result

    def __getitem__(self, name: str) -> Any:
        if name == "eval_results_table" and self._result.summary.rows_path:
            return Artifact(self._result.summary.rows_path, self._result.run_id, self._result.store).content
        if name in self._result.summary.tables:
            return self._result.artifacts[name].content
        raise KeyError(name)

    def __iter__(self) -> Any:
        yield from (["eval_results_table"] if self._result.summary.rows_path else [])
        yield from self._result.summary.tables

    def __len__(self) -> int:
        return len(list(iter(self)))
