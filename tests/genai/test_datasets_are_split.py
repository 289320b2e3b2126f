"""Parts of a dataset stay what they are when records are added, and a run says what was chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest

import steelyard
from steelyard.errors import InvalidArgument
from steelyard.genai import datasets, evaluate, scorer


def rows(n: int, *, since: int = 0) -> list[dict[str, Any]]:
    return [{"inputs": {"q": f"question {i}", "customer": f"c{i % 17}"}} for i in range(since, since + n)]


@scorer
def anything(outputs: Any) -> bool:
    return True


def splits(dataset: datasets.EvaluationDataset) -> dict[str, str]:
    return {one.inputs["q"]: one.tags["split"] for one in dataset.records}


def test_a_split_is_by_the_records_alone() -> None:
    made = datasets.create_dataset("d").merge_records(rows(400))
    parts = made.split({"train": 0.8, "test": 0.2})
    assert set(parts) == {"train", "test"}
    assert len(parts["train"]) + len(parts["test"]) == 400
    assert 50 <= len(parts["test"]) <= 110  # four standard errors around 80
    before = splits(made)
    made.merge_records(rows(200, since=400))
    made.split({"train": 0.8, "test": 0.2})
    after = splits(made)
    assert {q: after[q] for q in before} == before
    other = datasets.create_dataset("other").merge_records(list(reversed(rows(600))))
    other.split({"train": 0.8, "test": 0.2})
    assert splits(other) == after
    version = made.version
    made.split({"train": 0.8, "test": 0.2})
    assert made.version == version  # the same again changes nothing
    made.split({"train": 0.8, "test": 0.2}, key=1)
    assert splits(made) != after


def test_the_order_in_which_parts_are_named_is_nothing() -> None:
    made = datasets.create_dataset("d").merge_records(rows(100))
    made.split({"train": 0.7, "dev": 0.1, "test": 0.2})
    version = made.version
    parts = made.split({"test": 0.2, "train": 0.7, "dev": 0.1})
    assert (list(parts), made.version) == (["test", "train", "dev"], version)


def test_a_larger_share_takes_records_in_and_gives_none_away() -> None:
    made = datasets.create_dataset("d").merge_records(rows(200))
    train = {one.inputs["q"] for one in made.split({"train": 0.5, "test": 0.5})["train"]}
    more = {one.inputs["q"] for one in made.split({"train": 0.7, "test": 0.3})["train"]}
    assert train < more


def test_records_that_belong_together_stay_together() -> None:
    made = datasets.create_dataset("d").merge_records(rows(200))
    for by in ("inputs.customer", "customer"):
        parts = made.split({"train": 0.6, "test": 0.4}, by=by)
        train, test = ({one.inputs["customer"] for one in parts[name]} for name in ("train", "test"))
        assert not train & test
        assert train
        assert test
    with pytest.raises(InvalidArgument, match=r"has no 'tags\.x'"):
        made.split({"train": 1.0}, by="tags.x")


def test_a_part_that_somebody_chose_can_be_kept() -> None:
    made = datasets.create_dataset("d").merge_records(rows(50))
    made.merge_records([{"inputs": row["inputs"], "tags": {"split": "golden"}} for row in rows(5)])
    made.split({"train": 0.8, "test": 0.2}, keep=True)
    assert len(made.subset(split="golden")) == 5


@pytest.mark.parametrize(
    "parts", [{}, {"a": 0.5}, {"a": 1.2, "b": -0.2}, {"a": float("nan"), "b": 0.5}, {"": 1.0}, {"a": True}],
    ids=["none", "half", "negative", "no number", "no name", "bool"],
)  # fmt: skip
def test_shares_that_cannot_be_used_are_refused(parts: dict[str, float]) -> None:
    made = datasets.create_dataset("d").merge_records(rows(3))
    with pytest.raises(InvalidArgument, match="split"):
        made.split(parts)
    assert made.version == 1


def test_records_are_chosen_by_tags_ids_and_text() -> None:
    made = datasets.create_dataset("d").merge_records(
        [{"inputs": {"q": f"question {i}"}, "tags": {"lang": "en" if i % 2 else "de"}} for i in range(6)]
    )
    assert [one.inputs["q"] for one in made.subset(tags={"lang": "de"})] == ["question 0", "question 2", "question 4"]
    assert [one.inputs["q"] for one in made.subset(text="question 5")] == ["question 5"]
    ids = [one.dataset_record_id for one in made.records[:2]]
    assert len(made.subset(ids=ids, tags={"lang": "en"})) == 1
    assert len(made.subset(ids=made.records[2:])) == 4
    for nothing in ({}, {"split": "test"}, {"text": "nowhere"}):
        with pytest.raises(InvalidArgument):
            made.subset(**nothing)


def test_the_digest_of_a_subset_is_that_of_a_dataset_with_these_records() -> None:
    made = datasets.create_dataset("d").merge_records(rows(20))
    part = made.subset(text="question 1")
    other = datasets.create_dataset("e").merge_records(part.records)
    assert (part.digest, part.version_digest) == (other.digest, made.digest)
    assert made.subset(text="question").digest == made.digest
    assert list(part.to_df()["inputs"]) == [one.inputs for one in part]


def test_a_run_says_what_was_chosen_of_which_version() -> None:
    made = datasets.create_dataset("d").merge_records(rows(20))
    part = made.split({"train": 0.5, "test": 0.5})["test"]
    made.merge_records(rows(20, since=20))
    result = evaluate(part, [anything], lambda q, customer: q, progress=False)
    assert len(result.result_df) == len(part)
    told = result.summary.dataset
    assert (told.name, told.version, told.version_digest) == ("d", 2, made.at(2).digest)
    (used,) = steelyard.get_run(result.run_id).inputs.dataset_inputs
    assert used.digest == part.digest != told.version_digest
    source = json.loads(told.source)
    assert source["subset"] == {"split": "test"}
    assert source["digest"] == made.at(2).digest
    (use,) = made.runs()
    assert (use.run_id, use.version, use.subset) == (result.run_id, 2, {"split": "test"})


def test_near_duplicates_are_found_in_a_dataset() -> None:
    made = datasets.create_dataset("d").merge_records(
        [
            {"inputs": {"q": "How do I reset the password of my account on the web page?"}},
            {"inputs": {"q": "Where is my parcel?"}},
            {"inputs": {"q": "how do I reset the password of my account on the web page"}},
        ]
    )
    (pair,) = made.near_duplicates()
    assert (pair.record.position, pair.near.position, pair.similarity) == (2, 0, 1.0)
    with pytest.raises(InvalidArgument, match="threshold"):
        made.near_duplicates(0)
