"""Fills a store with runs such as people have: two classifiers to compare, a text model, a regression, plain logging.

All is simulated from a seed: pages are tested against a store's content, not against the evaluation's code."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from steelyard.metrics.catalogue import CATALOGUE
from steelyard.metrics.weights import buckets_of, weight_matrix
from steelyard.records import (
    REPLICATES_PATH,
    ROWS_PATH,
    SUMMARY_PATH,
    ChartRef,
    ConfusionCounts,
    DatasetInput,
    DatasetRef,
    Estimate,
    EvaluationSummary,
    Gap,
    Metric,
    MetricFailure,
    MetricInfo,
    ScoredMetric,
    SliceInfo,
    Store,
    slice_name,
)

HOSTILE = (
    "<script>window.__pwned=1</script>",
    '"><img src=x onerror=window.__pwned=2>',
    "'; window.__pwned=3; //",
    "{{ 7 * 7 }}${7*7}<svg/onload=window.__pwned=4>",
    "javascript:window.__pwned=5",
    "__proto__",
)
DAY = 86_400_000


@dataclass(frozen=True)
class Sample:
    """The ids of what was made."""

    experiment: str
    baseline: str
    candidate: str
    text: str
    regression: str
    plain: str
    running: str
    hostile: str
    empty: str
    crowd: str = ""


def fill(store: Store, *, crowd: int = 0, now: int | None = None) -> Sample:
    """Fill a store; ``crowd`` adds an experiment of so many small runs."""
    now = now or int(time.time() * 1000)
    support = store.experiments.create("credit-risk").experiment_id
    ids = {
        "baseline": binary(store, support, "logreg-C1", skill=1.6, seed=3, start=now - 2 * DAY),
        "candidate": binary(store, support, "gbm-depth3", skill=2.6, seed=4, worse_in="tourist", start=now - 3_600_000),
        "running": running(store, support, now - 120_000),
    }
    binary(store, support, "logreg-C0.1", skill=1.5, seed=5, start=now - 3 * DAY)
    binary(store, support, "majority class", skill=0.0, seed=6, start=now - 9 * DAY)
    failed = store.runs.create(support, run_name="gbm-depth9", start_time=now - 4 * DAY).info.run_id
    store.runs.update(failed, status="FAILED", end_time=now - 4 * DAY + 1200)
    store.experiments.set_tag(support, "steelyard.baseline", ids["baseline"])
    other = store.experiments.create("support-sentiment").experiment_id
    ids["text"] = multiclass(store, other, now - 7_200_000)
    houses = store.experiments.create("house-prices").experiment_id
    ids["regression"] = regression(store, houses, now - 5 * DAY)
    ids["plain"] = plain(store, houses, now - 6 * DAY)
    ids["hostile"] = hostile(store, now)
    ids["empty"] = store.experiments.create("nothing-yet").experiment_id
    if crowd:
        ids["crowd"] = many(store, crowd, now)
    return Sample(experiment=support, **ids)


def binary(
    store: Store, experiment: str, name: str, *, skill: float, seed: int, start: int, worse_in: str = "", n: int = 1200
) -> str:
    """A binary classifier on the same rows whatever its seed, with two dimensions of slices."""
    shared, own = np.random.default_rng(11), np.random.default_rng(seed)
    age, amount = shared.integers(19, 75, n), shared.gamma(2.0, 1500, n)
    job = shared.choice(["skilled", "unskilled", "management", "tourist"], n, p=[0.5, 0.25, 0.22, 0.03])
    sex = shared.choice(["female", "male"], n, p=[0.35, 0.65])
    job[:90] = np.where(job[:90] == "skilled", "tourist", job[:90])
    truth = shared.random(n) < 0.42
    noise = 0.8 * shared.normal(0, 1, n) + 0.6 * own.normal(0, 1, n)
    logit = (
        skill * np.where(truth, 1, -1) * np.where((job == worse_in), -0.2, 1)
        + noise * (1.1 if skill else 0.2)
        - (0 if skill else 1)
    )
    probability = 1 / (1 + np.exp(-logit))
    missing = own.random(n) < 0.007
    predicted = probability > 0.5
    loss = -np.log(np.clip(np.where(truth, probability, 1 - probability), 1e-6, 1))
    words = np.array(["good", "bad"])
    rows = {
        "row_id": [f"r{i:07d}" for i in range(n)],
        "row_index": np.arange(n),
        "age": age,
        "amount": amount.round(2),
        "job": job,
        "sex": sex,
        "target": words[truth.astype(int)],
        "prediction": pa.array(np.where(missing, None, words[predicted.astype(int)])),
        "probability": pa.array(probability, mask=missing),
        "outcome": np.where(missing, "predict_failed", "scored"),
        "correct": pa.array(truth == predicted, mask=missing),
        "loss": pa.array(loss, mask=missing),
        "slice:job": job,
        "slice:sex": sex,
    }
    keep = ~missing
    values = {"accuracy_score": (truth == predicted)[keep] * 1.0, "log_loss": loss[keep]}
    counted = {
        "tp": (truth & predicted)[keep] * 1.0,
        "fp": (~truth & predicted)[keep] * 1.0,
        "fn": (truth & ~predicted)[keep] * 1.0,
    }
    ratio = lambda s: 2 * s["tp"] / np.maximum(2 * s["tp"] + s["fp"] + s["fn"], 1e-9)  # noqa: E731
    confusion = ConfusionCounts(
        labels=("good", "bad"),
        counts=tuple(
            tuple(float(((truth == t) & (predicted == p) & keep).sum()) for p in (False, True)) for t in (False, True)
        ),
    )
    headline = {"accuracy_score", "f1_score", "log_loss"}
    failures = (
        (MetricFailure(name="profit", error="ZeroDivisionError: division by zero", traceback="Traceback …\n  line 3"),)
        if worse_in
        else ()
    )
    return _record(
        store,
        experiment,
        name,
        start,
        "binary",
        rows,
        keep,
        values,
        {"f1_score": (counted, ratio)},
        headline,
        slices={"job": job[keep], "sex": sex[keep]},
        confusion=confusion,
        charts=True,
        failures=failures,
        warnings=("Column 'amount' has 3 values beyond five standard deviations.",) if worse_in else (),
        params={"C": "1.0", "max_depth": "3", "model": name.split("-")[0]},
        labels=("good", "bad"),
        positive="bad",
    )


def multiclass(store: Store, experiment: str, start: int, n: int = 900) -> str:
    """A text classifier with categories."""
    random = np.random.default_rng(21)
    labels = np.array(["negative", "neutral", "positive"])
    openings = [
        "I was charged twice and nobody answers.",
        "The installer stops at 87% and says nothing.",
        "It took three calls, but the router has been steady since Tuesday.",
        "Not bad at all for the price.",
        "Is there a way to export the log? I could not find it in the manual.",
    ]
    text = [f"{openings[i]} {openings[j]}" for i, j in random.integers(0, 5, (n, 2))]
    category = random.choice(["billing", "technical_support", "product_A", "product_B"], n, p=[0.3, 0.3, 0.25, 0.15])
    truth = random.integers(0, 3, n)
    right = random.random(n) < np.where(category == "technical_support", 0.78, 0.92)
    predicted = np.where(right, truth, (truth + random.integers(1, 3, n)) % 3)
    probability = np.clip(random.beta(6, 2, n), 0.34, 0.99)
    loss = -np.log(np.where(right, probability, (1 - probability) / 2))
    rows = {
        "row_id": [f"r{i:07d}" for i in range(n)],
        "row_index": np.arange(n),
        "text": text,
        "category": category,
        "target": labels[truth],
        "prediction": labels[predicted],
        "probability": probability,
        "outcome": np.full(n, "scored"),
        "correct": right,
        "loss": loss,
        "slice:category": category,
    }
    counts = tuple(tuple(float(((truth == i) & (predicted == j)).sum()) for j in range(3)) for i in range(3))
    return _record(
        store,
        experiment,
        "distilbert-v7",
        start,
        "multiclass",
        rows,
        np.ones(n, bool),
        {"accuracy_score": right * 1.0, "log_loss": loss},
        {},
        {"accuracy_score", "log_loss"},
        slices={"category": category},
        confusion=ConfusionCounts(labels=tuple(labels.tolist()), counts=counts),
        charts=False,
        params={"epochs": "3"},
        labels=tuple(labels.tolist()),
    )


def regression(store: Store, experiment: str, start: int, n: int = 700) -> str:
    """A regression in the target's own unit."""
    random = np.random.default_rng(31)
    area = random.gamma(6, 18, n)
    price = 40_000 + 2_600 * area + random.normal(0, 30_000, n)
    guess = 45_000 + 2_550 * area
    region = random.choice(["north", "south", "coast"], n)
    rows = {
        "row_id": [f"r{i:07d}" for i in range(n)],
        "row_index": np.arange(n),
        "area": area,
        "region": region,
        "target": price,
        "prediction": guess,
        "outcome": np.full(n, "scored"),
        "error": guess - price,
        "abs_error": abs(guess - price),
        "slice:region": region,
    }
    return _record(
        store,
        experiment,
        "ridge",
        start,
        "regression",
        rows,
        np.ones(n, bool),
        {"mean_absolute_error": abs(guess - price), "mean_error": guess - price},
        {},
        {"mean_absolute_error"},
        slices={"region": region},
        confusion=None,
        charts=False,
        params={"alpha": "0.3"},
    )


def plain(store: Store, experiment: str, start: int) -> str:
    """A run that only logged."""
    run = store.runs.create(
        experiment, run_name="training-only", start_time=start, tags={"stage": "scratch"}
    ).info.run_id
    random = np.random.default_rng(41)
    history = [
        Metric("train_loss", float(2 * np.exp(-i / 30) + 0.05 * random.random()), start + i * 1000, i)
        for i in range(120)
    ]
    store.runs.log_batch(
        run, metrics=[*history, Metric("val_accuracy", 0.91, start)], params={"lr": "0.001", "layers": "4"}
    )
    store.artifacts.put(run, "notes/readme.md", b"# Notes\nNothing to see.\n")
    store.artifacts.put(run, "table.csv", b"name,value\na,1\nb,2\n")
    store.runs.update(run, status="FINISHED", end_time=start + 130_000)
    return run


def running(store: Store, experiment: str, start: int) -> str:
    """A run that has not ended."""
    run = store.runs.create(experiment, run_name="gbm-depth5", start_time=start).info.run_id
    store.runs.log_batch(run, params={"max_depth": "5"})
    return run


def hostile(store: Store, now: int) -> str:
    """A run whose every stored string wants to be code."""
    bad = HOSTILE[0] + HOSTILE[1] + HOSTILE[3]
    experiment = store.experiments.create(f"hostile {bad}").experiment_id
    rows = {
        "row_id": [f"r{i}" for i in range(12)],
        "row_index": np.arange(12),
        "text": list(HOSTILE) * 2,
        "target": [HOSTILE[0], HOSTILE[1]] * 6,
        "prediction": [HOSTILE[0]] * 12,
        "outcome": ["scored"] * 12,
        "correct": [True, False] * 6,
        "loss": np.linspace(0, 2, 12),
        "slice:x": list(HOSTILE) * 2,
    }
    run = _record(
        store,
        experiment,
        f"run {bad}",
        now - 1000,
        "multiclass",
        rows,
        np.ones(12, bool),
        {"accuracy_score": np.tile([1.0, 0.0], 6), bad: np.ones(12)},
        {},
        {"accuracy_score", bad},
        slices={"x": np.array(list(HOSTILE) * 2)},
        confusion=ConfusionCounts(labels=(HOSTILE[0], HOSTILE[1]), counts=((6.0, 0.0), (6.0, 0.0))),
        charts=False,
        params={bad[:60]: bad},
        labels=(HOSTILE[0], HOSTILE[1]),
        failures=(MetricFailure(name=bad, error=bad, traceback=bad),),
        warnings=(bad,),
    )
    store.runs.log_batch(
        run, tags={"note": bad, "mlflow.note.content": bad}, metrics=[Metric("evil<b>x</b>", 1.0, now)]
    )
    store.artifacts.put(run, "page.html", f"<html><body>{bad}</body></html>".encode())
    store.artifacts.put(run, "table.csv", f"{bad},b\n{bad},2\n".encode())
    store.artifacts.put(run, "picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__pwned=6"/>')
    spec = {"data": {"url": "/version"}, "mark": {"type": "image", "url": "/version"}, "encoding": {}}
    store.artifacts.put(run, "evil.vl.json", msgspec.json.encode(spec))
    return run


def many(store: Store, count: int, now: int) -> str:
    """An experiment of small runs, each with four estimates, three params and a tag."""
    experiment = store.experiments.create("crowd").experiment_id
    random = np.random.default_rng(51)
    for i in range(count):
        start = now - (count - i) * 60_000
        run = store.runs.create(
            experiment, run_name=f"sweep-{i:05d}", start_time=start, tags={"owner": f"team{i % 7}"}
        ).info.run_id
        accuracy = float(random.beta(80, 12))
        estimates = [
            ScoredMetric(metric=m, estimate=Estimate(v, 1200, 0, 0.01, v - 0.02, v + 0.018, method="wilson"))
            for m, v in (
                ("accuracy_score", accuracy),
                ("f1_score", accuracy - 0.02),
                ("roc_auc", min(0.97, accuracy + 0.05)),
                ("log_loss", 1.1 - accuracy),
            )
        ]
        metrics = [Metric(s.metric, s.estimate.value or 0.0, start) for s in estimates]
        store.runs.log_batch(
            run, metrics=metrics, params={"C": str(0.1 * (i % 9)), "depth": str(i % 6), "seed": str(i)}, durable=False
        )
        store.estimates.put(run, estimates)
        store.runs.update(run, status="FINISHED", end_time=start + 4200)
    return experiment


def _record(
    store: Store,
    experiment: str,
    name: str,
    start: int,
    task: str,
    rows: Mapping[str, object],
    keep: np.ndarray,
    means: Mapping[str, np.ndarray],
    ratios: Mapping[str, tuple],
    headline: set[str],
    *,
    slices: Mapping[str, np.ndarray],
    confusion: ConfusionCounts | None,
    charts: bool,
    params: Mapping[str, str],
    failures: tuple[MetricFailure, ...] = (),
    warnings: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
    positive: str | None = None,
) -> str:
    run = store.runs.create(experiment, run_name=name, start_time=start, user_id="ada").info.run_id
    table = pa.table({k: v if isinstance(v, pa.Array) else pa.array(v) for k, v in rows.items()})
    buckets = buckets_of(np.flatnonzero(keep).astype(np.uint64))
    weights = weight_matrix(200, 0)[:, buckets]
    missing = int((~keep).sum())
    pieces = [((), np.ones(int(keep.sum()), bool))]
    pieces += [(((d, str(v)),), column == v) for d, column in slices.items() for v in dict.fromkeys(column.tolist())]
    scored, replicates = [], {}
    for key, inside in pieces:
        w = weights[:, inside]
        for metric, values in means.items():
            reps = (w @ values[inside]) / np.maximum(w.sum(1), 1e-9)
            point, spread = float(values[inside].mean()), float(reps.std())
            replicates[metric, slice_name(key)] = reps
            n, gone = int(inside.sum()), missing if not key else 0
            share = metric == "accuracy_score" and gone
            low, high = point - 1.96 * spread, point + 1.96 * spread
            if metric == "accuracy_score":
                low, high = max(low, 0.0), min(high, 1.0)
            worst = point * n / (n + gone) if share else None
            best = (point * n + gone) / (n + gone) if share else None
            estimate = Estimate(point, n, gone, spread, low, high, method="wilson", worst=worst, best=best)
            scored.append(ScoredMetric(metric=metric, slice=key, estimate=estimate))
        for metric, (parts, function) in ratios.items():
            reps = function({k: w @ v[inside] for k, v in parts.items()})
            point = float(function({k: v[inside].sum() for k, v in parts.items()}))
            replicates[metric, slice_name(key)] = reps
            ends = map(float, np.quantile(reps, [0.025, 0.975]))
            gone = missing if not key else 0
            estimate = Estimate(point, int(inside.sum()), gone, float(reps.std()), *ends, method="bootstrap")
            scored.append(ScoredMetric(metric=metric, slice=key, estimate=estimate))
    known = [*means, *ratios]
    infos = tuple(_info(m, m in headline) for m in known)
    digest = hashlib.sha256(f"{task} {len(keep)}".encode()).hexdigest()[:24]
    refs: tuple[ChartRef, ...] = (_chart(store, run, table),) if charts else ()
    first = next(iter(slices))
    gap = [s.estimate.value or 0.0 for s in scored if s.metric == known[0] and s.slice and s.slice[0][0] == first]
    summary = EvaluationSummary(
        task=task,
        model_type="regressor" if task == "regression" else "classifier",
        model=f"sklearn pipeline {name}",
        dataset=DatasetRef(name=f"{task}-test", digest=digest, n_rows=len(keep), source="data/test.parquet"),
        target="target",
        prediction="prediction",
        labels=labels,
        positive_label=positive,
        n_rows=len(keep),
        outcomes={"scored": int(keep.sum()), **({"predict_failed": missing} if missing else {})},
        metrics=infos,
        estimates=tuple(scored),
        slices=tuple(SliceInfo(key=k, n=int(i.sum()), small=int(i.sum()) < 50) for k, i in pieces if k),
        gaps=(
            Gap(
                dimension=first,
                metric=known[0],
                measure="difference",
                estimate=Estimate(max(gap) - min(gap), int(keep.sum()), low=0.02, high=0.2, method="bootstrap"),
                lowest="a",
                highest="b",
            ),
        ),
        failures=failures,
        warnings=warnings,
        charts=refs,
        confusion=confusion,
        rows_path=ROWS_PATH,
        duration_seconds=1.9,
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=65_536)
    store.artifacts.put(run, ROWS_PATH, sink.getvalue())
    packed = io.BytesIO()
    np.savez(packed, __seed__=np.array(0), **{f"{m}\x1f{s}": r for (m, s), r in replicates.items()})
    store.artifacts.put(run, REPLICATES_PATH, packed.getvalue())
    store.artifacts.put(run, SUMMARY_PATH, msgspec.json.encode(summary))
    store.estimates.put(run, scored)
    overall = [s for s in scored if not s.slice]
    store.runs.log_batch(
        run,
        metrics=[Metric(s.metric[:200], s.estimate.value or 0.0, start) for s in overall if "<" not in s.metric],
        params=params,
    )
    store.runs.log_inputs(run, [DatasetInput(name=f"{task}-test", digest=digest, context="eval")])
    store.runs.update(run, status="FINISHED", end_time=start + 112_000)
    return run


def _info(name: str, headline: bool) -> MetricInfo:
    known = CATALOGUE.get(name) or MetricInfo(name=name, title=name)
    return MetricInfo(
        name=known.name,
        title=known.title,
        greater_is_better=known.greater_is_better,
        unit=known.unit,
        lower=known.lower,
        upper=known.upper,
        headline=headline,
        family=known.family,
    )


def _chart(store: Store, run: str, table: pa.Table) -> ChartRef:
    scores = table["probability"].drop_null().to_numpy()
    counts, edges = np.histogram(scores, 20, (0, 1))
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 260,
        "usermeta": {"steelyard": {"name": "score_histogram", "title": "Scores", "shape": "wide", "size": [540, 260]}},
        "data": {"values": [{"score": float(e), "rows": int(c)} for e, c in zip(edges[:-1], counts, strict=True)]},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {"x": {"field": "score", "type": "quantitative"}, "y": {"field": "rows", "type": "quantitative"}},
    }
    store.artifacts.put(run, "score_histogram.vl.json", msgspec.json.encode(spec))
    return ChartRef(
        name="score_histogram",
        title="Distribution of scores",
        spec="score_histogram.vl.json",
        png="",
        description="How many rows have each score.",
    )
