"""A mean of one version of a judge on the scale of another: right where nothing moved, and where something did."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.linking import LEAST_ANCHORS, Link, link

VERDICTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=LEAST_ANCHORS, max_size=60)


def jackknife(old: list, new: list, of: object) -> float:
    """The variance by its definition: the whole calculation again without each anchor."""
    n = len(old)
    each = np.array([of(link(old[:i] + old[i + 1 :], new[:i] + new[i + 1 :])) for i in range(n)])  # type: ignore[operator]
    return float((n - 1) / n * ((each - each.mean()) ** 2).sum())


def spread(made: Link, of: object) -> float:
    moved = np.array([of(each) for each in made.without_one])  # type: ignore[operator]
    return float((made.n - 1) / made.n * ((moved - moved.mean()) ** 2).sum())


@given(st.lists(st.booleans(), min_size=LEAST_ANCHORS, max_size=80), st.integers(1, 500), st.integers(0, 500))
def test_a_judge_that_says_the_same_is_not_moved(said: list[bool], failed: int, passed: int) -> None:
    made = link(said, said)
    assert not made.refused
    assert made.share(passed, passed + failed).value == pytest.approx(
        passed / (passed + failed) if passed else made.share(0, failed).value
    )


@given(VERDICTS)
def test_linking_there_and_back_changes_nothing(pairs: list[tuple[bool, bool]]) -> None:
    old, new = [a for a, _ in pairs], [b for _, b in pairs]
    assert link(old, new).shift == pytest.approx(-link(new, old).shift)


def test_the_variance_is_that_of_the_jackknife() -> None:
    rng = np.random.default_rng(3)
    scale = rng.normal(size=40)
    old = [bool(v) for v in scale + rng.normal(size=40) > 0]
    new = [bool(v) for v in scale + rng.normal(size=40) > 0.4]
    assert spread(link(old, new), lambda each: each[1]) == pytest.approx(jackknife(old, new, lambda made: made.shift))
    numbers = [float(v) for v in scale], [float(v) for v in 1.3 * scale + rng.normal(size=40) / 3]
    for of, without in (
        (lambda made: made.slope, lambda each: each[0]),
        (lambda made: made.shift, lambda each: each[1]),
    ):
        assert spread(link(*numbers), without) == pytest.approx(jackknife(*numbers, of))


def test_a_change_of_scale_is_taken_back() -> None:
    rng = np.random.default_rng(5)
    old = rng.normal(3, 1, size=60)
    made = link(old.tolist(), (2 * old + 1).tolist())
    assert (made.slope, made.shift) == (pytest.approx(0.5), pytest.approx(-0.5))
    back = made.mean(9.0, 0.2, 400)
    assert back.value == pytest.approx(4.0)
    assert back.se == pytest.approx(0.1)  # anchors on a line add nothing


def covered(*, drift: float, anchors_at: float, traffic_at: float, runs: int = 150) -> float:
    """The share of simulated months whose interval holds what the old version would have said of the traffic."""
    rng = np.random.default_rng(11)
    held = tried = 0
    for _ in range(runs):
        anchors, traffic = rng.normal(anchors_at, 1.5, 100), rng.normal(traffic_at, 1.5, 1000)
        odds = [1 / (1 + np.exp(-3 * scale)) for scale in (anchors, anchors + drift, traffic, traffic + drift)]
        old, new, seen = rng.random(100) < odds[0], rng.random(100) < odds[1], rng.random(1000) < odds[3]
        made = link(old.tolist(), new.tolist())
        if made.refused:
            continue
        said = made.share(int(seen.sum()), 1000)
        tried += 1
        held += said.low <= odds[2].mean() <= said.high  # type: ignore[operator]
    assert tried > runs / 2
    return held / tried


@pytest.mark.parametrize("drift", [0.0, -0.7])
@pytest.mark.parametrize("traffic_at", [1.4, 0.4])
def test_the_interval_holds_the_old_scale_also_for_other_traffic(drift: float, traffic_at: float) -> None:
    assert covered(drift=drift, anchors_at=1.4, traffic_at=traffic_at) >= 0.92


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ([True, False] * 9, [True, False] * 9, "only 18 anchors"),
        ([True, False] * 20, [True, True, False, False] * 10, "hardly agree"),
        ([1.0, 2.0] * 20, [3.0] * 40, "same value"),
    ],
    ids=["few", "strangers", "flat"],
)
def test_scales_that_have_little_to_do_with_each_other_are_refused(old: list, new: list, why: str) -> None:
    made = link(old, new)
    assert why in made.refused
    with pytest.raises(InvalidArgument, match=why):
        made.share(5, 10) if made.kind == "verdicts" else made.mean(1.0, 0.1, 10)


@pytest.mark.parametrize(
    ("old", "new"),
    [([True], [True, False]), ([True] * 20, [1.0] * 20), ([math.nan] * 20, [1.0] * 20)],
    ids=["lengths", "kinds", "nan"],
)
def test_what_cannot_be_linked_is_said(old: list, new: list) -> None:
    with pytest.raises(InvalidArgument):
        link(old, new)


def test_a_scale_that_hangs_on_one_anchor_is_refused() -> None:
    old = [3.0] * 29 + [5.0]
    made = link(old, old)
    assert "hangs on that one" in made.refused
    with pytest.raises(InvalidArgument, match="hangs on that one"):
        made.mean(3.2, 0.1, 100)
