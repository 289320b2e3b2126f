"""Metrics, params and tags: what is kept, and what is refused with the key in the message and nothing written."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steelyard import tracking
from steelyard.errors import AlreadyExists, InvalidArgument, NotFound, SteelyardError
from steelyard.tracking.checks import metric_value


@pytest.mark.parametrize(
    ("value", "kept"),
    [(1, 1.0), (True, 1.0), (0.5, 0.5), (np.float32(0.25), 0.25), (np.array([3]), 3.0), (Fraction(1, 4), 0.25)],
)
def test_numbers_of_every_kind_become_floats(value: Any, kept: float) -> None:
    assert metric_value("m", value) == kept
    assert type(metric_value("m", value)) is float


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinities_are_values(value: float) -> None:
    with tracking.start_run() as run:
        tracking.log_metric("odd", value)
    kept = tracking.get_run(run.info.run_id).data.metrics["odd"]
    assert kept == value or (math.isnan(kept) and math.isnan(value))


@pytest.mark.parametrize("value", ["0.5", None, [1, 2], np.array([1.0, 2.0]), 1j, {"a": 1}, Decimal, 10**400])
def test_what_is_not_one_number_is_refused_by_name(value: Any) -> None:
    with tracking.start_run() as run, pytest.raises(InvalidArgument, match="'f1_score'"):
        tracking.log_metrics({"good": 1.0, "f1_score": value})
    assert tracking.get_run(run.info.run_id).data.metrics == {}


@pytest.mark.parametrize("step", [0.5, "1", math.nan])
def test_a_step_is_a_whole_number(step: Any) -> None:
    with tracking.start_run(), pytest.raises(InvalidArgument, match="'loss'"):
        tracking.log_metric("loss", 1.0, step=step)


def test_points_of_a_metric_are_kept_in_order() -> None:
    with tracking.start_run() as run:
        for step in (2, 0, 1):
            tracking.log_metric("loss", 10.0 - step, step=step, timestamp=1000 + step)
    points = tracking.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [(p.step, p.value, p.timestamp) for p in points] == [(0, 10.0, 1000), (1, 9.0, 1001), (2, 8.0, 1002)]
    assert tracking.get_run(run.info.run_id).data.metrics == {"loss": 8.0}


def test_params_are_written_once() -> None:
    with tracking.start_run() as run:
        assert tracking.log_param("depth", 3) == 3
        tracking.log_param("depth", "3")  # the same words again are no change
        with pytest.raises(AlreadyExists, match="'depth'"):
            tracking.log_params({"width": 1, "depth": 4})
    assert tracking.get_run(run.info.run_id).data.params == {"depth": "3"}


def test_tags_change_and_go() -> None:
    with tracking.start_run() as run:
        tracking.set_tags({"team": "risk", "stage": 1})
        tracking.set_tag("stage", 2)
        tracking.delete_tag("team")
        with pytest.raises(NotFound, match="'team'"):
            tracking.delete_tag("team")
    tags = tracking.get_run(run.info.run_id).data.tags
    assert tags["stage"] == "2"
    assert "team" not in tags


@pytest.mark.parametrize("key", ["", "/root", "a/../b", "tab\there", "x" * 300])
def test_a_bad_key_is_refused_and_its_neighbours_are_not_written(key: str) -> None:
    with tracking.start_run() as run:
        with pytest.raises(InvalidArgument):
            tracking.log_params({"good": 1, key: 2})
        with pytest.raises(InvalidArgument):
            tracking.log_metrics({"good": 1, key: 2})
    data = tracking.get_run(run.info.run_id).data
    assert (data.params, data.metrics) == ({}, {})


def test_a_long_param_is_refused_by_name() -> None:
    with tracking.start_run() as run, pytest.raises(InvalidArgument, match="prompt"):
        tracking.log_params({"depth": 1, "prompt": "x" * 6001})
    assert tracking.get_run(run.info.run_id).data.params == {}


def test_params_that_are_no_mapping_are_refused() -> None:
    pairs: Any = [("depth", 1)]
    with tracking.start_run(), pytest.raises(InvalidArgument, match="mapping"):
        tracking.log_params(pairs)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(max_size=12), value=st.text(max_size=12))
def test_whatever_text_is_logged_comes_back_or_is_refused(store_uri: str, key: str, value: str) -> None:
    with tracking.start_run() as run:
        try:
            tracking.log_params({key: value})
        except SteelyardError:
            kept: dict[str, str] = {}
        else:
            kept = {key: value}
    assert tracking.get_run(run.info.run_id).data.params == kept
