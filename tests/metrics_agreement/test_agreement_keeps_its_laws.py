"""What no statistic of agreement may do, whatever the ratings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.metrics.agreement import agreement, gwet_ac1, krippendorff_alpha
from steelyard.records import Estimate

LEVELS = ["nominal", "ordinal", "interval", "ratio"]


@st.composite
def rated(draw, least=2):
    raters = draw(st.integers(2, 4))
    value = st.one_of(st.none(), st.integers(0, 3))
    return draw(st.lists(st.lists(value, min_size=raters, max_size=raters), min_size=least, max_size=12))


def estimates(items, **options):
    shown = agreement(items, replicates=20, **options)
    names = ("raw", "cohen", "cohen_linear", "cohen_quadratic", "fleiss", "krippendorff", "gwet")
    return {name: getattr(shown, name) for name in names if getattr(shown, name) is not None}


def values(items, **options):
    return {name: estimate.value for name, estimate in estimates(items, **options).items()}


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == (None if value is None else pytest.approx(value, abs=1e-9)), name


@given(rated(), st.permutations(["one", "two", "three", "four"]))
@settings(max_examples=50)
def test_other_names_for_the_categories_change_no_nominal_statistic(items, names):
    renamed = [[None if value is None else names[value] for value in item] for item in items]
    same(values(renamed), values(items))


@given(rated(), st.data(), st.sampled_from(LEVELS))
@settings(max_examples=50)
def test_the_order_of_items_and_raters_changes_nothing_intervals_included(items, data, level):
    order = data.draw(st.permutations(range(len(items[0]))))
    turned = data.draw(st.permutations([[item[rater] for rater in order] for item in items]))
    before, after = estimates(items, level=level), estimates(turned, level=level)
    for name, estimate in before.items():
        for field in ("value", "se", "low", "high"):
            expected = getattr(estimate, field)
            assert getattr(after[name], field) == (None if expected is None else pytest.approx(expected, abs=1e-6))


@given(st.lists(st.integers(0, 3), min_size=2, max_size=20), st.integers(2, 4), st.sampled_from(LEVELS))
@settings(max_examples=50)
def test_perfect_agreement_is_one_with_an_honest_lower_end(truth, raters, level):
    for name, estimate in estimates([[value] * raters for value in truth], level=level).items():
        if len(set(truth)) == 1 and name != "raw":
            assert estimate.value is None
            assert "one value" in estimate.method
            continue
        assert estimate.value == pytest.approx(1.0), name
        assert -1 <= estimate.low < 1 == pytest.approx(estimate.high), name


@given(rated(), st.integers(0, 3), st.sampled_from(LEVELS))
@settings(max_examples=50)
def test_an_item_rated_by_one_person_changes_no_alpha(items, value, level):
    alone = [value, *[None] * (len(items[0]) - 1)]
    before = krippendorff_alpha(items, level, replicates=20)
    after = krippendorff_alpha([*items, alone], level, replicates=20)
    assert after.value == (None if before.value is None else pytest.approx(before.value, abs=1e-9))
    assert after.n == before.n


@given(rated(least=1), st.sampled_from(LEVELS))
@settings(max_examples=60)
def test_estimates_lie_in_their_intervals_and_what_is_undefined_says_why(items, level):
    for name, estimate in estimates(items, level=level).items():
        if estimate.value is None:
            assert estimate.method, name
            assert (estimate.low, estimate.high) == (None, None)
            continue
        assert estimate.value <= 1 + 1e-12
        if estimate.low is not None:
            assert -1 <= estimate.low <= estimate.value + 1e-9, name
            assert estimate.value - 1e-9 <= estimate.high <= 1 + 1e-12, name


def test_nothing_to_compare_is_said_and_not_shown():
    for items in ([], [[None, None]], [["a", None], [None, "b"]]):
        shown = agreement(items)
        assert isinstance(shown.raw, Estimate)
        assert shown.raw.value is shown.krippendorff.value is shown.fleiss.value is shown.gwet.value is None
        assert "two ratings" in shown.krippendorff.method
    assert agreement([["a", "a"]]).krippendorff.value is None


def test_yes_from_everybody_is_agreement_for_gwet_because_no_was_possible():
    shown = agreement([[True, True]] * 20)
    assert shown.gwet.value == 1.0
    assert shown.gwet.low == pytest.approx(20 / (20 + 1.959964**2))
    assert shown.cohen.value is shown.fleiss.value is None
    assert gwet_ac1([["a", "a"]] * 20).value is None
    assert gwet_ac1([["a", "a"]] * 20, categories=["a", "b"]).value == 1.0


def test_where_nearly_everybody_passes_kappa_falls_and_gwets_does_not():
    shown = agreement([[True, True]] * 94 + [[True, False]] * 3 + [[False, True]] * 3)
    assert shown.raw.value == pytest.approx(0.94)
    assert shown.cohen.value < 0 < 0.9 < shown.gwet.value
    assert shown.prevalence == pytest.approx({True: 0.97, False: 0.03})


def test_the_same_key_gives_the_same_interval_and_another_another():
    items = [["a", "a", "b"], ["b", "b", "b"], ["a", "b", None], ["a", "a", "a"], ["b", "a", "a"]]
    assert agreement(items, key=1) == agreement(items, key=1)
    assert agreement(items, key=1).krippendorff != agreement(items, key=2).krippendorff
