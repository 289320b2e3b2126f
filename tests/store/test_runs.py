"""What any store must do with runs and what is logged to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import DatasetInput, Metric, Store

INF, NAN = math.inf, math.nan


def test_a_created_run_is_read_back_as_it_was_returned(store: Store) -> None:
    made = store.runs.create("0", run_name="first", start_time=7, user_id="ada", tags={"k": "v"})
    assert store.runs.get(made.info.run_id) == made
    assert (made.info.status, made.info.end_time, made.info.lifecycle_stage) == ("RUNNING", None, "active")
    assert made.info.artifact_uri == f"runs:/{made.info.run_id}"


def test_a_run_that_nobody_named_has_a_name_to_say_aloud(store: Store) -> None:
    first, second, number = store.runs.create("0").info.run_name.split("-")
    assert first.isalpha()
    assert second.isalpha()
    assert number.isdigit()


def test_update_changes_what_it_is_given_and_nothing_else(store: Store, run_id: str) -> None:
    before = store.runs.get(run_id).info
    store.runs.update(run_id, status="FINISHED", end_time=before.start_time + 5)
    store.runs.update(run_id, run_name="renamed")
    after = store.runs.get(run_id).info
    assert (after.status, after.end_time, after.run_name) == ("FINISHED", before.start_time + 5, "renamed")
    assert after.start_time == before.start_time


def test_an_unknown_status_is_refused_with_the_list(store: Store, run_id: str) -> None:
    with pytest.raises(InvalidArgument, match="RUNNING, SCHEDULED"):
        store.runs.update(run_id, status="done")  # type: ignore[arg-type]


@pytest.mark.parametrize("durable", [True, False])
def test_a_batch_is_read_back_whole(store: Store, run_id: str, durable: bool) -> None:
    metrics = [Metric("f1", 0.5, 1, 0), Metric("loss", -INF, 2, 3), Metric("high", INF), Metric("odd", NAN)]
    store.runs.log_batch(run_id, metrics=metrics, params={"C": "1.0"}, tags={"k": "v"}, durable=durable)
    data = store.runs.get(run_id).data
    assert (data.metrics["f1"], data.metrics["loss"], data.metrics["high"]) == (0.5, -INF, INF)
    assert math.isnan(data.metrics["odd"])
    assert (data.params, data.tags) == ({"C": "1.0"}, {"k": "v"})


def test_a_batch_that_fails_leaves_nothing_behind(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, params={"C": "1"})
    with pytest.raises(AlreadyExists):
        store.runs.log_batch(run_id, metrics=[Metric("f1", 1.0)], params={"A": "1", "C": "2"}, tags={"k": "v"})
    data = store.runs.get(run_id).data
    assert (data.metrics, data.params, data.tags) == ({}, {"C": "1"}, {})


def test_a_param_is_written_once_and_the_error_names_both_values(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, params={"C": "1"})
    store.runs.log_batch(run_id, params={"C": "1"})
    with pytest.raises(AlreadyExists, match="'C' is already '1' and cannot become '2'"):
        store.runs.log_batch(run_id, params={"C": "2"})


def test_tags_change_and_go(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, tags={"k": "1"})
    store.runs.log_batch(run_id, tags={"k": "2"})
    assert store.runs.get(run_id).data.tags == {"k": "2"}
    store.runs.delete_tag(run_id, "k")
    assert store.runs.get(run_id).data.tags == {}
    with pytest.raises(NotFound, match="'k'"):
        store.runs.delete_tag(run_id, "k")


points = st.builds(
    Metric,
    st.just("m"),
    st.floats(allow_nan=True, allow_infinity=True, width=32),
    st.integers(-3, 3),
    st.integers(-3, 3),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(points, min_size=1, max_size=12), cut=st.integers(0, 12))
def test_the_latest_value_is_the_greatest_by_step_then_time_then_value(
    store: Store, batch: list[Metric], cut: int
) -> None:
    run_id = store.runs.create("0").info.run_id
    for part in (batch[:cut], batch[cut:]):
        store.runs.log_batch(run_id, metrics=part, durable=False)
    last = max(
        batch, key=lambda m: (m.step, m.timestamp, not math.isnan(m.value), 0 if m.value != m.value else m.value)
    )
    latest = store.runs.get(run_id).data.metrics["m"]
    assert latest == last.value or (math.isnan(latest) and math.isnan(last.value))
    history = store.runs.metric_history(run_id, "m")
    assert {repr(p.value or 0.0) for p in history} == {repr(p.value or 0.0) for p in batch}  # -0.0 is 0.0
    assert [(p.step, p.timestamp) for p in history] == sorted((p.step, p.timestamp) for p in history)


def test_the_history_keeps_every_point_and_a_point_sent_twice_is_one(store: Store, run_id: str) -> None:
    sent = [Metric("loss", 1.0, 5, 0), Metric("loss", 0.5, 6, 1), Metric("loss", 0.25, 6, 1), Metric("loss", NAN, 7, 2)]
    store.runs.log_batch(run_id, metrics=sent)
    store.runs.log_batch(run_id, metrics=sent)
    history = store.runs.metric_history(run_id, "loss")
    assert [(p.value, p.timestamp, p.step) for p in history[:3]] == [(1.0, 5, 0), (0.25, 6, 1), (0.5, 6, 1)]
    assert math.isnan(history[3].value)
    assert len(history) == 4
    assert store.runs.metric_history(run_id, "never logged") == ()


def test_datasets_are_kept_in_order_with_their_contexts(store: Store, run_id: str) -> None:
    train = DatasetInput(name="tweets", digest="abc", schema='{"a": "str"}', profile="{}", context="train")
    test = DatasetInput(name="tweets", digest="abc", schema='{"a": "str"}', profile="{}", context="test")
    other = DatasetInput(name="other", digest="def", source="x.csv", source_type="local")
    store.runs.log_inputs(run_id, [train, test])
    store.runs.log_inputs(run_id, [other, train])
    assert store.runs.get(run_id).inputs.dataset_inputs == (train, test, other)


def test_a_deleted_run_can_be_read_and_restored_but_not_written(store: Store, run_id: str) -> None:
    store.runs.delete(run_id)
    assert store.runs.get(run_id).info.lifecycle_stage == "deleted"
    for write in (
        lambda: store.runs.log_batch(run_id, tags={"k": "v"}),
        lambda: store.runs.update(run_id, status="FAILED"),
        lambda: store.runs.log_inputs(run_id, []),
        lambda: store.artifacts.put(run_id, "a", b""),
    ):
        with pytest.raises(InvalidArgument, match="deleted"):
            write()
    store.runs.restore(run_id)
    store.runs.log_batch(run_id, tags={"k": "v"})
    assert store.runs.get(run_id).info.lifecycle_stage == "active"


def test_a_deleted_experiment_takes_no_new_runs(store: Store) -> None:
    experiment = store.experiments.create("gone").experiment_id
    store.experiments.delete(experiment)
    with pytest.raises(InvalidArgument, match="'gone' is deleted"):
        store.runs.create(experiment)


def test_an_unknown_run_is_not_found(store: Store) -> None:
    for ask in (
        store.runs.get,
        store.runs.delete,
        store.runs.restore,
        store.runs.log_batch,
        store.runs.update,
        lambda run_id: store.runs.metric_history(run_id, "m"),
        lambda run_id: store.runs.log_inputs(run_id, []),
        lambda run_id: store.runs.delete_tag(run_id, "k"),
    ):
        with pytest.raises(NotFound, match="'nobody'"):
            ask("nobody")


@pytest.mark.parametrize(
    "key", ["", " ", "a ", "x" * 251, "/abs", "a/../b", "new\nline", "nul\x00", "half \ud800", "\u2028", 7]
)
def test_a_key_that_cannot_be_kept_is_refused_wherever_it_stands(store: Store, run_id: str, key: str) -> None:
    for batch in ({"metrics": [Metric(key, 1.0)]}, {"params": {key: "1"}}, {"tags": {key: "1"}}):
        with pytest.raises(InvalidArgument, match="key"):
            store.runs.log_batch(run_id, **batch)


@pytest.mark.parametrize("key", ["ndcg@10", "f1 (macro)", "a/b/c", "größe", "x" * 250, "95%", "a.b-c:d;e", "__proto__"])
def test_a_printable_key_is_kept(store: Store, run_id: str, key: str) -> None:
    store.runs.log_batch(run_id, metrics=[Metric(key, 1.0)], params={key: "p"}, tags={key: "t"})
    data = store.runs.get(run_id).data
    assert (data.metrics[key], data.params[key], data.tags[key]) == (1.0, "p", "t")


@pytest.mark.parametrize(
    "batch",
    [
        {"params": {"k": "x" * 6001}},
        {"tags": {"k": "x" * 8001}},
        {"tags": {"k": "a\x00b"}},
        {"metrics": [Metric("m", "high")]},  # type: ignore[arg-type]
        {"metrics": [Metric("m", 1.0, 2**63)]},
        {"metrics": [Metric("m", 1.0, 0, -(2**63) - 1)]},
        {"metrics": [Metric("m", 1.0, 0.5)]},  # type: ignore[arg-type]
    ],
)
def test_a_value_that_cannot_be_kept_is_refused(store: Store, run_id: str, batch) -> None:
    with pytest.raises(InvalidArgument):
        store.runs.log_batch(run_id, **batch)


def test_values_at_the_limits_are_kept(store: Store, run_id: str) -> None:
    store.runs.log_batch(
        run_id,
        metrics=[Metric("m", 1.7976931348623157e308, 2**63 - 1, -(2**63))],
        params={"k": "é" * 6000},
        tags={"k": "🜁" * 8000},
    )
    data = store.runs.get(run_id).data
    assert (data.metrics["m"], len(data.params["k"]), len(data.tags["k"])) == (1.7976931348623157e308, 6000, 8000)


def test_numpy_numbers_are_numbers(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, metrics=[Metric("m", np.float32(0.5), np.int64(3), np.int32(2))])
    assert store.runs.metric_history(run_id, "m") == (Metric("m", 0.5, 3, 2),)
