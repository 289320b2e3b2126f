"""Slices of an application's rows: by tags and fields, crossed and in bins, with what is missing from each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steelyard.errors import ColumnNotFound, DataError, InvalidArgument
from steelyard.evaluation.genai.aggregation import ScorerFacts, check_slices
from steelyard.metrics import by_bins
from steelyard.records import Feedback, Line, Prediction, Row, Verdict

from .aggregation_lines import BROKEN, FAILED, aggregate, estimate, line


def _lines(n=60):
    return [
        line(i, FAILED if i % 20 == 7 else i % 3 == 0, tags={"topic": "abc"[i % 3], "lang": "de" if i % 2 else "en"})
        for i in range(n)
    ]


def test_each_slice_is_what_its_rows_alone_would_give():
    found = aggregate(_lines(), slices=["topic", ["topic", "lang"]])
    for part in found.slices:
        inside = [one for one in _lines() if all(one.row.tags[dimension] == value for dimension, value in part.key)]
        alone = estimate(aggregate(inside), "good/mean")
        assert estimate(found, "good/mean", part.key) == alone
        assert part.n + part.missing == len(inside)
        assert part.small
    assert len(found.slices) == 3 + 6


def test_replicates_of_slices_are_those_of_their_rows():
    found = aggregate(_lines(), slices=["lang"])
    alone = aggregate([one for one in _lines() if one.row.tags["lang"] == "de"])
    np.testing.assert_allclose(
        found.replicates.values["good/mean", "lang=de"], alone.replicates.values["good/mean", ""], atol=1e-12
    )


def test_fields_are_sought_among_tags_inputs_metadata_and_expectations():
    def row(i) -> Line:
        return Line(
            row=Row(
                index=i, row_id=str(i), tags={"a": f"t{i % 2}"}, inputs={"b": i % 2, "a": "hidden"},
                metadata={"c": 0.5 * (i % 2)}, expectations={"d": i % 2 == 0},
            ),
            repeat=0, prediction=Prediction(row=i),
            verdicts=(Verdict(row=i, scorer=0, feedbacks=(Feedback("good", True),)),),
        )  # fmt: skip

    facts = [ScorerFacts(name="good", planned=4)]
    found = aggregate([row(i) for i in range(4)], facts=facts, slices=["a", "b", "c", "d"])
    assert [part.name for part in found.slices] == [
        "a=t0", "a=t1", "b=0", "b=1", "c=0", "c=0.5", "d=False", "d=True",
    ]  # fmt: skip


def test_numbers_are_cut_into_bins():
    lines = [line(i, True, tags={"length": str(i)}) for i in range(40)]
    found = aggregate(lines, slices=[by_bins("length", [10, 30])])
    assert [(part.label, part.n, part.small) for part in found.slices] == [
        ("< 10", 10, True), ("[10, 30)", 20, True), ("≥ 30", 10, True),
    ]  # fmt: skip
    halves = aggregate(lines, slices=[by_bins("length", 2)], min_slice_rows=5)
    assert [(part.n, part.small) for part in halves.slices] == [(20, False), (20, False)]


def test_rows_without_the_field_are_a_slice_of_their_own():
    lines = [line(i, True, tags={"topic": "x"} if i % 2 else {}) for i in range(4)]
    found = aggregate(lines, slices=["topic"])
    assert [(part.label, part.n) for part in found.slices] == [("x", 2), ("(missing)", 2)]


def test_slices_are_columns_that_comparisons_can_read():
    found = aggregate(reversed(_lines(6)), slices=["topic", ["topic", "lang"]])
    assert found.slice_columns["slice:topic"].to_pylist() == ["a", "b", "c", "a", "b", "c"]
    assert found.slice_columns["slice:topic × lang"].to_pylist()[:2] == ["a × en", "b × de"]


def test_unreached_rows_are_missing_from_their_slices():
    from steelyard.evaluation.genai.aggregation import Aggregator

    lines = _lines(6)
    aggregator = Aggregator([ScorerFacts(name="good", planned=6)], rows=6, slices=["topic"])
    for one in lines[:3]:
        aggregator.add(one)
    for one in lines[3:]:
        aggregator.unreached(one.row)
    found = aggregator.finish()
    assert [(part.n, part.missing) for part in found.slices] == [(1, 1)] * 3
    assert estimate(found, "good/mean", (("topic", "a"),)).missing == 1
    assert estimate(found, "good/mean").missing == 3


@pytest.mark.parametrize(
    ("slices", "error", "words"),
    [
        pytest.param(["topix"], ColumnNotFound, "topix", id="a name that no row has"),
        pytest.param([{"long": lambda frame: frame}], InvalidArgument, "is a function", id="a predicate"),
        pytest.param([by_bins("topic", 3)], DataError, "must hold numbers", id="bins of words"),
        pytest.param(["n"], DataError, "more than 1,000 values", id="a value for each row"),
    ],
)
def test_slices_that_cannot_be_made_are_told_before_anything_is_spent(slices: Any, error, words):
    rows = [Row(index=i, row_id=str(i), tags={"topic": "a", "n": str(i)}) for i in range(1200)]
    with pytest.raises(error, match=words):
        check_slices(slices, rows)


def test_failed_rows_bound_each_slice():
    lines = [line(i, value, tags={"topic": topic}) for i, (value, topic) in enumerate(
        [(True, "a"), (BROKEN, "a"), (False, "b"), (True, "b")]
    )]  # fmt: skip
    found = aggregate(lines, slices=["topic"], facts=[ScorerFacts(name="good", planned=4)])
    first = estimate(found, "good/mean", (("topic", "a"),))
    assert (first.value, first.missing, first.worst, first.best) == (1.0, 1, 0.5, 1.0)
    assert estimate(found, "good/mean", (("topic", "b"),)).worst is None
