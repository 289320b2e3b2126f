"""``steelyard.genai.datasets``: MLflow's names and rules, versions, and evaluations that say which one they used."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import polars
import pytest

import steelyard
from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.genai import datasets, evaluate, scorer
from steelyard.records import DatasetRecordSource

pytestmark = pytest.mark.usefixtures("store_uri")

ROWS: list[dict[str, Any]] = [
    {"inputs": {"question": f"What is {n} squared?", "n": n}, "expectations": {"expected_response": str(n * n)}}
    for n in range(4)
]


@scorer
def exact(outputs: Any, expectations: dict[str, Any]) -> bool:
    return outputs == expectations["expected_response"]


def test_the_names_are_those_of_mlflow() -> None:
    for name in ("create_dataset", "get_dataset", "search_datasets", "delete_dataset", "set_dataset_tags"):
        assert getattr(steelyard.genai, name) is getattr(datasets, name)
    assert set(datasets.__all__) >= {
        "EvaluationDataset",
        "add_dataset_to_experiments",
        "remove_dataset_from_experiments",
    }


def test_a_dataset_is_made_filled_and_found_again() -> None:
    made = datasets.create_dataset("squares", tags={"team": "maths", "size": 4})
    assert made.merge_records(ROWS) is made
    assert (made.version, len(made), made.has_records()) == (1, 4, True)
    assert made.last_change is not None
    assert made.last_change.inserted == 4
    for found in (datasets.get_dataset("squares"), datasets.get_dataset(dataset_id=made.dataset_id)):
        assert (found.dataset_id, found.digest, found.version) == (made.dataset_id, made.digest, 1)
        assert [dict(one.inputs) for one in found.records] == [row["inputs"] for row in ROWS]
    assert made.tags == {"team": "maths", "size": "4"}
    assert made.experiment_ids == ["0"]
    assert json.loads(made.profile) == {"num_records": 4}
    assert json.loads(made.schema)["inputs"] == {"question": "string", "n": "integer"}
    assert made.created_by == made.last_updated_by != ""
    assert json.loads(json.dumps(made.to_dict()))["name"] == "squares"


def test_what_cannot_be_asked_is_told() -> None:
    datasets.create_dataset("squares")
    with pytest.raises(AlreadyExists):
        datasets.create_dataset("squares")
    with pytest.raises(InvalidArgument, match="name"):
        datasets.create_dataset()
    with pytest.raises(InvalidArgument, match="not both"):
        datasets.get_dataset()
    with pytest.raises(NotFound, match="'cubes'"):
        datasets.get_dataset("cubes")
    with pytest.raises(NotFound, match="no version 7"):
        datasets.get_dataset("squares", version=7)


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "records", "dataset", "to_df"])
def test_records_come_in_any_form(kind: str) -> None:
    whole = datasets.create_dataset("whole").merge_records(ROWS)
    forms: dict[str, Any] = {
        "list": ROWS,
        "pandas": pd.DataFrame(ROWS),
        "polars": polars.DataFrame(ROWS),
        "records": whole.records,
        "dataset": whole,
        "to_df": whole.to_df(),
    }
    assert datasets.create_dataset("other").merge_records(forms[kind]).digest == whole.digest


def test_empty_cells_of_a_frame_say_nothing() -> None:
    frame = pd.DataFrame([{"inputs": {"q": 1}, "outputs": "x"}, {"inputs": {"q": 2}, "tags": {"k": 1}}])
    records = datasets.create_dataset("d").merge_records(frame).records
    assert [one.outputs for one in records] == ["x", None]
    assert [one.tags for one in records] == [{}, {"k": "1"}]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([{"inputs": {"q": 1}}, {"input": {"q": 2}}], "Record 1: .*'input'"),
        ([{"outputs": 1}], "Record 0: 'inputs' is missing"),
        ([3], "Record 0: it is a int"),
        ("text", "records is a str"),
        ([{"inputs": {"q": 1}, "source": {"type": "HUMAN"}}], "Record 0: source"),
        ([{"inputs": {"q": 1}, "tags": ["a"]}], "Record 0: tags"),
    ],
    ids=["key", "no inputs", "number", "text", "source", "tags"],
)
def test_a_record_that_cannot_be_used_is_named_and_nothing_is_kept(bad: Any, said: str) -> None:
    made = datasets.create_dataset("d")
    with pytest.raises(InvalidArgument, match=said):
        made.merge_records(bad)
    assert len(datasets.get_dataset("d")) == 0


def test_traces_become_records_with_their_expectations_and_their_source() -> None:
    @steelyard.trace
    def answer(question: str) -> str:
        return "Paris"

    with steelyard.tracing.context(session_id="s-1"):
        answer("Capital of France?")
    trace_id = steelyard.get_last_active_trace_id()
    assert trace_id is not None
    steelyard.log_expectation(trace_id=trace_id, name="expected_response", value="paris")
    steelyard.log_feedback(trace_id=trace_id, name="good", value=True)
    answer("Capital of Italy?")
    made = datasets.create_dataset("from traces").merge_records(steelyard.search_traces())
    records = {one.inputs["question"]: one for one in made.records}
    record = records["Capital of France?"]
    assert record.expectations == {"expected_response": "paris"}
    assert record.outputs is None
    assert record.source == DatasetRecordSource("TRACE", {"trace_id": trace_id, "session_id": "s-1"})
    assert record.source_id == trace_id
    digest = made.digest
    assert made.merge_records(steelyard.search_traces(return_type="list")).digest == digest
    assert made.version == 1
    frame = made.to_df()
    assert set(frame["source_type"]) == {"TRACE"}
    assert trace_id in set(frame["source_id"])


def test_versions_can_be_read_compared_and_restored() -> None:
    made = datasets.create_dataset("squares").merge_records(ROWS, message="first")
    made.merge_records([{"inputs": ROWS[0]["inputs"], "expectations": {"note": "zero"}}])
    assert made.delete_records([made.records[1]]) == 1
    assert [one.number for one in made.versions()] == [3, 2, 1, 0]
    old = made.at(1)
    assert [dict(one.expectations) for one in old.records] == [row["expectations"] for row in ROWS]
    told = made.diff(1)
    assert (told.added, told.removed, told.changed) == (0, 1, 1)
    for change in (lambda: old.merge_records(ROWS), lambda: old.delete_records([]), lambda: old.restore(0)):
        with pytest.raises(InvalidArgument, match="version never changes"):
            change()
    assert made.restore(1).digest == old.digest
    assert made.version == 4
    assert datasets.get_dataset("squares", version=3).records[0].expectations["note"] == "zero"


def test_datasets_are_searched_labelled_moved_and_deleted() -> None:
    other = steelyard.create_experiment("other")
    one = datasets.create_dataset("one", experiment_id=[other, "0"], tags={"stage": "golden"})
    datasets.create_dataset("two")
    assert [found.name for found in datasets.search_datasets()] == ["two", "one"]
    assert [found.name for found in datasets.search_datasets(other)] == ["one"]
    assert [found.name for found in datasets.search_datasets(filter_string="tags.stage = 'golden'")] == ["one"]
    page = datasets.search_datasets(order_by=["name"], max_results=1)
    assert ([found.name for found in page], page.token is None) == (["one"], False)
    datasets.set_dataset_tags(one.dataset_id, {"stage": None, "owner": "ada", "n": 1})
    datasets.delete_dataset_tag(one.dataset_id, "n")
    assert datasets.get_dataset("one").tags == {"owner": "ada"}
    assert datasets.remove_dataset_from_experiments(one.dataset_id, [other]).experiment_ids == ["0"]
    assert datasets.add_dataset_to_experiments(one.dataset_id, other).experiment_ids == ["0", other]
    datasets.delete_dataset(dataset_id=one.dataset_id)
    assert [found.name for found in datasets.search_datasets()] == ["two"]


def test_an_evaluation_records_the_exact_version_that_it_used() -> None:
    made = datasets.create_dataset("squares").merge_records(ROWS)
    digest = made.digest
    merged = []

    def predict(question: str, n: int) -> str:
        if not merged:  # somebody works on the dataset meanwhile
            merged.append(datasets.get_dataset("squares").merge_records([{"inputs": {"question": "new", "n": 9}}]))
        return str(n * n)

    result = evaluate(made, [exact], predict, progress=False, concurrency=1)
    assert result.estimates["exact/mean"].n == 4
    dataset = result.summary.dataset
    assert (dataset.name, dataset.dataset_id, dataset.version) == ("squares", made.dataset_id, 1)
    assert dataset.version_digest == digest
    (used,) = steelyard.get_run(result.run_id).inputs.dataset_inputs
    assert (used.name, used.digest, used.source_type) == ("squares", digest, "evaluation_dataset")
    assert json.loads(used.source) == {
        "dataset_id": made.dataset_id,
        "name": "squares",
        "version": 1,
        "digest": digest,
    }
    again = datasets.get_dataset(dataset_id=json.loads(used.source)["dataset_id"], version=1)
    assert again.digest == used.digest
    newer = evaluate(datasets.get_dataset("squares").at(2).at(1), [exact], predict, progress=False)
    assert newer.summary.dataset.same_rows(dataset)


def test_records_with_outputs_are_scored_as_they_are() -> None:
    rows = [row | {"outputs": "4", "tags": {"split": "test"}} for row in ROWS]
    result = evaluate(datasets.create_dataset("d").merge_records(rows), [exact], progress=False)
    assert result.metrics["exact/mean"] == 0.25


def test_a_run_can_say_that_it_used_a_dataset() -> None:
    made = datasets.create_dataset("squares").merge_records(ROWS)
    with steelyard.start_run() as run:
        steelyard.log_input(made, context="training")
    (used,) = steelyard.get_run(run.info.run_id).inputs.dataset_inputs
    assert (used.digest, used.source_type, used.context) == (made.digest, "evaluation_dataset", "training")


def test_a_version_that_is_not_there_is_not_found_however_it_is_asked_for() -> None:
    made = datasets.create_dataset("squares").merge_records(ROWS)
    for ask in (made.at, made.restore, lambda version: made.diff(0, version)):
        with pytest.raises(NotFound, match="no version 99"):
            ask(99)


def test_a_tag_is_one_text_whichever_way_it_comes() -> None:
    rows = [{"inputs": {"q": 1}, "tags": {"good": True, "n": 7, "none": None, "list": ["ä", 1]}}]
    made = datasets.create_dataset("d").merge_records(rows)
    assert made.records[0].tags == {"good": "true", "n": "7", "list": '["ä", 1]'}
    made.import_records(rows)
    made.merge_records(pd.DataFrame(rows))
    assert [step.version.number for step in made.history(made.records[0].dataset_record_id)] in ([1], [1, 2])
    assert made.records[0].tags == {"good": "true", "n": "7", "list": '["ä", 1]'}
    assert len(made.subset(tags={"good": True, "none": None})) == 1
    with pytest.raises(InvalidArgument):
        made.subset(tags={"good": None})
