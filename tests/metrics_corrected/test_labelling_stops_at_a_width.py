"""How many labels a width takes, and when there are enough."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected import prediction_powered
from steelyard.metrics.sampling import labels_needed, may_stop, width_curve

from .populations import measured


def test_the_curve_falls_and_ends_where_all_are_labelled() -> None:
    points = width_curve([20, 50, 100, 400, 500], residual_sd=0.3, label_sd=0.5, population=400)
    assert [p.n for p in points] == [20, 50, 100, 400]
    assert all(a.half_width > b.half_width for a, b in itertools.pairwise(points))
    assert points[-1].half_width == pytest.approx(1.966 * 0.5 / 20, rel=1e-3)
    assert width_curve([400], residual_sd=0.3, population=400, finite=True)[0].half_width == 0


def test_a_pilot_tells_the_width_of_the_full_draw() -> None:
    y, f = measured(0.9, "").make(np.random.default_rng(1), 2000)
    pilot = prediction_powered(y[:60], f[:60], f[60:])
    assert pilot.residual_sd is not None
    assert pilot.label_sd is not None
    told = width_curve([200], residual_sd=pilot.residual_sd, label_sd=pilot.label_sd, population=2000)[0].half_width
    later = prediction_powered(y[:200], f[:200], f[200:]).corrected
    assert later is not None
    assert (later.high - later.low) / 2 == pytest.approx(told, rel=0.15)


@pytest.mark.parametrize("target", [0.03, 0.05, 0.1])
def test_the_labels_needed_are_the_least_that_reach_the_width(target: float) -> None:
    how = {"residual_sd": [0.1, 0.5], "population": [700, 300], "label_sd": 0.4}
    n = labels_needed(target, **how)
    assert n is not None
    before, at = width_curve([n - 1, n], **how)
    assert at.half_width <= target < before.half_width


def test_a_width_that_no_labels_reach_is_none() -> None:
    assert labels_needed(0.001, residual_sd=0.3, label_sd=0.5, population=1000) is None
    with pytest.raises(InvalidArgument, match="half the width"):
        labels_needed(0, residual_sd=0.3, population=10)


def test_it_says_why_labelling_goes_on_and_why_it_ends() -> None:
    y, f = measured(0.9, "").make(np.random.default_rng(1), 500)
    found = {n: prediction_powered(y[:n], f[:n], f[n:]) for n in (5, 20, 100)}
    assert may_stop(found[5], 1.0).why == found[5].refused
    assert "fewer than 30" in may_stop(found[20], 1.0).why
    assert may_stop(found[100], 1.0)
    assert not may_stop(found[100], 0.01)
    half = (found[100].corrected.high - found[100].corrected.low) / 2
    assert "by chance" in may_stop(found[100], half).why
