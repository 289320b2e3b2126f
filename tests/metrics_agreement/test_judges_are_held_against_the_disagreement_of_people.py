"""The alternative annotator test against its definition, on judges whose quality is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.multitest import multipletests

from steelyard.errors import InvalidArgument
from steelyard.metrics.agreement import alternative_test


def people_and_judge(seed, right_people, right_judge, items=150, raters=4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, items)

    def says(right):
        return np.where(rng.random(items) < right, truth, rng.integers(0, 3, items))

    people = np.stack([says(right_people) for _ in range(raters)], axis=1)
    return [[int(x) if rng.random() > 0.2 else None for x in row] for row in people], says(right_judge).tolist()


def test_p_values_and_shares_are_those_of_the_definition():
    people, judge = people_and_judge(1, 0.7, 0.6)
    shown = alternative_test(judge, people, epsilon=0.1)
    p_values, shares = [], []
    for rater in range(4):
        judge_wins, rater_wins = [], []
        for row, own in zip(people, judge, strict=True):
            others = [x for other, x in enumerate(row) if other != rater and x is not None]
            if row[rater] is None or not others:
                continue
            of_judge, of_rater = others.count(own), others.count(row[rater])
            judge_wins.append(of_judge >= of_rater)
            rater_wins.append(of_rater >= of_judge)
        difference = np.array(rater_wins, float) - np.array(judge_wins, float)
        p_values.append(ttest_1samp(difference, 0.1, alternative="less").pvalue)
        shares.append(np.mean(judge_wins))
    adjusted = multipletests(p_values, method="fdr_by")
    assert [c.p_value for c in shown.comparisons] == pytest.approx(adjusted[1])
    assert [c.judge_as_good for c in shown.comparisons] == pytest.approx(shares)
    assert shown.winning_rate == adjusted[0].mean()
    assert shown.advantage == pytest.approx(np.mean(shares))


def test_a_judge_better_than_people_passes_and_a_guessing_one_does_not():
    people, good = people_and_judge(2, 0.75, 0.9)
    assert alternative_test(good, people).passed is True
    _, guessing = people_and_judge(3, 0.75, 0.0)
    assert alternative_test(guessing, people).passed is False


def test_too_few_items_are_no_verdict():
    people, judge = people_and_judge(4, 0.75, 0.9, items=20)
    shown = alternative_test(judge, people)
    assert shown.winning_rate is shown.passed is shown.advantage is None
    assert shown.comparisons[0].p_value is None
    assert 0 < shown.comparisons[0].items < 20
    assert alternative_test([], []).passed is None
    with pytest.raises(InvalidArgument, match="20 values for 19 items"):
        alternative_test(judge, people[:19])
