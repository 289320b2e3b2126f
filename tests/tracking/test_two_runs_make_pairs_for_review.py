"""Two evaluations over the same rows become pairs for people: trace by trace, named by run."""

from __future__ import annotations

import pytest

from steelyard import start_run
from steelyard.errors import DataError, InvalidArgument
from steelyard.genai import evaluate
from steelyard.genai.review_queues import add_items_to_review_queue, create_review_queue, pair_runs
from steelyard.tracking import get_store

ROWS = [{"inputs": {"question": question}} for question in ("a", "b", "c")]


def _evaluated(name: str, rows: list[dict[str, object]]) -> str:
    with start_run(run_name=name) as run:
        evaluate(rows, predict_fn=lambda question: f"{name} says {question}", scorers=[])
    return run.info.run_id


def test_traces_of_a_row_are_paired_whatever_the_order_of_rows() -> None:
    small, large = _evaluated("small", ROWS), _evaluated("large", [ROWS[2], ROWS[0], {"inputs": {"question": "d"}}])
    drafts = pair_runs(small, large)
    assert {(one.name, one.other_name) for one in drafts} == {("small", "large")}
    traces = get_store().traces
    asked = [[traces.get(one).inputs["question"] for one in (draft.trace_id, draft.other_trace_id)] for draft in drafts]
    assert asked == [["a", "a"], ["c", "c"]]
    queue = create_review_queue("which", item_type="pair")
    assert len(add_items_to_review_queue(queue, drafts)) == 2


def test_runs_of_one_name_are_told_apart_by_their_ids_or_as_told() -> None:
    first, second = _evaluated("same", ROWS), _evaluated("same", ROWS)
    assert {(one.name, one.other_name) for one in pair_runs(first, second)} == {(first, second)}
    named = pair_runs(first, second, names=("mini", "maxi"))
    assert (len(named), named[0].name, named[0].other_name) == (3, "mini", "maxi")
    with pytest.raises(InvalidArgument, match="two names"):
        pair_runs(first, second, names=("mini", "mini"))
    with pytest.raises(InvalidArgument, match="with itself"):
        pair_runs(first, first)


def test_runs_without_a_row_in_common_are_refused() -> None:
    first, second = _evaluated("first", ROWS[:1]), _evaluated("second", ROWS[1:])
    with pytest.raises(DataError, match="no row in common"):
        pair_runs(first, second)
