"""Two days of traffic with a planted fall in one slice, and a model whose labels come late, for their pages."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import numpy as np

from steelyard.monitor.late_labels import settle_once
from steelyard.monitor.predictions import log_labels, log_predictions
from steelyard.records import Arrival, AssessmentError, AssessmentSource, Feedback, Span, SpanStatus, Store

from .sample_runs import HOSTILE

HOUR, DAY = 3_600_000, 86_400_000
EVIL = f"{HOSTILE[0]}\"'/../x 🚚"
RULER = AssessmentSource("CODE", "reading_ease")
JUDGE = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1-mini")


@dataclass(frozen=True)
class Changed:
    """An experiment whose second day is worse than its first in one slice."""

    store: Store
    experiment_id: str
    before: tuple[int, int]
    after: tuple[int, int]

    @property
    def times(self) -> str:
        return f"start={self.after[0]}&end={self.after[1]}&before_start={self.before[0]}&before_end={self.before[1]}"


def traffic(store: Store, *, each: int = 160, end_ms: int | None = None) -> Changed:
    """Keep a day of traffic and a worse one, which ends now: of billing more fails, and it is slower and wrong."""
    experiment_id = store.experiments.create(f"shop {HOSTILE[0]}").experiment_id
    now = time.time_ns() // 1_000_000 if end_ms is None else end_ms
    middle = now - now % HOUR - DAY
    dice, arrivals, said = random.Random(6), [], []
    for n in range(2 * each):
        late = n >= each
        at = middle + (0 if late else -DAY) + (n % each) * 23 // each * HOUR + n * 1000  # few windows to count
        topic = ("billing", "billing", "delivery", EVIL)[n % 4]
        hit = late and topic == "billing"
        failed = n % 20 == 3 or (hit and n % 3 == 0)
        trace_id = f"tr-{n + 1:032x}"
        arrivals.append(_arrival(experiment_id, n, trace_id, at, topic, failed=failed, slow=hit, french=late and n % 2))
        if not failed:
            said.append(_said("correctness", trace_id, value=dice.random() < (0.45 if hit else 0.92)))
            ease = round(dice.gauss(45 if hit else 55, 6), 2)
            said.append(Feedback(name="reading_ease", value=ease, source=RULER, trace_id=trace_id))
        elif n % 2:
            error = AssessmentError("JUDGE_ERROR", "the judge did not answer")
            said.append(Feedback(name="correctness", value=None, error=error, source=JUDGE, trace_id=trace_id))
    store.traces.arrive(arrivals)
    store.assessments.add(said)
    while store.upkeep.work().left:
        pass
    return Changed(store, experiment_id, (middle - DAY, middle), (middle, middle + DAY - HOUR))


def _arrival(
    experiment_id: str, n: int, trace_id: str, at: int, topic: str, *, failed: bool, slow: bool, french: bool | int
) -> Arrival:
    took = int((800 + 37 * (n % 11)) * (2 if slow else 1)) * 1_000_000
    span = Span(
        trace_id=trace_id,
        span_id=f"{n + 1:016x}",
        parent_id=None,
        name=("answer", "refund")[n % 2],
        start_time_ns=at * 1_000_000,
        end_time_ns=at * 1_000_000 + took,
        status=SpanStatus("ERROR" if failed else "OK"),
        inputs={"question": "Where is my parcel? " * (1 + n % 3), "language": "fr" if french else "en"},
        outputs="It comes on Friday. " * (5 if slow else 1 + n % 2),
    )
    return Arrival(trace_id=trace_id, experiment_id=experiment_id, spans=(span,), metadata={}, tags={"topic": topic})


def _said(name: str, trace_id: str, *, value: bool) -> Feedback:
    return Feedback(name=name, value=value, source=JUDGE, trace_id=trace_id)


@dataclass(frozen=True)
class Predicted:
    """A model's rows, oldest first; what labels are, and what corrected ones were; when numbers were counted."""

    name: str
    ids: list[str]
    times: list[int]
    predictions: list[bool]
    labels: dict[str, bool]
    were: dict[str, bool]
    first_ms: int
    again_ms: int


def classifier(store: Store, experiment_id: str, name: str = "fraud", *, n: int = 600) -> Predicted:
    """Log a classifier's predictions of ten days; labels of the older ones come, then a few more, and some change."""
    rng, now = np.random.default_rng(4), time.time_ns() // 1_000_000
    today = now - now % DAY
    times = sorted(int(t) for t in rng.integers(today - 10 * DAY, today, n))
    recent = np.array(times) >= today - 3 * DAY
    score = rng.beta(1.3, 1.6, n)
    true = rng.random(n) < score
    country = rng.choice(["DE", "FR", EVIL], n, p=[0.6, 0.3, 0.1])
    age = np.where(recent, rng.normal(30, 5, n), rng.normal(50, 9, n)).round()
    ids = [f"p-{i}" for i in range(n)]
    rows = [
        {"id": ids[i], "prediction": bool(score[i] > 0.5), "score": float(score[i]), "t": times[i],
         "country": str(country[i]), "age": float(age[i]), "note": EVIL}
        for i in range(n)
    ]  # fmt: skip
    log_predictions(
        name, rows, ids="id", scores="score", timestamps="t", slices=["country"], features=["age", "note"],
        model_type="classifier", experiment_id=experiment_id, store=store,
    )  # fmt: skip
    early = [i for i in range(n) if times[i] < today - 4 * DAY]
    labels = {ids[i]: bool(true[i]) for i in early}
    log_labels(name, list(labels), list(labels.values()), experiment_id=experiment_id, store=store)
    settle_once(store, worker="sample", now_ms=now, most=100, at_once=True)
    changed = {ids[i]: not true[i] for i in early[:40]} | {ids[i]: bool(true[i]) for i in range(n) if recent[i]}
    kept = {key: bool(value) for key, value in list(changed.items())[:120]}
    log_labels(name, list(kept), list(kept.values()), experiment_id=experiment_id, store=store)
    settle_once(store, worker="sample", now_ms=now + 60_000, most=100, at_once=True)
    predictions = [row["prediction"] is True for row in rows]
    return Predicted(
        name, ids, times, predictions, labels | kept, {i: labels[i] for i in kept if i in labels}, now, now + 60_000
    )
