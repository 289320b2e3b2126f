"""Drawing what to label: reproducible, extendable, and unbiased."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected import prediction_powered
from steelyard.metrics.sampling import allocate, draw, strata_of

NAMES = [f"tr-{i}" for i in range(300)]
STRATA = ["low"] * 60 + ["middle"] * 90 + ["high"] * 150
UNSURE = np.r_[np.full(60, 0.4), np.full(90, 0.5), np.full(150, 0.05)]


def test_the_same_call_draws_the_same_and_another_key_does_not() -> None:
    first, again, other = (draw(NAMES, 40, strata=STRATA, key=key) for key in (1, 1, 2))
    assert first == again
    assert {i.key for i in first.items} != {i.key for i in other.items}


def test_the_order_in_which_items_are_given_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(300)
    first = draw(NAMES, 40, strata=STRATA)
    again = draw([NAMES[i] for i in order], 40, strata=[STRATA[i] for i in order])
    assert [i.key for i in first.items] == [i.key for i in again.items]
    assert all(NAMES[order[i.index]] == i.key for i in again.items)


@settings(max_examples=40)
@given(st.integers(3, 300), st.integers(0, 100), st.integers(0, 5))
def test_drawing_further_keeps_what_was_drawn(n: int, more: int, key: int) -> None:
    first = draw(NAMES, n, strata=STRATA, uncertainty=UNSURE, key=key)
    before = [i.key for i in first.items]
    again = draw(NAMES, n + more, strata=STRATA, uncertainty=UNSURE, key=key, drawn=before)
    assert set(before) <= {i.key for i in again.items}
    assert len(again.items) == min(n + more, 300)
    assert {i.key for i in again.new} == {i.key for i in again.items} - set(before)


@settings(max_examples=40)
@given(st.integers(3, 300))
def test_every_item_has_the_probability_of_its_stratum(n: int) -> None:
    found = draw(NAMES, n, strata=STRATA, uncertainty=UNSURE)
    assert found.sizes == {"low": 60, "middle": 90, "high": 150}
    assert sum(found.allocation.values()) == len(found.items) == n
    for item in found.items:
        assert item.stratum == STRATA[item.index]
        assert item.probability == found.allocation[item.stratum] / item.stratum_size > 0


def test_items_drawn_before_are_kept_when_the_population_has_grown() -> None:
    first = draw(NAMES[:200], 40)
    again = draw(NAMES, 40, drawn=[i.key for i in first.items])
    assert {i.key for i in first.items} <= {i.key for i in again.items}
    assert again.items[0].probability == len(again.items) / 300


def test_stopping_anywhere_leaves_every_stratum_its_share() -> None:
    found = draw(NAMES, 60, strata=STRATA)
    half = [i.stratum for i in found.items[:30]]
    assert {s: half.count(s) for s in found.sizes} == pytest.approx({"low": 6, "middle": 9, "high": 15}, abs=1)


def test_the_less_sure_a_stratum_the_more_it_gives() -> None:
    found = draw(NAMES, 60, strata=STRATA, uncertainty=UNSURE)
    assert found.allocation["middle"] > found.allocation["low"] > found.allocation["high"] >= 2
    assert min(i.probability for i in found.items) >= 0.3 * 60 / 300 * 0.9  # the floor


def test_inclusion_is_as_often_as_the_probability_says() -> None:
    times = np.zeros(300)
    for key in range(400):
        found = draw(NAMES, 45, strata=STRATA, uncertainty=UNSURE, key=key)
        times[[i.index for i in found.items]] += 1
    chance = np.array([found.allocation[s] / found.sizes[s] for s in STRATA])
    distance = (times - 400 * chance) / np.sqrt(400 * chance * (1 - chance))
    assert np.abs(distance).max() < 4.5
    assert np.mean(distance**2) == pytest.approx(1.0, abs=0.25)


def test_a_drawn_part_estimates_the_whole_without_bias() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random(300) < np.r_[np.full(60, 0.2), np.full(90, 0.5), np.full(150, 0.95)]).astype(float)
    judge = np.r_[np.full(60, 0.1), np.full(90, 0.6), np.full(150, 0.9)] + rng.normal(0, 0.02, 300)
    errors = []
    for key in range(200):
        found = draw(NAMES, 45, strata=STRATA, uncertainty=UNSURE, key=key)
        at = np.array([i.index for i in found.items])
        rest = np.setdiff1d(np.arange(300), at)
        strata = np.array(STRATA)
        mean = prediction_powered(truth[at], judge[at], judge[rest], strata=(strata[at], strata[rest]), finite=True)
        errors.append(float(mean.corrected or np.nan) - truth.mean())
    assert abs(np.mean(errors)) < 3.5 * np.std(errors) / np.sqrt(len(errors))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 5)), min_size=1, max_size=8), st.data())
def test_an_allocation_grows_everywhere_with_the_labels(strata: list[tuple[int, float]], data: st.DataObject) -> None:
    sizes, spreads = [s for s, _ in strata], [d for _, d in strata]
    n = data.draw(st.integers(len(sizes), max(sum(sizes), len(sizes))))
    given_n = allocate(sizes, n, spreads=spreads)
    assert sum(given_n) == n
    assert all(1 <= g <= s for g, s in zip(given_n, sizes, strict=True))
    if n < sum(sizes):
        assert all(a <= b for a, b in zip(given_n, allocate(sizes, n + 1, spreads=spreads), strict=True))


def test_an_allocation_is_the_best_of_all() -> None:
    sizes, spreads = [40, 30, 20], [0.1, 0.4, 0.9]

    def variance(given_n: list[int]) -> float:
        return sum(s * s * d * d / g for s, d, g in zip(sizes, spreads, given_n, strict=True))

    found = allocate(sizes, 20, spreads=spreads, floor=1e-9)
    every = [[a, b, 20 - a - b] for a in range(2, 17) for b in range(2, 17) if 2 <= 20 - a - b <= 20]
    assert variance(found) == pytest.approx(min(variance(g) for g in every))


def test_strata_say_what_is_in_them() -> None:
    rng = np.random.default_rng(0)
    scores = np.r_[rng.random(199), np.nan]
    names = strata_of(scores, uncertainty=np.sqrt(np.clip(scores * (1 - scores), 0, 1)), bins=4, least=1)
    assert names[-1] == "no score"
    assert len({n.removesuffix(", unsure") for n in names[:-1]}) == 4
    assert sum(n.endswith(", unsure") for n in names) == 99


def test_small_strata_join_the_others_of_their_score() -> None:
    differ = [True] * 3 + [False] * 97
    assert set(strata_of([1] * 100, disagreement=differ)) == {"score 1"}
    assert set(strata_of([0] * 50 + [1] * 50, disagreement=[True] * 20 + [False] * 80)) == {
        "score 0", "score 0, judges differ", "score 1",
    }  # fmt: skip
    assert set(strata_of([0] * 3 + [1] * 95 + [2] * 2)) == {"others", "score 1"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"keys": ["a", "a"]}, "no key twice"),
        ({"strata": ["x"]}, "one stratum an item"),
        ({"n": 1, "strata": ["x", "y", "z"]}, "every stratum needs one at least"),
        ({"floor": 0.0}, "floor must be above 0"),
        ({"uncertainty": [1.0]}, "uncertainty must be one number an item"),
        ({"uncertainty": [-1.0, 0.0, 1.0]}, "0 or more"),
    ],
    ids=["keys", "strata", "few", "floor", "uncertainty", "negative"],
)
def test_what_cannot_be_drawn_is_an_error(wrong: dict[str, object], sentence: str) -> None:
    call: dict[str, object] = {"keys": ["a", "b", "c"], "n": 2, **wrong}
    with pytest.raises(InvalidArgument, match=sentence):
        draw(call.pop("keys"), call.pop("n"), **call)


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], 5).items == ()
