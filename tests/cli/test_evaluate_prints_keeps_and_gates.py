from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import COLUMNS, Command


def test_json_is_one_document_and_nothing_else(steelyard: Command, data: Path) -> None:
    ended = steelyard("evaluate", data / "good.csv", *COLUMNS, "--slice", "city", "--store", "s", "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert told["rows"] == 240
    assert told["passed"] is True
    assert set(told["slices"]) == {"city=Oslo", "city=Rome"}
    right = told["metrics"]["accuracy_score"]
    assert told["estimates"]["accuracy_score"]["low"] < right < told["estimates"]["accuracy_score"]["high"]


def test_the_accuracy_told_is_that_of_the_file(steelyard: Command, data: Path) -> None:
    from sklearn.metrics import accuracy_score, f1_score

    rows = [line.split(",") for line in (data / "poor.csv").read_text().splitlines()[1:]]
    truth, guess = [int(r[3]) for r in rows], [int(r[4]) for r in rows]
    told = json.loads(steelyard("evaluate", data / "poor.csv", *COLUMNS, "--store", "s", "--json").out)["metrics"]
    assert told["accuracy_score"] == pytest.approx(accuracy_score(truth, guess))
    assert told["f1_score"] == pytest.approx(f1_score(truth, guess))


def test_the_run_is_kept_under_the_names_that_were_given(steelyard: Command, data: Path) -> None:
    names = ("--run-name", "it's mine", "--experiment", "gates", "--name", "table")
    ended = steelyard("evaluate", data / "good.csv", *COLUMNS, *names, "--store", "a folder")
    assert "steelyard ui --store 'a folder'" in ended.out
    (run,) = json.loads(steelyard("runs", "--experiment", "gates", "--store", "a folder", "--json").out)
    assert run["run_name"] == "it's mine"
    assert run["status"] == "FINISHED"
    assert run["run_id"] in ended.out


def test_bins_and_crossed_columns_become_slices(steelyard: Command, data: Path) -> None:
    slices = ("--slice", "city, pred", "--bins", "age:3")
    told = json.loads(steelyard("evaluate", data / "good.csv", *COLUMNS, *slices, "--store", "s", "--json").out)
    names = list(told["slices"])
    assert sum(name.startswith("age=") for name in names) == 3
    assert sum(name.startswith("city=") and ", pred=" in name for name in names) == 4
    by_age = [cells["accuracy_score"]["n"] for name, cells in told["slices"].items() if name.startswith("age=")]
    assert sum(by_age) == 240


@pytest.mark.parametrize(
    ("gates", "code"),
    [
        (["accuracy_score>=0.5"], 0),
        (["accuracy_score >= 5e-1", "log_loss<=9"], 0),
        (["accuracy_score>=0.999"], 1),
        (["accuracy_score>=0.999", "accuracy_score<=1"], 1),
    ],
)
def test_every_gate_counts_also_two_on_one_metric(steelyard: Command, data: Path, gates: list[str], code: int) -> None:
    asked = [part for gate in gates for part in ("--threshold", gate)]
    ended = steelyard("evaluate", data / "good.csv", *COLUMNS, "--probabilities", "p", *asked, "--store", "s", "--json")
    told = json.loads(ended.out)
    assert ended.code == code
    assert told["passed"] is (code == 0)
    assert len(told["reasons"]) == code


def test_a_gate_on_a_mistyped_metric_fails_and_says_which_was_meant(steelyard: Command, data: Path) -> None:
    ended = steelyard("evaluate", data / "good.csv", *COLUMNS, "--threshold", "acuracy_score>=0.5", "--store", "s")
    assert ended.code == 1
    assert "Did you mean 'accuracy_score'?" in ended.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--threshold", "accuracy_score>0.9"), ">= or <="),
        (("--threshold", "accuracy_score>=1e"), "is no number"),
        (("--threshold", "accuracy_score>=1e999"), "is no number"),
        (("--bins", "age"), "such as age:5"),
        (("--bins", "age:²"), "such as age:5"),
        (("--bins", "age:1"), "at least 2 bins"),
        (("--bins", "city:3"), "city"),
        (("--slice", "citi"), "Did you mean 'city'?"),
        (("--targets", "lable"), "Did you mean 'label'?"),
        (("--confidence", "95"), "confidence=95.0"),
        (("--replicates", "x"), "--replicates"),
        (("--store", "mysql://x"), "mysql"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_code_two(
    steelyard: Command, data: Path, arguments: tuple[str, str], told: str
) -> None:
    ended = steelyard("evaluate", data / "good.csv", *COLUMNS, "--store", "s", *arguments, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_a_missing_file_is_named(steelyard: Command) -> None:
    ended = steelyard("evaluate", "nowhere.csv", *COLUMNS, "--store", "s")
    assert (ended.code, ended.out) == (2, "")
    assert "nowhere.csv" in ended.err
    assert ended.err.count("\n") == 1
