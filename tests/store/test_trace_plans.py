"""Searches begin where the index says: the databases' own plans, never the clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from traces_made import span, trace, trace_id

from steelyard.records import Feedback, Store
from steelyard.store import open_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Fifty traces in SQLite, indexed: its planner knows nothing of how many there are, as in any new file."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('plans')}/store.db")
    opened.traces.put(
        [
            trace(
                i,
                span(i, 1, name="search", span_type="TOOL", outputs=f"word{i:03}x"),
                tags={"team": f"team {i}"},
                assessments=(Feedback(name="score", value=i / 50),),
            )
            for i in range(50)
        ]
    )
    while opened.upkeep.work(max_seconds=1.0).indexed:
        pass
    yield opened
    opened.close()


def plans(store: Store, *, order: tuple[str, ...] = (), text: str = "", token: str | None = None) -> list[str]:
    """Return SQLite's plan of each statement of a search that reads ``traces``."""
    told: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if "traces" in statement:
            bare = connection.connection.dbapi_connection
            rows = bare.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            told.append("\n".join(row[3] for row in rows))

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        store.traces.search(["0"], text, order_by=order, max_results=5, page_token=token)
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    return told


def found_by(told: list[str]) -> str:
    """Return the plan of the statement that finds the page."""
    return next(plan for plan in told if "traces_waiting" not in plan)


@pytest.mark.parametrize("text", ["", "status = 'ERROR'", "cost > 0.5", "tokens > 5", "span.type != 'LLM'"])
def test_lists_are_read_in_time_without_sorting(store: Store, text: str) -> None:
    plan = found_by(plans(store, text=text))
    assert re.search(r"USING COVERING INDEX traces_(in|by)_time", plan)
    assert "TEMP B-TREE" not in plan


def test_a_page_further_down_begins_where_the_last_one_ended(store: Store) -> None:
    token = store.traces.search(["0"], max_results=5).token
    assert "_time (experiment=? AND request_time<?)" in found_by(plans(store, token=token))


@pytest.mark.parametrize("order", ["cost", "tokens DESC", "execution_time", "status"])
def test_orders_by_figures_are_sorted_without_reading_the_traces(store: Store, order: str) -> None:
    assert "USING COVERING INDEX traces_in_time" in found_by(plans(store, order=(order,)))


@pytest.mark.parametrize(
    ("order", "index"),
    [("feedback.score DESC", "assessments_by_value"), ("tag.team", "trace_tags_by_value")],
)
def test_orders_by_values_begin_with_the_values(store: Store, order: str, index: str) -> None:
    plan = found_by(plans(store, order=(order,)))
    assert index in plan.splitlines()[0]
    assert "SCAN" not in plan


@pytest.mark.parametrize(
    "text",
    [
        "trace.text LIKE '%word007x%'",
        "span.content ILIKE '%WORD007X%' AND status = 'OK'",
        "span.type = 'NONE' OR trace.text LIKE '%word007x%'",
        "feedback.score > 0.97",
        "tag.team = 'team 7'",
    ],
)
def test_few_traces_are_looked_up_by_their_numbers(store: Store, text: str) -> None:
    plan = found_by(plans(store, text=text))
    assert "traces USING INTEGER PRIMARY KEY (rowid=?)" in plan
    assert "SCAN spans" not in plan


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("user = 'ada'", "traces_by_user"),
        ("session = 's'", "traces_by_session"),
        ("client_request_id = 'c'", "traces_by_client"),
    ],
)
def test_users_sessions_and_client_ids_have_indexes_of_their_own(store: Store, text: str, index: str) -> None:
    assert f"traces USING INDEX {index} (" in found_by(plans(store, text=text)).replace("COVERING ", "")


def test_what_holds_for_one_trace_never_reads_the_values_of_a_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.store.sql.trace_plan.FEW", 0)
    plan = found_by(plans(store, text="feedback.score > 0.5"))
    assert "assessments USING INDEX sqlite_autoindex_assessments_1 (trace=?)" in plan


def test_the_tests_above_look_at_the_right_store(store: Store) -> None:
    (found,) = store.traces.search(["0"], "trace.text LIKE '%word007x%'").items
    assert found.trace_id == trace_id(7)
