"""Step 6: keep it. The summary, the estimates, the replicates, the rows and the charts go into one run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from time import time
from typing import Any

import msgspec

from steelyard import charts
from steelyard.evaluation.pictures import Picture
from steelyard.evaluation.result import Artifact, EvaluationResult
from steelyard.metrics.replicates import dump_replicates
from steelyard.records import (
    REPLICATES_PATH,
    ROWS_PATH,
    SUMMARY_PATH,
    ChartRef,
    DatasetInput,
    DatasetRef,
    EvaluationSummary,
    Metric,
    MetricFailure,
    Replicates,
    Run,
    Store,
)

_BATCH = 500


@dataclass
class Keeper:
    """Writes one evaluation into a run: first everything is made, then it is written, the summary last.

    So an evaluation that fails on the way leaves in the run what was there before.

    Args:
        store: where the run is.
        run: the run.
        prefix: put before the name of every metric and file.
    """

    store: Store
    run: Run
    prefix: str = ""
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    charts: list[ChartRef] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    failures: list[MetricFailure] = field(default_factory=list)
    _waiting: list[Callable[[], object]] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        return self.run.info.run_id

    @property
    def paths(self) -> set[str]:
        """Paths that are taken, without the prefix."""
        ours = {self.prefix + path for path in (SUMMARY_PATH, REPLICATES_PATH, ROWS_PATH)}
        ours |= {a.path for a in self.artifacts.values()} | {c.spec for c in self.charts}
        return {path.removeprefix(self.prefix) for path in ours}

    def picture(self, picture: Picture) -> None:
        """Keep a chart as its specification, and announce the PNG that is rendered from it when first read."""
        spec, png = f"{self.prefix}{picture.name}.vl.json", f"{self.prefix}{picture.name}.png"
        self._put(spec, charts.chart_json(picture.spec), "application/json")
        self._waiting.append(
            partial(self.store.artifacts.put_derived, self.run_id, png, derived_from=spec, media_type="image/png")
        )
        self.charts.append(ChartRef(name=picture.name, title=picture.title, spec=spec, png=png))
        self._name(picture.name, png)

    def table(self, name: str, csv: bytes) -> None:
        """Keep a table as CSV."""
        path = f"{self.prefix}{name}.csv"
        self._put(path, csv, "text/csv")
        self.tables.append(name)
        self._name(name, path)

    def file(self, name: str, path: str, file: Path) -> None:
        """Keep a file that a function of the caller's made."""
        path = f"{self.prefix}{path}"
        self._put(path, file, None)
        self._name(name, path)

    def file_content(self, path: str, content: bytes) -> None:
        """Keep a file that the evaluation itself makes."""
        self._put(f"{self.prefix}{path}", content, None)

    def rows(self, file: Path) -> str:
        """Keep the row-level results."""
        path = f"{self.prefix}{ROWS_PATH}"
        self._put(path, file, "application/vnd.apache.parquet")
        self._name("rows", path)
        return path

    def results_table(self, content: bytes | None) -> None:
        """Keep MLflow's table of rows, if there is one."""
        if content is None:
            return
        path = f"{self.prefix}eval_results_table.json"
        self._put(path, content, "application/json")
        self._name("eval_results_table", path)

    def replicates(self, replicates: Replicates) -> None:
        """Keep the bootstrap replicates."""
        for prefix in self._prefixes:
            self._put(f"{prefix}{REPLICATES_PATH}", dump_replicates(replicates), None)

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        """Where pages and comparisons look: an evaluation with a prefix is also the run's own, if it is the first."""
        if not self.prefix:
            return ("",)
        taken = any(info.path == SUMMARY_PATH for info in self.store.artifacts.list(self.run_id))
        return (self.prefix,) if taken else (self.prefix, "")

    def finish(self, summary: EvaluationSummary, columns: Mapping[str, str]) -> EvaluationResult:
        """Write everything: files, metrics, estimates and the dataset, then the summary. Return the result."""
        summary = replace(summary, charts=tuple(self.charts), tables=tuple(self.tables))
        written = msgspec.json.encode(summary)
        for write in self._waiting:
            write()
        self._log(summary)
        self._log_dataset(summary, columns)
        self.store.estimates.put(
            self.run_id, [replace(s, metric=self.prefix + s.metric) for s in summary.estimates]
        )  # fmt: skip
        for prefix in self._prefixes:
            self.store.artifacts.put(self.run_id, prefix + SUMMARY_PATH, written, media_type="application/json")
        return EvaluationResult(self.run_id, summary, dict(self.artifacts), self.store, self.prefix)

    def _put(self, path: str, content: bytes | Path, media_type: str | None) -> None:
        self._waiting.append(partial(self.store.artifacts.put, self.run_id, path, content, media_type=media_type))

    def _log(self, summary: EvaluationSummary) -> None:
        named = {m.name for m in summary.metrics}
        now = int(time() * 1000)
        metrics = [
            Metric(self.prefix + s.metric, float(s.estimate), now)
            for s in summary.estimates
            if s.slice == () and s.metric in named
        ]  # fmt: skip
        tags = {"steelyard.task": summary.task, "steelyard.rows": str(summary.n_rows)}
        for part in _parts(metrics):
            self.store.runs.log_batch(self.run_id, metrics=part, tags=tags)

    def _log_dataset(self, summary: EvaluationSummary, columns: Mapping[str, str]) -> None:
        dataset = summary.dataset
        source_type = "local" if dataset.source not in ("pandas", "polars", "numpy", "memory") else "code"
        found = DatasetInput(
            name=dataset.name,
            digest=_input_digest(dataset),
            source_type="evaluation_dataset" if dataset.dataset_id else source_type,
            source=dataset.source,
            schema=json.dumps(dict(columns)),
            profile=json.dumps({"num_rows": dataset.n_rows, "num_columns": len(columns)}),
            context=self.prefix or "evaluation",
        )
        self.store.runs.log_inputs(self.run_id, [found])

    def _name(self, name: str, path: str) -> None:
        self.artifacts[name] = Artifact(path, self.run_id, self.store)


def _input_digest(dataset: DatasetRef) -> str:
    """Return the digest of what was evaluated: of a part of a stored version the part's own."""
    if not dataset.dataset_id:
        return dataset.digest
    told = json.loads(dataset.source)
    return str(told.get("subset_digest") or dataset.version_digest)


def _parts(items: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
