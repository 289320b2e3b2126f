from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from .conftest import Shown
from .sample_applications import REPEATS, ROWS


@pytest.fixture
def sides(shown: Shown) -> list[dict[str, Any]]:
    return [
        pq.read_table(shown.store.artifacts.local_path(run, "rows.parquet")).to_pydict()
        for run in (shown.ids.candidate, shown.ids.baseline)
    ]


def ask(visitor: TestClient, shown: Shown, **query: object) -> dict[str, Any]:
    runs = f"{shown.ids.candidate},{shown.ids.baseline}"
    return visitor.get("/compare.json", params={"runs": runs, **query}).json()


def test_regressions_come_first_and_the_counts_add_up(visitor: TestClient, shown: Shown, sides: list[dict[str, Any]]):
    found = ask(visitor, shown)["flips"]
    assert (found["scorer"], found["kind"], found["shared"]) == ("correctness", "worse", ROWS * REPEATS)
    assert sum(found["counts"].values()) == found["shared"]
    ours, theirs = (side["correctness/value"] for side in sides)
    worse = sum(a == 0.0 and b == 1.0 for a, b in zip(ours, theirs, strict=True))
    better = sum(a == 1.0 and b == 0.0 for a, b in zip(ours, theirs, strict=True))
    assert (found["counts"]["worse"], found["counts"]["better"]) == (worse, better)
    assert {(r["baseline"]["cell"]["word"], r["candidate"]["cell"]["word"]) for r in found["rows"]} == {("yes", "no")}


def test_numbers_are_ordered_by_how_far_they_fell(visitor: TestClient, shown: Shown, sides: list[dict[str, Any]]):
    found = ask(visitor, shown, scorer="brevity")["flips"]
    fell = [float(r["baseline"]["cell"]["word"]) - float(r["candidate"]["cell"]["word"]) for r in found["rows"]]
    assert fell == sorted(fell, reverse=True)
    ours, theirs = (np.array(side["brevity/value"], dtype=float) for side in sides)
    assert fell[0] == pytest.approx(np.nanmax(theirs - ours))


def test_categories_change_without_being_better_or_worse(
    visitor: TestClient, shown: Shown, sides: list[dict[str, Any]]
):
    found = ask(visitor, shown, scorer="tone", rows="other")["flips"]
    ours, theirs = (side["tone/value"] for side in sides)
    changed = sum(a != b for a, b in zip(ours, theirs, strict=True) if a and b)
    assert (found["counts"]["other"], found["counts"]["worse"], found["counts"]["better"]) == (changed, 0, 0)


def test_a_row_that_only_the_candidate_failed_on_got_worse(visitor: TestClient, shown: Shown, tmp_path: Any):
    import pyarrow as pa

    from steelyard.store import open_store
    from steelyard.web.flips import flips

    store = open_store(tmp_path)
    try:
        runs = []
        for failed in ((0, 1), (1, 2)):
            run = store.runs.create("0").info.run_id
            runs.append(run)
            source = shown.ids.candidate
            for path in ("genai.json", "evaluation.json"):
                store.artifacts.put(run, path, shown.store.artifacts.read(source, path))
            table = pq.read_table(shown.store.artifacts.local_path(source, "rows.parquet")).slice(0, 4)
            ends = ["predict_failed" if i in failed else "scored" for i in range(4)]
            values = pa.array([None if i in failed else 0.0 for i in range(4)], pa.float64())
            names = table.column_names
            table = table.set_column(names.index("correctness/outcome"), "correctness/outcome", pa.array(ends))
            table = table.set_column(names.index("correctness/value"), "correctness/value", values)
            pq.write_table(table, tmp_path / "rows.parquet")
            store.artifacts.put(run, "rows.parquet", tmp_path / "rows.parquet")
        found = flips(store, *runs)
    finally:
        store.close()
    assert found is not None
    assert dict(found.counts) == {"worse": 1, "better": 1, "other": 0, "same": 2}
    assert (found.rows[0].row_id, found.rows[0].repeat, found.failed_candidate) == ("case-0000", 0, 1)


def test_the_means_stand_above_the_rows_and_are_paired(visitor: TestClient, shown: Shown):
    data = ask(visitor, shown)
    told = {d["metric"]: d for d in data["comparisons"][0]["differences"]}
    assert told["correctness/mean"]["verdict"] == "worse"
    assert told["correctness/mean"]["low"] < told["correctness/mean"]["difference"] < told["correctness/mean"]["high"]
    page = visitor.get("/compare", params={"runs": f"{shown.ids.candidate},{shown.ids.baseline}"}).text
    assert page.index('id="h-forest"') < page.index('id="h-flips"')


def test_pages_of_changes_join_without_a_gap(visitor: TestClient, shown: Shown):
    total, seen = ask(visitor, shown, scorer="brevity")["flips"]["counts"]["worse"], []
    for after in range(0, total, 20):
        rows = ask(visitor, shown, scorer="brevity", after=after)["flips"]["rows"]
        seen += [(r["row_id"], r["repeat"]) for r in rows]
    assert len(seen) == len(set(seen)) == total


def test_a_scorer_that_they_do_not_share_is_told(visitor: TestClient, shown: Shown):
    data = ask(visitor, shown, scorer="json")
    assert data["flips"] is None
    assert "share no scorer" in data["problem"]["message"]
