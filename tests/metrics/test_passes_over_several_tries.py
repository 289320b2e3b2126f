"""pass@k and pass^k against the enumeration of all subsets of tries."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.metrics.passing import pass_at_k, pass_hat_k


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_both_are_shares_of_the_subsets_of_the_tries(tries, k):
    any_, all_ = (float(of([sum(tries)], [len(tries)], k)[0]) for of in (pass_at_k, pass_hat_k))
    if k > len(tries):
        assert np.isnan(any_)
        assert np.isnan(all_)
        return
    subsets = list(combinations(tries, k))
    assert any_ == pytest.approx(sum(any(s) for s in subsets) / len(subsets), abs=1e-12)
    assert all_ == pytest.approx(sum(all(s) for s in subsets) / len(subsets), abs=1e-12)


def test_it_equals_the_estimator_as_chen_and_others_print_it():
    for n, c, k in [(200, 3, 1), (200, 3, 10), (200, 3, 100), (10, 10, 4), (10, 7, 4), (10, 0, 4)]:
        theirs = 1.0 if n - c < k else 1 - np.prod(1 - k / np.arange(n - c + 1, n + 1))
        assert pass_at_k([c], [n], k)[0] == pytest.approx(theirs, abs=1e-12)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 6))
def test_one_try_is_the_share_of_successes_and_more_tries_spread_the_two_apart(c, extra, k):
    n = c + extra
    if n < k + 1:
        return
    assert [pass_hat_k([c], [n], 1)[0], pass_at_k([c], [n], 1)[0]] == pytest.approx([c / n, c / n])
    assert pass_at_k([c], [n], k + 1)[0] >= pass_at_k([c], [n], k)[0] - 1e-12
    assert pass_hat_k([c], [n], k + 1)[0] <= pass_hat_k([c], [n], k)[0] + 1e-12


def test_too_few_tries_say_nothing_rather_than_one():
    assert np.isnan(pass_at_k([2], [2], 3)[0])
    assert np.isnan(pass_hat_k([0], [0], 1)[0])


def test_impossible_counts_are_refused():
    with pytest.raises(InvalidArgument, match="between 0 and its tries"):
        pass_at_k([3], [2], 1)
    with pytest.raises(InvalidArgument, match="at least 1 try"):
        pass_hat_k([1], [2], 0)
