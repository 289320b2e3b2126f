"""What an evaluated application leaves in its run, made of sample rows by hand: summaries, tables, replicates."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.metrics.intervals import mean_interval, wilson
from steelyard.metrics.weights import buckets_of, weight_matrix
from steelyard.records import (
    APPLICATION_PATH,
    REPLICATES_PATH,
    ROWS_PATH,
    SUMMARY_PATH,
    VERDICT_OUTCOMES,
    ApplicationSummary,
    DatasetInput,
    DatasetRef,
    Estimate,
    EvaluationSummary,
    Metric,
    MetricInfo,
    NamedFeedback,
    ScoredMetric,
    ScorerSummary,
    SliceInfo,
    Spent,
    Store,
    Usage,
    slice_name,
)

from .sample_applications import JUDGES, REPEATS, ROWS, SCORERS, Row, hash_id


def record(store: Store, run_id: str, name: str, rows: list[Row], start: int) -> None:
    """Write the artifacts and estimates that an evaluation ends with."""
    table = rows_table(rows)
    summary, replicates = summarise(table, name)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    store.artifacts.put(run_id, ROWS_PATH, sink.getvalue())
    packed = io.BytesIO()
    np.savez(packed, __seed__=np.array(0), **{f"{m}\x1f{s}": r for (m, s), r in replicates.items()})
    store.artifacts.put(run_id, REPLICATES_PATH, packed.getvalue())
    store.artifacts.put(run_id, APPLICATION_PATH, msgspec.json.encode(application(rows, table, name)))
    store.artifacts.put(run_id, SUMMARY_PATH, msgspec.json.encode(summary))
    store.estimates.put(run_id, summary.estimates)
    points = [Metric(s.metric, s.estimate.value or 0.0, start) for s in summary.estimates if not s.slice]
    store.runs.log_batch(run_id, metrics=points, params={"prompt": name, "temperature": "0.2"})
    store.runs.log_inputs(run_id, [DatasetInput(name="support-cases", digest=summary.dataset.digest, context="eval")])


def rows_table(rows: list[Row]) -> pa.Table:
    """Return the rows as ``rows.parquet`` holds them."""
    columns: dict[str, Any] = {
        "row_id": [r.row_id for r in rows],
        "row_index": pa.array([r.index for r in rows], pa.int64()),
        "repeat": pa.array([r.repeat for r in rows], pa.int64()),
        "session": [r.session for r in rows],
        "trace_id": [r.entry.prediction.trace_id for r in rows],
        "inputs": [json.dumps(r.inputs) for r in rows],
        "output": [r.entry.prediction.output for r in rows],
        "outcome": [r.entry.prediction.outcome for r in rows],
        "error": [r.entry.prediction.error or None for r in rows],
        "latency": pa.array([r.entry.prediction.latency for r in rows], pa.float64()),
        "tokens": pa.array([u.total_tokens if (u := r.entry.prediction.usage) else None for r in rows], pa.int64()),
        "cost": pa.array([u.cost if (u := r.entry.prediction.usage) else None for r in rows], pa.float64()),
        "tag:channel": [r.channel or None for r in rows],
        "expectation:expected_response": [r.expected for r in rows],
    }
    for place, name in enumerate(SCORERS):
        verdicts = [r.entry.verdicts[place] for r in rows]
        values = [v.feedbacks[0].value if v.feedbacks else None for v in verdicts]
        kind = pa.string() if name == "tone" else pa.float64()
        numbers = [{"yes": 1.0, "no": 0.0}.get(v, v) if kind == pa.float64() else v for v in values]
        columns[f"{name}/value"] = pa.array(numbers, kind)
        columns[f"{name}/rationale"] = pa.array(
            [v.feedbacks[0].rationale if v.feedbacks else None for v in verdicts], pa.string()
        )
        columns[f"{name}/outcome"] = [v.outcome for v in verdicts]
        columns[f"{name}/error"] = [v.error or None for v in verdicts]
    return pa.table(columns)


def summarise(table: pa.Table, name: str) -> tuple[EvaluationSummary, dict[tuple[str, str], np.ndarray]]:
    """Return the estimates of the means, their slices by channel, and replicates."""
    index = table["row_index"].to_numpy()
    weights = weight_matrix(200, 0)[:, buckets_of(index.astype(np.uint64))]
    channel = np.array([c or "" for c in table["tag:channel"].to_pylist()])
    pieces = [((), np.ones(len(index), bool))]
    pieces += [((("channel", str(c)),), channel == c) for c in sorted(set(channel.tolist())) if c]
    scored: list[ScoredMetric] = []
    replicates: dict[tuple[str, str], np.ndarray] = {}
    for metric in ("correctness", "brevity"):
        values = table[f"{metric}/value"].to_numpy(zero_copy_only=False)
        for key, inside in pieces:
            known = inside & ~np.isnan(values)
            n, missing = int(known.sum()), int((inside & np.isnan(values)).sum())
            mean = float(values[known].mean())
            ends = wilson(values[known].sum(), n) if metric == "correctness" else mean_interval(values[known])
            w = weights[:, known]
            reps = (w @ values[known]) / np.maximum(w.sum(1), 1e-9)
            replicates[f"{metric}/mean", slice_name(key)] = reps
            bounds = {"worst": mean * n / (n + missing), "best": (mean * n + missing) / (n + missing)}
            estimate = Estimate(
                mean, n, missing, float(reps.std()), float(ends.low), float(ends.high), method="wilson", **bounds
            )
            scored.append(ScoredMetric(metric=f"{metric}/mean", slice=key, estimate=estimate))
    passed = table["correctness/value"].to_numpy(zero_copy_only=False).reshape(ROWS, REPEATS)
    for metric, values in (("correctness/pass@2", passed.max(1)), ("correctness/pass^2", passed.min(1))):
        known = values[~np.isnan(values)]
        ends = mean_interval(known)
        estimate = Estimate(
            float(known.mean()), len(known), ROWS - len(known), 0.04, float(ends.low), float(ends.high), method="t"
        )
        scored.append(ScoredMetric(metric=metric, estimate=estimate))
    infos = tuple(
        MetricInfo(name=m, title=t, headline=h, family="scorers")
        for m, t, h in (
            ("correctness/mean", "Correctness", True),
            ("brevity/mean", "Brevity", True),
            ("correctness/pass@2", "Correctness, pass@2", False),
            ("correctness/pass^2", "Correctness, pass^2", False),
        )
    )
    summary = EvaluationSummary(
        task="genai",
        model_type="application",
        model=name,
        dataset=DatasetRef(
            name="support-cases", digest=hash_id("support")[:24], n_rows=ROWS, rows_digest=hash_id("rows")[:24]
        ),
        n_rows=ROWS,
        outcomes=dict(Counter(table["outcome"].to_pylist())),
        metrics=infos,
        estimates=tuple(scored),
        slices=tuple(SliceInfo(key=k, n=int(i.sum())) for k, i in pieces if k),
        rows_path=ROWS_PATH,
        duration_seconds=63.0,
    )
    return summary, replicates


def application(rows: list[Row], table: pa.Table, name: str) -> ApplicationSummary:
    """Return the summary of outcomes, feedback and cost."""
    latency = table["latency"].drop_null().to_numpy()
    low, middle, high = (float(v) for v in np.quantile(latency, [0.5, 0.9, 0.99]))
    predict = sum((r.entry.prediction.usage for r in rows if r.entry.prediction.usage), Usage())
    judges = sum((v.usage for r in rows for v in r.entry.verdicts if v.usage and not v.cached), Usage())
    saved = sum((v.usage for r in rows for v in r.entry.verdicts if v.usage and v.cached), Usage())
    return ApplicationSummary(
        rows=ROWS,
        repeats=REPEATS,
        predicted_by=f"support.agent:answer ({name})",
        predictions=dict(Counter(table["outcome"].to_pylist())),
        latency_p50=low,
        latency_p90=middle,
        latency_p99=high,
        scorers=tuple(_scorer_summary(place, rows) for place in range(len(SCORERS))),
        feedback=tuple(_named(scorer, table) for scorer in SCORERS),
        spent=Spent(
            seconds=63.0,
            predict=predict,
            judges=judges,
            saved_by_cache=saved,
            max_cost=1.0,
            forecast="about $0.52 and 210,000 tokens, from the first 8 rows",
        ),
        tags=("channel",),
        clustered_by="session",
    )


def _scorer_summary(place: int, rows: list[Row]) -> ScorerSummary:
    verdicts = [r.entry.verdicts[place] for r in rows]
    counted = Counter(v.outcome for v in verdicts)
    errors = Counter(v.error for v in verdicts if v.error)
    latency = [v.latency for v in verdicts if v.latency is not None]
    return ScorerSummary(
        name=SCORERS[place],
        planned=len(rows),
        outcomes={name: counted[name] for name in VERDICT_OUTCOMES if counted[name]},
        judged_by=JUDGES.get(SCORERS[place], ""),
        usage=sum((v.usage for v in verdicts if v.usage), Usage()),
        cached=sum(v.cached for v in verdicts),
        latency_p50=float(np.quantile(latency, 0.5)) if latency else None,
        latency_p90=float(np.quantile(latency, 0.9)) if latency else None,
        errors=tuple(errors.most_common(3)),
    )


def _named(name: str, table: pa.Table) -> NamedFeedback:
    values = table[f"{name}/value"].drop_null().to_pylist()
    kind = {"correctness": "boolean", "brevity": "number", "tone": "category", "json_schema": "none"}[name]
    words = Counter("yes" if v else "no" for v in values) if kind == "boolean" else Counter(values)
    counts, edges = np.histogram(values if kind == "number" else [], 20)
    return NamedFeedback(
        name=name,
        scorer=name,
        kind=kind,  # type: ignore[arg-type]
        metric=f"{name}/mean" if kind in ("boolean", "number") else "",
        planned=table.num_rows,
        n=len(values),
        distribution=tuple(words.most_common()) if kind in ("boolean", "category") else (),
        histogram=tuple(int(c) for c in counts) if kind == "number" else (),
        low=float(edges[0]) if kind == "number" else None,
        high=float(edges[-1]) if kind == "number" else None,
    )
