"""Several tries a row: pass@k, pass^k and agreement, against enumeration, with tries that failed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from steelyard.evaluation.genai.aggregation import ScorerFacts

from .aggregation_lines import BROKEN, FAILED, aggregate, estimate, line

TABLE = [[True, False, True], [False, False, False], [True, True, True], [False, True, False]]


def _found(table, **options):
    lines = [line(i, value, repeat=j) for i, row in enumerate(table) for j, value in enumerate(row)]
    facts = options.pop("facts", ScorerFacts(name="good", planned=len(table) * len(table[0])))
    return aggregate(lines, rows=len(table), repeats=len(table[0]), facts=[facts], **options)


def test_passes_are_means_over_rows_of_the_shares_of_subsets():
    found = _found(TABLE)
    for j in (1, 2, 3):
        subsets = [list(combinations(row, j)) for row in TABLE]
        any_ = [np.mean([any(s) for s in row]) for row in subsets]
        all_ = [np.mean([all(s) for s in row]) for row in subsets]
        assert estimate(found, f"good/pass@{j}").value == pytest.approx(np.mean(any_))
        assert estimate(found, f"good/pass^{j}").value == pytest.approx(np.mean(all_))
        assert estimate(found, f"good/pass@{j}").n == 4
    assert estimate(found, "good/pass@1").value == pytest.approx(estimate(found, "good/mean").value)


def test_agreement_is_the_share_of_rows_whose_repeats_all_say_the_same():
    found = estimate(_found(TABLE), "good/consistency")
    assert (found.value, found.n, found.method) == (0.5, 4, "wilson")


def test_too_few_usable_tries_never_look_like_a_pass():
    table = [[True, BROKEN, BROKEN], [True, True, True]]
    found = _found(table)
    twice = estimate(found, "good/pass^2")
    assert (twice.value, twice.n, twice.missing) == (1.0, 1, 1)
    assert (twice.worst, twice.best) == (0.5, 1.0)
    agree = estimate(found, "good/consistency")
    assert (agree.value, agree.n, agree.missing, agree.worst, agree.best) == (1.0, 1, 1, 0.5, 1.0)


def test_a_row_whose_tries_all_failed_counts_against_every_pass():
    found = _found([[FAILED, FAILED], [True, True]])
    for metric in ("good/pass@1", "good/pass@2", "good/pass^2", "good/mean"):
        one = estimate(found, metric)
        assert (one.value, one.worst, one.best) == (1.0, 0.5, 1.0)


def test_repeats_that_differ_already_are_known_to_differ():
    found = estimate(_found([[True, False, BROKEN], [True, True, True]]), "good/consistency")
    assert (found.worst, found.best) == (0.5, 0.5)


def test_a_threshold_makes_numbers_pass():
    facts = ScorerFacts(name="good", planned=6, pass_if=lambda value: value >= 0.5)
    found = _found([[0.6, 0.4], [0.5, 0.9], [0.1, 0.2]], facts=facts)
    assert estimate(found, "good/pass_rate").value == 0.5
    assert estimate(found, "good/pass@2").value == pytest.approx(2 / 3)
    assert estimate(found, "good/pass^2").value == pytest.approx(1 / 3)
    assert estimate(found, "good/mean").value == pytest.approx(0.45)


def test_numbers_without_a_threshold_neither_pass_nor_agree():
    metrics = {one.metric for one in _found([[0.6, 0.4], [0.5, 0.9]]).estimates}
    assert metrics == {"good/mean", "good/scored"}


def test_one_try_has_no_passes_over_tries():
    metrics = {one.metric for one in _found([[True], [False]]).estimates}
    assert metrics == {"good/mean", "good/scored"}


def test_a_threshold_that_raises_is_told_and_does_not_pass():
    facts = ScorerFacts(name="good", planned=2, pass_if=lambda value: value["x"] > 1)
    found = _found([[0.6], [0.4]], facts=facts)
    assert (found.passing[0].passed, found.passing[0].failed) == (0, 2)
    assert any("pass_if raised TypeError" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("rule", "passed"),
    [pytest.param("good", 1, id="the good value"), pytest.param(["good", "fair"], 2, id="a collection of good values")],
)
def test_words_may_pass(rule, passed):
    found = _found([["good"], ["fair"], ["bad"]], facts=ScorerFacts(name="good", planned=3, pass_if=rule))
    assert (found.passing[0].passed, found.passing[0].failed, found.passing[0].unjudged) == (passed, 3 - passed, 0)
    assert estimate(found, "good/pass_rate").value == pytest.approx(passed / 3)
