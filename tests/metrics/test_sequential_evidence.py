"""E-values of pairs and of p-values, and how several are taken together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential import averaged, calibrated, e_bh, multiplied, paired_evidence

EVIDENCE = st.lists(st.floats(0, 1e6), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("wins", "losses", "evidence"), [(8, 2, 2.0686869), (15, 3, 16.908153), (20, 5, 24.290515), (0, 0, 1.0)]
)
def test_evidence_of_pairs_equals_the_golden_numbers(wins: int, losses: int, evidence: float) -> None:
    assert paired_evidence(wins, losses) == pytest.approx(evidence, rel=1e-6)


@pytest.mark.parametrize("n", [1, 7, 60])
def test_evidence_of_pairs_has_the_mean_one_if_neither_is_better(n: int) -> None:
    wins = np.arange(n + 1)
    assert stats.binom.pmf(wins, n, 0.5) @ np.asarray(paired_evidence(wins, n - wins)) == pytest.approx(1.0)


def test_evidence_of_pairs_reaches_twenty_in_few_sequences_though_looked_at_after_each_pair() -> None:
    wins = np.cumsum(np.random.default_rng(0).random((2000, 500)) < 0.5, axis=1)
    evidence = np.asarray(paired_evidence(wins, np.arange(1, 501) - wins))
    assert (evidence.max(axis=1) >= 20).mean() < 0.05


def test_very_many_pairs_give_a_finite_number() -> None:
    assert np.isfinite(paired_evidence(10**6, 0))


@pytest.mark.parametrize("kappa", [0.1, 0.5, 0.9])
def test_a_calibrator_integrates_to_one(kappa: float) -> None:
    # In u = p^κ the integrand is flat, so that the pole at 0 does no harm.
    area, _ = integrate.quad(
        lambda u: calibrated(u ** (1 / kappa), kappa=kappa) / (kappa * u ** (1 - 1 / kappa)), 0.01, 1
    )
    assert area == pytest.approx(0.99)


def test_a_p_value_of_nothing_is_strong_but_finite_evidence() -> None:
    assert calibrated(1.0) == 0.5
    assert 1e100 < calibrated(0.0) < np.inf


@given(EVIDENCE)
def test_averages_lie_between_and_products_multiply(evidence: list[float]) -> None:
    assert min(evidence) * (1 - 1e-9) <= averaged(evidence) <= max(evidence) * (1 + 1e-9)
    assert multiplied(evidence) == pytest.approx(float(np.prod(evidence)), rel=1e-6)


@given(EVIDENCE, st.floats(0.01, 0.5))
def test_e_bh_rejects_as_its_definition_says(evidence: list[float], alpha: float) -> None:
    m = len(evidence)
    enough = [k for k in range(1, m + 1) if sorted(evidence)[-k] * k >= m / alpha]
    least = sorted(evidence)[-max(enough)] if enough else np.inf
    assert e_bh(evidence, alpha=alpha).tolist() == [e >= least for e in evidence]


def test_e_bh_holds_the_false_discovery_rate_of_dependent_tests() -> None:
    rng = np.random.default_rng(1)
    shared = rng.standard_normal((2000, 1))
    z = 0.8 * shared + 0.6 * rng.standard_normal((2000, 20))
    z[:, :5] += 4.0
    rejected = np.array([e_bh(e, alpha=0.1) for e in np.exp(2.0 * z - 2.0)])
    false = rejected[:, 5:].sum(axis=1) / np.maximum(rejected.sum(axis=1), 1)
    assert rejected[:, :5].mean() > 0.5
    assert false.mean() < 0.1 * 15 / 20


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: paired_evidence(-1, 2),
        lambda: calibrated(1.5),
        lambda: calibrated(float("nan")),
        lambda: calibrated(0.5, kappa=1.0),
        lambda: averaged([]),
        lambda: multiplied([1.0, -0.1]),
        lambda: e_bh([1.0], alpha=0.0),
    ],
    ids=["losses", "p", "nan", "kappa", "none", "negative", "alpha"],
)
def test_what_is_no_evidence_is_an_error(wrong: object) -> None:
    with pytest.raises(InvalidArgument):
        wrong()  # type: ignore[operator]
