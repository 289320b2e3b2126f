"""Statistics of agreement against books and other packages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from steelyard.metrics.agreement import (
    agreement,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac2,
    krippendorff_alpha,
    raw_agreement,
)

from .reference_values import TABLES

_ = None
RATERS = [
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
]
KRIPPENDORFF = [list(item) for item in zip(*RATERS, strict=True)]
WIKIPEDIA = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
TEN_GRADES = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 3, 3, 2, 4, 5], [1, 2, 4, 4, 5, 2, 2, 3, 3, 5, 3, 2, 2, 5, 4]


def items_of(text: str) -> list[list[int | None]]:
    return [[None if mark == "." else int(mark) for mark in word] for word in text.split()]


@pytest.mark.parametrize(
    ("level", "alpha"),
    [
        ("nominal", 0.691358024691358),
        ("ordinal", 0.8067214199413153),
        ("interval", 0.8108448928121059),
        ("ratio", 0.8089436707842471),
    ],
)
def test_alpha_of_krippendorffs_example(level, alpha):
    assert krippendorff_alpha(KRIPPENDORFF, level).value == pytest.approx(alpha, abs=1e-12)
    assert agreement(KRIPPENDORFF, level=level).krippendorff.value == pytest.approx(alpha, abs=1e-12)


def test_gwets_and_fleiss_coefficients_of_krippendorffs_example():
    shown = agreement(KRIPPENDORFF)
    assert shown.gwet.value == pytest.approx(0.70916, abs=5e-6)
    assert shown.gwet.se == pytest.approx(0.16474, abs=5e-6)
    assert shown.fleiss.value == pytest.approx(0.68602, abs=5e-6)
    assert (shown.items, shown.paired_items, shown.raters, shown.ratings) == (15, 12, 3, 27)


def test_fleiss_kappa_of_the_well_known_table():
    assert fleiss_kappa(WIKIPEDIA).value == pytest.approx(0.20993070442195522, abs=1e-12)


def test_cohens_kappa_and_its_standard_error():
    kappa = cohen_kappa([[6, 2], [2, 10]])
    assert kappa.value == pytest.approx(0.5833333333, abs=1e-10)
    assert kappa.se == pytest.approx(0.1855284723, abs=1e-10)
    a, b = TEN_GRADES
    assert cohen_kappa(a, b, weights="linear").value == pytest.approx(0.7239263804, abs=1e-10)
    assert cohen_kappa(a, b, weights="quadratic").value == pytest.approx(0.8787061995, abs=1e-10)
    shown = agreement(list(zip(a, b, strict=True)), level="ordinal")
    assert shown.cohen == shown.cohen_linear == cohen_kappa(a, b, weights="linear")
    assert shown.cohen_quadratic == cohen_kappa(a, b, weights="quadratic")


@pytest.mark.parametrize("table", TABLES, ids=[str(index) for index in range(len(TABLES))])
def test_tables_drawn_at_random_give_the_values_of_other_packages(table):
    text, alphas, coefficients = table
    items = items_of(text)
    values = sorted({value for item in items for value in item if value is not None})
    for level, alpha in alphas.items():
        assert krippendorff_alpha(items, level, replicates=2).value == pytest.approx(alpha, abs=1e-12), level
    found = {
        "fleiss": agreement(items, replicates=2).fleiss,
        "ac1": gwet_ac1(items),
        "ac2_linear": gwet_ac2(items, weights="linear", categories=values),
        "ac2_quadratic": gwet_ac2(items, weights="quadratic", categories=values),
    }
    for name, (value, se) in coefficients.items():
        assert (found[name].value, found[name].se) == pytest.approx((value, se), abs=1e-9), name


pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=40)


@given(pairs, st.sampled_from([None, "linear", "quadratic"]))
@settings(max_examples=60)
def test_kappa_equals_scikit_learns(rows, weights):
    a, b = zip(*rows, strict=True)
    kappa = cohen_kappa(a, b, weights=weights)
    if kappa.value is None:
        assert len({*a, *b}) == 1
        return
    assert kappa.value == pytest.approx(cohen_kappa_score(a, b, weights=weights), abs=1e-12)


@given(st.lists(st.integers(1, 9), min_size=9, max_size=9))
@settings(max_examples=40)
def test_the_standard_error_of_kappa_equals_statsmodels(cells):
    table = np.array(cells).reshape(3, 3)
    ours, theirs = cohen_kappa(table), inter_rater.cohens_kappa(table)
    assert (ours.value, ours.se) == pytest.approx((theirs.kappa, theirs.std_kappa), abs=1e-12)
    for weights, name in (("linear", "linear"), ("quadratic", "quadratic")):
        ours, theirs = cohen_kappa(table, weights=weights), inter_rater.cohens_kappa(table, wt=name)
        assert (ours.value, ours.se) == pytest.approx((theirs.kappa, theirs.std_kappa), abs=1e-12)


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=3, max_size=15))
@settings(max_examples=40)
def test_fleiss_kappa_equals_statsmodels(rows):
    counts = np.stack([np.bincount(row, minlength=3) for row in rows])
    ours = fleiss_kappa(counts)
    if ours.value is None:
        assert (counts.sum(axis=0) > 0).sum() == 1
        return
    assert ours.value == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-12)


def test_raw_agreement_of_two_raters_has_wilsons_interval():
    from statsmodels.stats.proportion import proportion_confint

    shown = raw_agreement([["a", "a"]] * 45 + [["a", "b"]] * 5)
    assert (shown.low, shown.high) == pytest.approx(proportion_confint(45, 50, method="wilson"))
    assert shown.method == "wilson"


def test_raw_agreement_of_many_raters_is_the_mean_share_of_agreeing_pairs():
    shown = raw_agreement([["a", "a", "a"], ["a", "b", "b"], ["a", None, "b"], ["b", None, None]])
    assert shown.value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert shown.n == 3


def test_alpha_of_sets_by_its_definition():
    items = [[["a", "b"], ["a"]], [["b"], ["b"]], [["a", "c"], ["b", "c"]], [[], ["c"]]]
    sets = [[frozenset(value) for value in item] for item in items]

    def jaccard(x, y):
        return 1 - len(x & y) / len(x | y) if x | y else 0.0

    def masi(x, y):
        share = 1.0 if x == y else 2 / 3 if x <= y or y <= x else 1 / 3 if x & y else 0.0
        return 1 - share * (1 - jaccard(x, y))

    given_values = [value for item in sets for value in item]
    for level, distance in (("jaccard", jaccard), ("masi", masi)):
        observed = np.mean([distance(*item) for item in sets])
        apart = [distance(x, y) for i, x in enumerate(given_values) for j, y in enumerate(given_values) if i != j]
        assert krippendorff_alpha(items, level).value == pytest.approx(1 - observed / np.mean(apart), abs=1e-12)
    assert agreement(items).krippendorff == krippendorff_alpha(items, "jaccard")
    assert agreement(items).raw.value == 0.25
