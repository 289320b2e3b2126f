"""Strengths, ranks and the effect of position from pairwise preferences."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from steelyard.errors import InvalidArgument
from steelyard.metrics.preferences import DEFAULT_RIDGE, Preference, bradley_terry

from .reference_values import TOURNAMENTS


def told(*rows):
    return [
        Preference(first, second, outcome)
        for first, second, won, lost in rows
        for outcome, times in ((1.0, won), (0.0, lost))
        for _ in range(times)
    ]


GOLDEN = told(
    ("A", "B", 7, 3), ("A", "C", 6, 4), ("B", "C", 5, 5), ("A", "D", 9, 1), ("B", "D", 8, 2), ("C", "D", 6, 4)
)


def strengths(ranking):
    return {standing.name: standing.strength.value for standing in ranking.standings}


def drawn(rng, betas, games, *, position=0.0, ties=0.0):
    k = len(betas)
    told = []
    for row in range(games):
        i, j = rng.choice(k, 2, replace=False)
        swapped = bool(rng.random() < 0.5)
        won = rng.random() < expit(betas[i] - betas[j] + position * (-1 if swapped else 1))
        outcome = 0.5 if rng.random() < ties else float(won)
        told.append(Preference(f"c{i}", f"c{j}", outcome, swapped=swapped, item=f"item {row}"))
    return told


def test_strengths_of_the_golden_tournament():
    ranking = bradley_terry(GOLDEN)
    expected = {"A": 0.7972345, "B": 0.1143397, "C": 0.0052938, "D": -0.9168680}
    assert strengths(ranking) == pytest.approx(expected, abs=5e-8)
    assert ranking.names == ("A", "B", "C", "D")
    assert [standing.rank for standing in ranking.standings] == [1, 2, 3, 4]
    assert ranking.wins[0] == (0.0, 7.0, 6.0, 9.0)
    assert ranking.counts[3] == (10, 10, 10, 0)
    assert (ranking.comparisons, ranking.connected, ranking.ridge, ranking.note) == (60, True, 0.0, "")
    best = ranking.standings[0]
    assert best.win_probability.value == pytest.approx(expit(best.strength.value))
    assert best.win_probability.low == pytest.approx(expit(best.strength.low))
    assert (best.wins, best.losses, best.ties) == (22, 8, 0)


@pytest.mark.parametrize("index", range(len(TOURNAMENTS)))
def test_strengths_equal_choixs(index):
    table, expected = TOURNAMENTS[index]
    rows = [(f"c{i}", f"c{j}", times, 0) for i, row in enumerate(table) for j, times in enumerate(row)]
    found = strengths(bradley_terry(told(*rows)))
    assert [found[f"c{i}"] for i in range(len(table))] == pytest.approx(expected, abs=1e-8)


def test_strengths_position_and_sandwich_errors_equal_a_regression():
    games = drawn(np.random.default_rng(1), [0.8, 0.0, -0.2, -0.6], 300, position=0.4, ties=0.2)
    ranking = bradley_terry(games)
    names = ["c0", "c1", "c2", "c3"]
    design = np.array([[(g.first == n) * 1.0 - (g.second == n) for n in names] for g in games])
    side = np.array([-1.0 if g.swapped else 1.0 for g in games])
    # Centred strengths are a linear map of those without the last contestant.
    regression = sm.GLM(
        [g.outcome for g in games], np.column_stack([design[:, :3], side]), family=sm.families.Binomial()
    ).fit(cov_type="HC0")
    centre = np.vstack([np.eye(3), np.zeros(3)]) - np.full((4, 3), 0.25)
    covariance = centre @ regression.cov_params()[:3, :3] @ centre.T * 300 / 296
    found = {standing.name: standing.strength for standing in ranking.standings}
    assert [found[n].value for n in names] == pytest.approx(centre @ regression.params[:3], abs=1e-6)
    assert [found[n].se for n in names] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)
    assert ranking.position.value == pytest.approx(regression.params[3], abs=1e-6)
    assert ranking.position.se == pytest.approx(regression.bse[3] * np.sqrt(300 / 296), rel=1e-5)


def test_comparisons_of_one_item_are_not_independent():
    games = drawn(np.random.default_rng(2), [0.5, 0.0, -0.5], 100)
    once = bradley_terry([Preference(g.first, g.second, g.outcome, item=g.item) for g in games])
    five = bradley_terry([Preference(g.first, g.second, g.outcome, item=g.item) for g in games for _ in range(5)])
    apart = bradley_terry([Preference(g.first, g.second, g.outcome) for g in games for _ in range(5)])
    assert five.standings[0].strength.se == pytest.approx(once.standings[0].strength.se)
    assert apart.standings[0].strength.se < 0.5 * once.standings[0].strength.se


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0])), max_size=30), st.data()
)
@settings(max_examples=60)
def test_the_order_of_telling_and_of_the_two_changes_nothing(rows, data):
    games = [Preference(f"c{i}", f"c{j}", outcome) for i, j, outcome in rows if i != j]
    ranking = bradley_terry(games, replicates=30)
    assert sum(strengths(ranking).values()) == pytest.approx(0, abs=1e-8)
    for standing in ranking.standings:
        assert 1 <= standing.rank_low <= standing.rank <= standing.rank_high <= len(ranking.names)
    turned = [
        Preference(g.second, g.first, 1 - g.outcome) if data.draw(st.booleans()) else g
        for g in data.draw(st.permutations(games))
    ]
    assert strengths(bradley_terry(turned, replicates=30)) == pytest.approx(strengths(ranking), abs=1e-7)
    if not ranking.connected and games:
        assert ranking.ridge == DEFAULT_RIDGE
        assert "ridge" in ranking.note


def test_equals_share_their_rank_and_nobody_is_surely_better():
    ranking = bradley_terry(told(("a", "b", 5, 5), ("b", "c", 5, 5), ("a", "c", 5, 5)))
    assert [(s.rank, s.rank_low, s.rank_high) for s in ranking.standings] == [(1, 1, 3)] * 3


def test_ties_are_half_wins_for_both():
    tied = bradley_terry([Preference("a", "b", 0.5)] * 10)
    assert strengths(tied) == pytest.approx({"a": 0.0, "b": 0.0}, abs=1e-9)
    assert tied.connected
    assert tied.wins == ((0.0, 5.0), (5.0, 0.0))
    assert tied.standings[0].ties == 10


def test_a_sweep_is_held_back_by_a_ridge_which_is_said():
    sweep = bradley_terry(told(("a", "b", 10, 0)))
    assert not sweep.connected
    assert "never lost" in sweep.note
    best = sweep.standings[0]
    assert 0.9 < expit(2 * best.strength.value) < 0.99
    assert best.strength.high - best.strength.low > 1
    assert (best.rank_low, best.rank_high) == (1, 1)
    assert bradley_terry(told(("a", "b", 2, 0))).standings[0].rank_high == 2
    with pytest.raises(InvalidArgument, match="no finite strengths"):
        bradley_terry(told(("a", "b", 10, 0)), ridge=0.0)


def test_position_that_decides_all_or_cannot_be_told_apart_is_said():
    first_wins = [Preference("a", "b", 1.0, swapped=False), Preference("a", "b", 0.0, swapped=True)] * 5
    ranking = bradley_terry(first_wins)
    assert ranking.ridge == DEFAULT_RIDGE
    assert ranking.position.value > 1
    assert strengths(ranking) == pytest.approx({"a": 0.0, "b": 0.0}, abs=1e-8)
    always = bradley_terry([Preference("a", "b", x, swapped=False) for x in (1.0, 0.0, 1.0)])
    assert always.position is None
    assert "always shown first" in always.note
    assert bradley_terry(GOLDEN).position is None


def test_rank_intervals_hold_the_true_rank_at_least_as_often_as_promised():
    rng = np.random.default_rng(11)
    betas = [0.6, 0.5, 0.0, -0.1, -1.0]
    runs, held, narrow = 120, np.zeros(5), 0
    for _ in range(runs):
        ranking = bradley_terry(drawn(rng, betas, 250), replicates=200)
        for standing in ranking.standings:
            true_rank = int(standing.name[1:]) + 1
            held[true_rank - 1] += standing.rank_low <= true_rank <= standing.rank_high
        narrow += ranking.standings[-1].rank_low == 5
    assert (held / runs >= 0.91).all(), held / runs
    assert narrow > runs / 2


def test_strength_intervals_cover():
    rng = np.random.default_rng(12)
    betas = np.array([0.7, 0.0, -0.7])
    covered = []
    for _ in range(200):
        ranking = bradley_terry(drawn(rng, betas, 80, position=0.3), replicates=2)
        covered += [s.strength.low <= betas[int(s.name[1:])] <= s.strength.high for s in ranking.standings]
        covered.append(ranking.position.low <= 0.3 <= ranking.position.high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_nothing_compared_is_an_empty_ranking():
    ranking = bradley_terry([])
    assert (ranking.standings, ranking.comparisons) == ((), 0)
    assert ranking.note == "nothing was compared yet"


@pytest.mark.parametrize(
    ("games", "ridge", "reason"),
    [
        ([Preference("a", "b", 0.7)], None, "An outcome is"),
        ([Preference("a", "a", 1.0)], None, "compared with itself"),
        ([Preference("a", "b", 1.0)], -1.0, "ridge must be"),
    ],
    ids=["outcome", "itself", "ridge"],
)
def test_bad_comparisons_are_refused(games, ridge, reason):
    with pytest.raises(InvalidArgument, match=reason):
        bradley_terry(games, ridge=ridge)
