"""What any store must do with estimates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import ALL_ROWS, Estimate, ScoredMetric, Store

BILLING = (("category", "billing"),)
CROSSED = (("category", 'a "quoted", one'), ("größe", "≥ 5"))


def scored(metric: str, value: float | None, key=ALL_ROWS) -> ScoredMetric:
    return ScoredMetric(metric=metric, slice=key, estimate=Estimate(value, 10, 1, 0.1, 0.2, 0.9, 0.9, "t", 0.1, 0.95))


def test_estimates_come_back_whole_and_in_the_order_they_were_put(store: Store, run_id: str) -> None:
    put = [scored("z", 0.5), scored("a", None), scored("z", 0.25, BILLING), scored("z", 0.75, CROSSED)]
    store.estimates.put(run_id, put)
    assert list(store.estimates.list([run_id])[run_id]) == put


def test_putting_a_metric_and_slice_again_replaces_it(store: Store, run_id: str) -> None:
    store.estimates.put(run_id, [scored("f1", 0.5), scored("f1", 0.4, BILLING)])
    store.estimates.put(run_id, [scored("f1", 0.6)])
    found = {s.slice: s.estimate.value for s in store.estimates.list([run_id])[run_id]}
    assert found == {ALL_ROWS: 0.6, BILLING: 0.4}


def test_metrics_and_slices_choose(store: Store, run_id: str) -> None:
    store.estimates.put(run_id, [scored("f1", 0.5), scored("f1", 0.4, BILLING), scored("auc", 0.9)])

    def names(**chosen) -> list[tuple[str, int]]:
        return [(s.metric, len(s.slice)) for s in store.estimates.list([run_id], **chosen)[run_id]]

    assert names(metrics=["f1"]) == [("f1", 0), ("f1", 1)]
    assert names(slices=[ALL_ROWS]) == [("f1", 0), ("auc", 0)]
    assert names(metrics=["f1"], slices=[BILLING]) == [("f1", 1)]
    assert names(metrics=[]) == names(slices=[]) == []


def test_every_run_asked_for_is_in_the_answer(store: Store, run_id: str) -> None:
    other = store.runs.create("0").info.run_id
    store.estimates.put(other, [scored("f1", 0.5)])
    assert {run: len(found) for run, found in store.estimates.list([run_id, other]).items()} == {run_id: 0, other: 1}


def test_infinities_stay_and_nan_is_undefined(store: Store, run_id: str) -> None:
    store.estimates.put(
        run_id,
        [
            ScoredMetric(metric="inf", estimate=Estimate(math.inf, 3, low=-math.inf)),
            ScoredMetric(metric="nan", estimate=Estimate(math.nan, 0)),
            ScoredMetric(metric="numpy", estimate=Estimate(np.float64(0.5), np.int64(4))),
        ],
    )
    infinite, undefined, numpy = (s.estimate for s in store.estimates.list([run_id])[run_id])
    assert (infinite.value, infinite.low) == (math.inf, -math.inf)
    assert undefined.value is None
    assert numpy == Estimate(0.5, 4)


def test_thousands_of_estimates_fit_in_one_call(store: Store, run_id: str) -> None:
    store.estimates.put(run_id, [scored(f"m{i}", 0.5, (("s", str(j)),)) for i in range(40) for j in range(50)])
    assert len(store.estimates.list([run_id])[run_id]) == 2000


def test_unknown_runs_and_bad_names_are_refused(store: Store, run_id: str) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        store.estimates.put("nobody", [])
    with pytest.raises(NotFound, match="'nobody'"):
        store.estimates.list([run_id, "nobody"])
    with pytest.raises(InvalidArgument, match="metric name"):
        store.estimates.put(run_id, [scored("", 0.5)])
