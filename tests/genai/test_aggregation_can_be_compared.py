"""Two evaluations of an application over the same rows, written down and compared: paired, and failures count."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard import compare
from steelyard.errors import NotFound
from steelyard.evaluation.genai.aggregation import Aggregated, ScorerFacts
from steelyard.metrics.replicates import dump_replicates
from steelyard.records import DatasetRef, EvaluationSummary, Line, Run, RunInfo

from .aggregation_lines import BROKEN, FAILED, aggregate, line


@dataclass
class Folder:
    """The ports that a comparison asks."""

    path: Path

    @property
    def runs(self) -> Any:
        return SimpleNamespace(get=lambda run: Run(RunInfo(run_id=run, run_name=run, experiment_id="0")))

    @property
    def artifacts(self) -> Any:
        return SimpleNamespace(read=lambda run, path: self._find(run, path).read_bytes(), local_path=self._find)

    def _find(self, run: str, path: str) -> Path:
        found = self.path / run / path
        if not found.exists():
            raise NotFound(path)
        return found


def _keep(folder: Folder, run: str, lines: list[Line], found: Aggregated, rows: int) -> str:
    """Write a run as the evaluation room writes it, as far as comparisons read it."""
    summary = EvaluationSummary(
        task="genai", model_type="genai", dataset=DatasetRef(name="rows", digest="d", n_rows=rows), n_rows=rows,
        metrics=found.metrics, estimates=found.estimates, slices=found.slices, clusters=found.clusters,
    )  # fmt: skip
    (folder.path / run).mkdir(exist_ok=True)
    (folder.path / run / "evaluation.json").write_bytes(msgspec.json.encode(summary))
    (folder.path / run / "replicates.npz").write_bytes(dump_replicates(found.replicates))
    columns = {
        "row_id": [one.row.row_id for one in lines],
        "session": [one.row.session for one in lines],
        "repeat": [one.repeat for one in lines],
        "outcome": [one.prediction.outcome for one in lines],
        **{f"{info.name}/outcome": [_verdict(one, k)[0] for one in lines] for k, info in enumerate(found.scorers)},
        **{f"{info.name}/value": [_verdict(one, k)[1] for one in lines] for k, info in enumerate(found.scorers)},
        **found.slice_columns,
    }
    pq.write_table(pa.table(columns), folder.path / run / "rows.parquet")
    return run


def _verdict(one: Line, scorer: int) -> tuple[str, float | None]:
    verdict = one.verdicts[scorer]
    return verdict.outcome, float(verdict.feedbacks[0].value) if verdict.feedbacks else None


def _lines(values: np.ndarray, *, session: int = 0) -> list[Line]:
    return [
        line(
            i,
            value if value in (FAILED, BROKEN) else bool(value),
            repeat=j,
            session=str(i // session) if session else None,
            tags={"topic": "ab"[i % 2]},
        )
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    ]


def _compare(folder: Folder, candidate: np.ndarray, baseline: np.ndarray, **options: Any):
    session = options.get("session", 0)
    for run, values in (("candidate", candidate), ("baseline", baseline)):
        lines = _lines(values, session=session)
        facts = [ScorerFacts(name="good", planned=values.size)]
        found = aggregate(lines, repeats=values.shape[1], facts=facts, slices=["topic"], clustered=session > 0)
        _keep(folder, run, lines, found, len(values))
    return compare("candidate", "baseline", store=folder)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_runs_over_the_same_rows_are_paired(folder):
    rng = np.random.default_rng(2)
    easy = rng.random((400, 1))
    baseline = rng.random((400, 1)) < 0.2 + 0.6 * easy
    candidate = baseline | (rng.random((400, 1)) < 0.15)
    found = _compare(folder, candidate, baseline)
    difference = found.differences["good/mean"]
    paired = candidate.astype(float) - baseline
    assert difference.difference == pytest.approx(paired.mean())
    assert difference.method == "paired replicates"
    assert difference.se == pytest.approx(paired.std(ddof=1) / 20, rel=0.2)
    unpaired = np.hypot(difference.candidate.se or 0, difference.baseline.se or 0)
    assert (difference.se or 1) < 0.6 * unpaired
    assert found.verdicts["good/mean"] == "better"
    assert set(found.slices) == {"topic=a", "topic=b"}
    inside = paired[::2]
    assert found.slices["topic=a"]["good/mean"].difference == pytest.approx(inside.mean())


def test_repeats_and_sessions_widen_the_difference(folder):
    rng = np.random.default_rng(4)
    shift = np.repeat(rng.normal(0, 0.3, 40), 5)[:, None]
    baseline = rng.random((200, 3)) < 0.5
    candidate = rng.random((200, 3)) < np.clip(0.5 + shift, 0, 1)
    alone = _compare(folder, candidate, baseline).differences["good/mean"]
    together = _compare(folder, candidate, baseline, session=5).differences["good/mean"]
    assert (together.se or 0) > 1.2 * (alone.se or 1)
    differences = (candidate.astype(float) - baseline).reshape(40, -1).mean(axis=1)
    assert together.se == pytest.approx(differences.std(ddof=1) / np.sqrt(40), rel=0.2)


def test_passes_over_tries_are_compared_too(folder):
    rng = np.random.default_rng(8)
    baseline = rng.random((300, 3)) < 0.3
    candidate = rng.random((300, 3)) < 0.6
    found = _compare(folder, candidate, baseline)
    assert found.verdicts["good/pass@3"] == found.verdicts["good/pass^2"] == "better"
    assert found.differences["good/pass@3"].method == "paired replicates"


def test_a_candidate_that_fails_on_its_wrong_rows_is_not_better(folder):
    rng = np.random.default_rng(9)
    baseline = (rng.random((300, 1)) < 0.6).astype(object)
    candidate = baseline.copy()
    candidate[(baseline == 0).ravel()] = FAILED  # it answers only what it gets right: its mean is 1
    found = _compare(folder, candidate, baseline)
    difference = found.differences["good/mean"]
    assert difference.candidate.value == 1.0
    assert difference.difference == pytest.approx(0.0, abs=1e-12)
    assert difference.failed_candidate == int((baseline == 0).sum())
    assert found.verdicts["good/mean"] != "better"
    assert all(cells["good/mean"].verdict != "better" for cells in found.slices.values())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sets(st.integers(0, 39), max_size=20))
def test_a_row_that_fails_never_improves_the_comparison(folder, seed, failing):
    rng = np.random.default_rng(seed)
    baseline = (rng.random((40, 1)) < 0.5).astype(object)
    candidate = (rng.random((40, 1)) < 0.5).astype(object)
    whole = _compare(folder, candidate, baseline).differences["good/mean"].difference
    candidate[sorted(failing)] = FAILED
    partly = _compare(folder, candidate, baseline).differences["good/mean"].difference
    assert whole is not None
    assert partly is not None
    assert partly <= whole + 1e-9


def test_a_scorer_that_fails_on_wrong_rows_does_not_make_its_candidate_better(folder):
    rng = np.random.default_rng(9)
    baseline = (rng.random((300, 1)) < 0.6).astype(object)
    candidate = baseline.copy()
    candidate[(baseline == 0).ravel()] = BROKEN
    found = _compare(folder, candidate, baseline)
    difference = found.differences["good/mean"]
    assert difference.difference == pytest.approx(0.0, abs=1e-12)
    assert difference.failed_candidate == int((baseline == 0).sum())
    assert found.verdicts["good/mean"] != "better"
    assert all(cells["good/mean"].verdict != "better" for cells in found.slices.values())


def test_one_scorers_failures_are_not_held_against_another(folder):
    rng = np.random.default_rng(10)
    right = rng.random(200) < 0.5
    for run, broken in (("candidate", True), ("baseline", False)):
        lines = [line(i, {"good": bool(v), "tone": BROKEN if broken and i % 2 else True}) for i, v in enumerate(right)]
        facts = [ScorerFacts(name=name, planned=200) for name in ("good", "tone")]
        _keep(folder, run, lines, aggregate(lines, facts=facts), 200)
    found = compare("candidate", "baseline", store=folder)  # type: ignore[arg-type]
    assert (found.differences["good/mean"].failed_candidate, found.differences["good/mean"].difference) == (0, 0.0)
    assert found.differences["tone/mean"].failed_candidate == 100
    assert found.verdicts["tone/mean"] == "worse"


def test_tries_that_failed_count_once_for_their_row(folder):
    rng = np.random.default_rng(12)
    baseline = (rng.random((200, 3)) < 0.5).astype(object)
    candidate = baseline.copy()
    candidate[:20] = BROKEN
    found = _compare(folder, candidate, baseline).differences["good/pass@1"]
    counted = np.where(candidate == BROKEN, 0, candidate).astype(float)  # type: ignore[call-overload]
    expected = counted.mean() - baseline.astype(float).mean()
    assert found.difference == pytest.approx(expected, abs=1e-9)
    assert found.failed_candidate == 60


def test_an_interrupted_run_is_compared_on_the_lines_that_both_have(folder):
    rng = np.random.default_rng(14)
    values = rng.random((60, 2)) < 0.5
    for run, some in (("candidate", 80), ("baseline", 120)):
        lines = _lines(values)[:some]
        facts = [ScorerFacts(name="good", planned=120)]
        found = aggregate(lines, rows=60, repeats=2, facts=facts, slices=["topic"])
        _keep(folder, run, lines, found, 60)
    difference = compare("candidate", "baseline", store=folder).differences["good/mean"]  # type: ignore[arg-type]
    assert (difference.n, difference.difference) == (80, 0.0)
    assert difference.method == "paired t on the shared rows"
