from __future__ import annotations

import json

import numpy as np
import pytest

from steelyard.compare import compare, compare_many
from steelyard.compare.words import about_rows, signed
from steelyard.errors import DataError, InvalidArgument, NotFound, UnreadableFile
from steelyard.records import Run, RunInfo

from .synthetic import draw, save


@pytest.fixture
def two(store, rng):
    y, (a, _) = draw(rng, 1200)
    category = rng.integers(0, 4, 1200)
    better = np.where((category != 2) & (rng.random(1200) < 0.5), np.where(y, 0.9, 0.1), a)
    worse = np.where((category == 2) & (rng.random(1200) < 0.3), 1 - better, better)
    save(store, "base", y, a, category=category, name="distil-v6")
    save(store, "cand", y, worse, category=category, name="distil-<b>v7</b>")
    return store


def test_a_candidate_better_overall_and_worse_in_one_slice_is_told_as_such(two) -> None:
    comparison = compare("cand", "base", store=two)
    assert comparison.verdicts["accuracy_score"] == "better"
    assert comparison.slices["category=c2"]["accuracy_score"].verdict == "worse"
    found = comparison.slices["category=c2"]["accuracy_score"]
    points, low, high = (signed(100 * v, 1) for v in (found.difference, found.low, found.high))
    assert found.sentence == f"c2 is worse in accuracy: {points} points [{low}, {high}]."
    assert points.startswith("−")
    overall = comparison.differences["accuracy_score"].sentence
    assert overall.startswith("Accuracy is better: +")
    text = comparison.summary()
    assert overall in text
    assert found.sentence in text
    assert f"{comparison.rows.all.fixed} rows fixed, {comparison.rows.all.broken} broken" in text


def test_an_undecided_difference_says_how_many_more_rows_would_settle_it(store, rng) -> None:
    y, (a, b) = draw(rng, 150)
    save(store, "base", y, a)
    save(store, "cand", y, b)
    found = compare("cand", "base", store=store).differences["accuracy_score"]
    assert found.verdict == "undecided"
    assert found.rows_to_settle > 0
    assert found.sentence.endswith(f" About {about_rows(found.rows_to_settle)} more rows would settle it.")


def test_metrics_without_a_good_direction_have_a_difference_and_no_verdict(two) -> None:
    comparison = compare("cand", "base", store=two)
    assert "example_count" in comparison.differences
    assert "example_count" not in comparison.verdicts
    assert comparison.differences["example_count"].sentence == "Rows did not change."


def test_headline_metrics_come_first_and_can_be_chosen(two) -> None:
    assert next(iter(compare("cand", "base", store=two).differences)) == "accuracy_score"
    chosen = compare("cand", "base", store=two, metrics=["log_loss"], slices=["category=c1"])
    assert list(chosen.differences) == ["log_loss"]
    assert list(chosen.slices) == ["category=c1"]
    assert compare("cand", "base", store=two, slices=[]).slices == {}


def test_the_correction_over_slices_never_adds_a_verdict(two) -> None:
    def decided(correction) -> set[tuple[str, str]]:
        found = compare("cand", "base", store=two, correction=correction).slices
        return {(s, m) for s, cells in found.items() for m, d in cells.items() if d.verdict in ("better", "worse")}

    assert decided("holm") <= decided("bh") <= decided(None)


def test_it_can_be_written_as_json_and_shown_as_html(two) -> None:
    comparison = compare("cand", "base", store=two)
    data = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert data["verdicts"] == comparison.verdicts
    assert data["slices"]["category=c2"]["accuracy_score"]["slice"] == [["category", "c2"]]
    html = comparison._repr_html_()
    assert "<b>v7" not in html
    assert "&lt;b&gt;v7" in html


@pytest.mark.parametrize("kind", ["fixed", "broken", "still_wrong", "still_right"])
def test_pages_of_rows_add_up_to_the_counts(two, kind: str) -> None:
    comparison = compare("cand", "base", store=two)
    expected = getattr(comparison.rows.slices["category=c2"], kind)
    ids: list[str] = []
    for offset in range(0, expected + 40, 40):
        page = comparison.row_changes(kind, slice="category=c2", offset=offset, limit=40)
        ids += page.column("row_id").to_pylist()
        assert set(page.column("slice:category").to_pylist()) <= {"c2"}
        right = {"fixed": (True, False), "broken": (False, True)}
        right |= {"still_right": (True, True), "still_wrong": (False, False)}
        assert set(page.column("candidate_correct").to_pylist()) <= {right[kind][0]}
        assert set(page.column("baseline_correct").to_pylist()) <= {right[kind][1]}
    assert len(ids) == len(set(ids)) == expected


def test_each_row_stands_beside_its_own_baseline(store, rng) -> None:
    y, (a, b) = draw(rng, 300)
    order = rng.permutation(300)
    save(store, "base", y, a)
    save(store, "cand", y[order], b[order], ids=order)
    page = compare("cand", "base", store=store).row_changes("fixed", limit=1000)
    for row in page.to_pylist():
        i = int(row["row_id"][1:])
        assert row["text"] == f"text {i}"
        assert row["candidate_probability"] == pytest.approx(b[i])
        assert row["baseline_probability"] == pytest.approx(a[i])


def test_rows_of_one_run_only_can_be_seen(store, rng) -> None:
    y, (a, b) = draw(rng, 100)
    save(store, "base", y[:80], a[:80], digest="d2")
    save(store, "cand", y[30:], b[30:], ids=np.arange(30, 100))
    comparison = compare("cand", "base", store=store)
    assert comparison.row_changes("only_candidate").column("row_id").to_pylist() == [f"r{i}" for i in range(80, 100)]
    assert comparison.row_changes("only_baseline", limit=5).num_rows == 5
    assert comparison.row_changes("only_baseline", slice="category=c0").num_rows == 30
    assert comparison.row_changes("fixed", offset=1000).num_rows == 0


def test_several_runs_are_compared_with_one(two) -> None:
    found = compare_many(["cand", "base"], "base", store=two)
    assert [c.candidate.run_id for c in found] == ["cand", "base"]
    assert found[0].to_dict() == compare("cand", "base", store=two).to_dict()
    with pytest.raises(InvalidArgument, match="one to seven"):
        compare_many(["cand"] * 8, "base", store=two)
    with pytest.raises(InvalidArgument, match="one to seven"):
        compare_many([], "base", store=two)


def test_runs_and_results_are_taken_as_well_as_ids(two) -> None:
    class Result:
        run_id = "base"

    run = Run(RunInfo(run_id="cand", run_name="x", experiment_id="0"))
    assert compare(run, Result(), store=two).candidate.run_id == "cand"
    with pytest.raises(InvalidArgument, match="baseline must be a run id"):
        compare("cand", 3, store=two)


def test_names_that_do_not_exist_are_refused_with_the_nearest(two) -> None:
    with pytest.raises(InvalidArgument, match="Did you mean 'accuracy_score'"):
        compare("cand", "base", store=two, metrics=["accuracy"])
    with pytest.raises(InvalidArgument, match="Did you mean 'category'"):
        compare("cand", "base", store=two, slices=["categroy"])
    comparison = compare("cand", "base", store=two)
    with pytest.raises(InvalidArgument, match="Did you mean 'category=c2'"):
        comparison.row_changes("fixed", slice="category=C2")
    with pytest.raises(InvalidArgument, match="kind must be one of"):
        comparison.row_changes("mended")
    with pytest.raises(InvalidArgument, match="confidence"):
        compare("cand", "base", store=two, confidence=95)
    with pytest.raises(InvalidArgument, match="correction"):
        compare("cand", "base", store=two, correction="bonferroni")


def test_a_run_without_an_evaluation_says_so(two) -> None:
    two.names["empty"] = "nightly"
    with pytest.raises(NotFound, match=r"'nightly' \(candidate\) holds no evaluation"):
        compare("empty", "base", store=two)
    with pytest.raises(NotFound, match="no run 'gone'"):
        compare("cand", "gone", store=two)


@pytest.mark.parametrize("path", ["evaluation.json", "replicates.npz", "rows.parquet"])
def test_a_damaged_file_is_named_as_unreadable(two, path: str) -> None:
    damaged = two.folder / "cand" / path
    damaged.write_bytes(damaged.read_bytes()[:40])
    with pytest.raises(UnreadableFile, match="cannot be read"):
        compare("cand", "base", store=two)


def test_ids_that_stand_for_several_rows_are_refused_by_name(store, rng) -> None:
    y, (a, b) = draw(rng, 50)
    twice = np.arange(50)
    twice[7] = 6
    save(store, "base", y, a)
    save(store, "cand", y, b, ids=twice)
    with pytest.raises(DataError, match="several rows with the row id 'r6'"):
        compare("cand", "base", store=store)
