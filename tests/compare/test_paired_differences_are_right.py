from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from steelyard.compare import compare
from steelyard.metrics.intervals import newcombe_paired

from .synthetic import draw, save


@pytest.fixture
def two(store, rng):
    y, (a, b) = draw(rng, 800)
    category = rng.integers(0, 3, 800)
    save(store, "base", y, a, category=category)
    save(store, "cand", y, b, category=category)
    return store, y, a, b, category


def test_accuracy_comes_from_the_table_of_right_and_wrong(two) -> None:
    store, y, a, b, _ = two
    ours, theirs = (b >= 0.5) == y, (a >= 0.5) == y
    table = [(ours & theirs).sum(), (ours & ~theirs).sum(), (~ours & theirs).sum(), (~ours & ~theirs).sum()]
    comparison = compare("cand", "base", store=store)
    found, expected = comparison.differences["accuracy_score"], newcombe_paired(*table)
    assert found.difference == pytest.approx(ours.mean() - theirs.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 800
    counts = comparison.rows.all
    assert [counts.still_right, counts.fixed, counts.broken, counts.still_wrong] == table
    assert comparison.mcnemar.p_value == pytest.approx(stats.binomtest(int(table[1]), int(table[1] + table[2])).pvalue)


def test_replicates_pair_and_so_shrink_the_standard_error(two) -> None:
    store, y, a, b, _ = two
    loss_b, loss_a = (-np.log(np.where(y, p, 1 - p)) for p in (b, a))
    found = compare("cand", "base", store=store).differences["log_loss"]
    paired = (loss_b - loss_a).std(ddof=1) / np.sqrt(800)
    unpaired = np.hypot(loss_b.std(ddof=1), loss_a.std(ddof=1)) / np.sqrt(800)
    assert found.method == "paired replicates"
    assert found.difference == pytest.approx(loss_b.mean() - loss_a.mean())
    assert found.se == pytest.approx(paired, rel=0.2)  # 200 replicates carry 5 % of noise
    assert found.se < 0.75 * unpaired


def test_rows_say_what_replicates_say_when_seeds_differ(two) -> None:
    store, y, _, b, category = two
    paired = compare("cand", "base", store=store)
    save(store, "other seed", y, b, category=category, seed=9)
    by_rows = compare("other seed", "base", store=store)
    assert any("different seeds" in warning for warning in by_rows.warnings)
    for one, other in (
        (paired.differences["log_loss"], by_rows.differences["log_loss"]),
        (paired.slices["category=c1"]["log_loss"], by_rows.slices["category=c1"]["log_loss"]),
    ):
        assert other.method == "paired t on the shared rows"
        assert other.difference == pytest.approx(one.difference)
        assert other.se == pytest.approx(one.se, rel=0.25)
        assert other.n == one.n
    assert by_rows.differences["f1_score"].method == "independent"
    assert by_rows.differences["f1_score"].se > paired.differences["f1_score"].se


def test_the_row_difference_is_the_paired_t_test(two) -> None:
    store, y, a, b, category = two
    save(store, "other seed", y, b, category=category, seed=9)
    found = compare("other seed", "base", store=store, slices=["category"]).slices["category=c2"]["log_loss"]
    inside = category == 2
    loss_b, loss_a = (-np.log(np.where(y, p, 1 - p))[inside] for p in (b, a))
    reference = stats.ttest_rel(loss_b, loss_a)
    ends = reference.confidence_interval(0.95)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_slices_count_their_own_rows(two) -> None:
    store, y, a, b, category = two
    comparison = compare("cand", "base", store=store)
    for c in range(3):
        inside = category == c
        ours, theirs = ((b >= 0.5) == y)[inside], ((a >= 0.5) == y)[inside]
        counts = comparison.rows.slices[f"category=c{c}"]
        assert counts.compared == inside.sum()
        assert (counts.fixed, counts.broken) == ((ours & ~theirs).sum(), (theirs & ~ours).sum())
        found = comparison.slices[f"category=c{c}"]["accuracy_score"]
        assert found.difference == pytest.approx(ours.mean() - theirs.mean())


def test_the_order_of_rows_does_not_matter(two, rng) -> None:
    store, y, _, b, category = two
    order = rng.permutation(800)
    save(store, "shuffled", y[order], b[order], category=category[order], ids=order)
    straight, shuffled = compare("cand", "base", store=store), compare("shuffled", "base", store=store)
    assert shuffled.rows == straight.rows
    for metric, one in straight.differences.items():
        other = shuffled.differences[metric]
        assert other.method == one.method
        assert (other.low, other.high) == pytest.approx((one.low, one.high))


def test_shared_rows_alone_are_compared_when_the_data_differ(two) -> None:
    store, y, a, b, category = two
    save(store, "first", y[:600], a[:600], category=category[:600], digest="d2")
    save(store, "last", y[200:], b[200:], category=category[200:], ids=np.arange(200, 800))
    comparison = compare("last", "first", store=store)
    both = slice(200, 600)
    ours, theirs = ((b >= 0.5) == y)[both], ((a >= 0.5) == y)[both]
    found = comparison.differences["accuracy_score"]
    assert found.difference == pytest.approx(ours.mean() - theirs.mean())
    assert found.candidate.value == pytest.approx(ours.mean())
    assert found.candidate.value - found.baseline.value == pytest.approx(found.difference)
    assert found.n == 400
    assert (comparison.rows.only_candidate, comparison.rows.only_baseline) == (200, 200)
    loss = comparison.differences["log_loss"]
    loss_b, loss_a = (-np.log(np.where(y, p, 1 - p))[both] for p in (b, a))
    assert loss.p_value == pytest.approx(stats.ttest_rel(loss_b, loss_a).pvalue)
    assert any("Only 400 rows are in both" in w for w in comparison.warnings)
    assert any("The datasets differ" in w for w in comparison.warnings)


def test_runs_without_a_common_row_are_independent_samples(two) -> None:
    store, y, a, b, category = two
    save(store, "left", y[:400], a[:400], category=category[:400], digest="d2")
    save(store, "right", y[400:], b[400:], category=category[400:], ids=np.arange(400, 800))
    comparison = compare("right", "left", store=store)
    assert {d.method for d in comparison.differences.values() if d.metric != "example_count"} == {"independent"}
    assert all(d.n == 0 for d in comparison.differences.values())
    assert any("no row in common" in w for w in comparison.warnings)
    assert comparison.rows.all.compared == 0


def test_replicates_suffice_when_rows_were_not_kept(two) -> None:
    store, y, a, _, category = two
    save(store, "lean", y, a, category=category, rows=False)
    comparison = compare("cand", "lean", store=store)
    assert comparison.rows is None
    assert comparison.differences["f1_score"].method == "paired replicates"
    with_rows = compare("cand", "base", store=store).differences["accuracy_score"]
    without = comparison.differences["accuracy_score"]
    assert without.difference == pytest.approx(with_rows.difference)
    assert without.se == pytest.approx(with_rows.se, rel=0.2)


def test_a_run_against_itself_is_never_better_and_is_equivalent_with_rows_enough(store, rng) -> None:
    y, (a, _) = draw(rng, 2000)
    save(store, "base", y, a)
    save(store, "again", y, a)
    comparison = compare("again", "base", store=store)
    assert comparison.verdicts["accuracy_score"] == "equivalent"
    assert comparison.verdicts["log_loss"] == "equivalent"
    assert comparison.differences["accuracy_score"].difference == 0.0
    few = save(store, "few", y[:10], a[:10], digest="d3")
    assert compare(few, few, store=store).verdicts["accuracy_score"] == "undecided"
