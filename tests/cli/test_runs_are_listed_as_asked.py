from __future__ import annotations

import json
from pathlib import Path

import pytest

from steelyard.store import open_store

from .conftest import Command


def test_json_is_a_list_of_records_newest_first(steelyard: Command, store: Path) -> None:
    ended = steelyard("runs", "--store", store, "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert [run["run_name"] for run in told] == ["poor", "good"]
    assert {"run_id", "status", "metrics", "params", "tags"} <= set(told[0])


def test_filter_order_and_limit_reach_the_store(steelyard: Command, store: Path) -> None:
    best = ("--order-by", "metrics.accuracy_score DESC", "--limit", 1)
    assert [r["run_name"] for r in json.loads(steelyard("runs", "--store", store, *best, "--json").out)] == ["good"]
    low = ("--filter", "metrics.accuracy_score < 0.85")
    assert [r["run_name"] for r in json.loads(steelyard("runs", "--store", store, *low, "--json").out)] == ["poor"]
    assert "there are more" in steelyard("runs", "--store", store, *best).out
    assert "No run matches." in steelyard("runs", "--store", store, "--filter", "metrics.accuracy_score > 2").out


def test_chosen_columns_are_shown_and_a_mistyped_one_is_refused(steelyard: Command, store: Path) -> None:
    ended = steelyard("runs", "--store", store, "--columns", "metrics.recall_score, specificity")
    assert "metrics.recall_score" in ended.out
    assert "specificity" in ended.out
    ended = steelyard("runs", "--store", store, "--columns", "specifity")
    assert ended.code == 2
    assert "Did you mean 'specificity'?" in ended.err


def test_runs_without_usual_metrics_show_those_they_have(steelyard: Command) -> None:
    from steelyard.records import Metric

    opened = open_store("s")
    for loss in (0.5, float("inf")):
        run = opened.runs.create("0", run_name="training")
        opened.runs.log_batch(run.info.run_id, metrics=[Metric("val_loss", loss, timestamp=1, step=0)])
    opened.close()
    ended = steelyard("runs", "--store", "s")
    assert "val_loss" in ended.out
    assert "∞" in ended.out
    values = [run["metrics"]["val_loss"] for run in json.loads(steelyard("runs", "--store", "s", "--json").out)]
    assert sorted(values, key=str) == [0.5, None]


def test_a_store_that_is_not_there_is_not_made(steelyard: Command, tmp_path: Path) -> None:
    ended = steelyard("runs", "--store", "mistyped")
    assert (ended.code, ended.out) == (2, "")
    assert "There is no store at" in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--filter", "foo ="), "no attribute 'foo'"),
        (("--order-by", "a b c"), "a b c"),
        (("--limit", 0), "--limit"),
        (("--experiment", "defalt"), "Did you mean 'Default'?"),
        (("--store", "postgresql://nobody@127.0.0.1:1/x"), "cannot be reached"),
    ],
)
def test_what_cannot_be_listed_is_a_sentence_and_code_two(
    steelyard: Command, store: Path, arguments: tuple[object, ...], told: str
) -> None:
    ended = steelyard("runs", "--store", store, *arguments, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err
