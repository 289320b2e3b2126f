"""Too few labels, too weak a judge: a sentence instead of a number. What is no input at all: an error that says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steelyard.errors import InvalidArgument
from steelyard.metrics.corrected import prediction_powered, rogan_gladen, rogan_gladen_many

HALF = [0, 1] * 10


@pytest.mark.parametrize(
    ("labels", "judged", "rest", "sentence"),
    [
        ([], [], [1, 0], "0 human labels are too few"),
        ([1], [1], [1, 0], "1 human labels are too few"),
        (HALF[:14], HALF[:14], [1, 0], "14 human labels are too few"),
        ([1] * 20, HALF, HALF, "All 20 human labels are alike"),
        ([0] + [1] * 19, HALF, HALF, "only 1 time in 20"),
        (HALF, [1] * 20, [1] * 50, "The judge says the same of every item"),
    ],
    ids=["none", "one", "few", "alike", "one-of-a-kind", "constant-judge"],
)
def test_prediction_powered_says_why_not(labels: Any, judged: Any, rest: Any, sentence: str) -> None:
    found = prediction_powered(labels, judged, rest)
    assert sentence in found.refused
    assert found.refused.endswith(".")
    assert found.corrected is None
    assert found.effective_n is None
    assert (found.n, found.N) == (len(labels), len(rest))
    assert found.raw.value is not None
    assert (found.humans.value is None) == (not labels)


def test_a_stratum_without_labels_is_named() -> None:
    found = prediction_powered(HALF, HALF, HALF, strata=(["low"] * 20, ["low"] * 10 + ["high"] * 10))
    assert found.refused.startswith("No item of the stratum 'high' is labelled")


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "sentence"),
    [
        ((4, 4), (30, 40), "People passed 4 labelled items"),
        ((30, 40), (0, 0), "People failed 0 labelled items"),
        ((60, 100), (65, 100), "J = sensitivity + specificity − 1 = 0.25"),
        ((20, 100), (30, 100), "= -0.50"),
    ],
    ids=["few-passes", "no-fails", "weak-judge", "reversed-judge"],
)
def test_rogan_gladen_says_why_not(sensitivity: Any, specificity: Any, sentence: str) -> None:
    found = rogan_gladen(50, 100, sensitivity=sensitivity, specificity=specificity)
    assert sentence in found.refused
    assert found.corrected is None
    assert found.raw.value == 0.5


def test_a_pass_rate_that_the_known_errors_rule_out_is_said() -> None:
    found = rogan_gladen(0, 1000, sensitivity=(90, 100), specificity=(60, 100))
    assert found.corrected is None
    assert "it does not err here as it did" in found.refused


def test_several_classes_say_why_not() -> None:
    few = rogan_gladen_many([10, 20, 30], [[9, 1, 0], [1, 2, 0], [0, 1, 9]], names=["a", "b", "c"])
    assert all("People gave 'b' to 3 labelled items" in f.refused and f.corrected is None for f in few.values())
    blurred = rogan_gladen_many([10, 20, 30], [[9, 1, 0], [1, 5, 4], [0, 5, 5]])
    assert all("hardly tells some classes apart" in f.refused for f in blurred.values())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"judged": HALF[:5]}, "20 labels, 5 judged"),
        ({"labels": [[0, 1]] * 20}, "one number an item"),
        ({"unlabelled": [np.nan]}, "unlabelled has a value that is missing"),
        ({"propensities": [0.5]}, "1 for 20 labels"),
        ({"propensities": [0.0] * 20}, "above 0 and at most 1"),
        ({"strata": (["a"], ["a"])}, "strata is a pair"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"tuning": "plain", "propensities": [0.5] * 20}, "for equally likely items"),
    ],
    ids=["lengths", "shape", "missing", "propensities", "zero", "strata", "confidence", "tuning"],
)
def test_what_is_no_input_is_an_error(wrong: dict[str, Any], sentence: str) -> None:
    given = {"labels": HALF, "judged": HALF, "unlabelled": HALF, **wrong}
    with pytest.raises(InvalidArgument, match=sentence):
        prediction_powered(**given)


def test_more_hits_than_items_is_an_error() -> None:
    with pytest.raises(InvalidArgument, match="sensitivity: a count lies between 0 and its total"):
        rogan_gladen(5, 10, sensitivity=(11, 10), specificity=(5, 10))
