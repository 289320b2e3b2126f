from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from .conftest import COLUMNS, Command


def test_json_holds_the_verdicts_and_nothing_else_is_printed(steelyard: Command, store: Path) -> None:
    ended = steelyard("compare", "good", "poor", "--store", store, "--json")
    told = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert told["verdicts"]["accuracy_score"] == "better"
    assert told["candidate"]["name"] == "good"
    assert told["rows"]["all"]["broken"] < told["rows"]["all"]["fixed"]


def test_a_worse_candidate_fails_only_when_that_is_asked_for(steelyard: Command, store: Path) -> None:
    assert steelyard("compare", "poor", "good", "--store", store).code == 0
    ended = steelyard("compare", "poor", "good", "--store", store, "--fail-on", "worse")
    assert ended.code == 1
    assert "gate failed" in ended.out
    assert steelyard("compare", "good", "good", "--store", store, "--fail-on", "worse").code == 0


def test_only_the_metrics_that_were_named_are_judged(steelyard: Command, store: Path) -> None:
    named = ("--metric", "accuracy_score", "--metric", "specificity", "--fail-on", "worse", "--json")
    told = json.loads(steelyard("compare", "poor", "good", "--store", store, *named).out)
    assert set(told["differences"]) == {"accuracy_score", "specificity"}
    assert told["passed"] is False
    assert any("city=Oslo" in reason for reason in told["reasons"])


def test_one_slice_that_is_worse_fails_the_gate(steelyard: Command, tmp_path: Path) -> None:
    head = "id,city,label,pred"
    rows = [(i, "Oslo" if i % 2 else "Rome", i // 2 % 2) for i in range(400)]
    wrong = {
        "before": lambda i, city: city == "Rome" and i % 8 < 4,
        "after": lambda i, city: city == "Oslo" and i % 8 > 5,
    }
    for name, is_wrong in wrong.items():
        lines = [f"{i},{city},{y},{1 - y if is_wrong(i, city) else y}" for i, city, y in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *lines]))
        steelyard("evaluate", f"{name}.csv", *COLUMNS, "--slice", "city", "--run-name", name, "--store", "s", "--quiet")
    chosen = ("--metric", "accuracy_score", "--store", "s", "--fail-on", "worse")
    ended = steelyard("compare", "after", "before", *chosen, "--json")
    told = json.loads(ended.out)
    assert told["verdicts"] == {"accuracy_score": "better"}
    assert ended.code == 1
    assert len(told["reasons"]) == 1
    assert told["reasons"][0].startswith("city=Oslo: ")


def test_a_beginning_of_an_id_is_enough(steelyard: Command, store: Path) -> None:
    runs = {r["run_name"]: r["run_id"] for r in json.loads(steelyard("runs", "--store", store, "--json").out)}
    told = json.loads(steelyard("compare", runs["good"][:10], runs["poor"], "--store", store, "--json").out)
    assert told["candidate"]["run_id"] == runs["good"]


def test_a_beginning_that_fits_two_runs_is_refused(steelyard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.store import open_store

    ends = iter(("0" * 28, "1" * 28))
    with monkeypatch.context() as patched:
        patched.setattr(uuid, "uuid4", lambda: uuid.UUID("abcd" + next(ends)))
        opened = open_store("s")
        made = [opened.runs.create("0").info.run_id[:4] for _ in range(2)]
        opened.close()
    assert made == ["abcd", "abcd"]
    ended = steelyard("compare", "abcd", "abcd", "--store", "s")
    assert ended.code == 2
    assert "Several runs begin with 'abcd'" in ended.err


def test_of_runs_with_one_name_the_latest_is_taken_and_that_is_said(steelyard: Command, data: Path) -> None:
    for name in ("poor", "good"):
        steelyard("evaluate", data / f"{name}.csv", *COLUMNS, "--run-name", "it's", "--store", "s")
    latest = json.loads(steelyard("runs", "--store", "s", "--json").out)[0]
    ended = steelyard("compare", "it's", "it's", "--store", "s", "--json")
    assert json.loads(ended.out)["candidate"]["run_id"] == latest["run_id"]
    assert latest["run_id"][:8] in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("good", "nobody"), "no run with the id or name 'nobody'"),
        (("good", "poor", "--fail-on", "better"), "only 'worse' is known"),
        (("good", "poor", "--metric", "nothing"), "'nothing'"),
        (("good", "poor", "--margin", "-1"), "margin"),
        (("good",), "BASELINE"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence_and_code_two(
    steelyard: Command, store: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = steelyard("compare", *arguments, "--store", store, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
    assert "Traceback" not in ended.err
