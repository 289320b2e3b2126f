"""The text index beside writers: whatever happens in between, nothing that is there is ever missed."""

from __future__ import annotations

from typing import Any

import pytest
from back_ends import AT_HAND
from sqlalchemy import func, select
from traces_made import span, trace, trace_id

from steelyard.records import Store
from steelyard.store.sql.text_index import TextIndex
from steelyard.store.sql.text_schema import text_bits, text_blocks, text_docs, text_open
from steelyard.store.sql.trace_schema import traces_waiting

pytestmark = AT_HAND


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("signature", "index", "lookup"):
        monkeypatch.setattr(f"steelyard.store.sql.text_{module}.DOCS_IN_BLOCK", 16)


@pytest.fixture
def index(store: Any) -> TextIndex:
    return TextIndex(store._database)


def says(number: int, *words: str) -> Any:
    return trace(number, *(span(number, place, outputs=word) for place, word in enumerate(words, start=1)))


def with_word(store: Store, word: str) -> list[int]:
    found = store.traces.search(["0"], f"trace.text LIKE '%{word}%'", max_results=1_000).items
    return sorted(int(info.trace_id[3:], 16) for info in found)


def rows(store: Any, table: Any) -> int:
    with store._database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_traces_are_found_before_and_after_they_are_indexed(store: Store, index: TextIndex) -> None:
    store.traces.put([says(i, f"word{i:03}x") for i in range(50)])
    assert (index.waiting(), with_word(store, "word007x")) == (50, [7])
    assert (index.index_some(60), index.waiting()) == (50, 0)
    assert index.index_some(60) == 0
    assert (rows(store, text_blocks), rows(store, text_open)) == (3, 2)
    assert [with_word(store, f"word{i:03}x") for i in range(50)] == [[i] for i in range(50)]
    assert with_word(store, "word051x") == []


def test_a_trace_that_changes_is_found_by_what_it_says_now(store: Store, index: TextIndex) -> None:
    store.traces.put([says(1, "apple"), says(2, "apple")])
    index.index_some(60)
    store.traces.put([says(1, "quince")])
    assert (with_word(store, "quince"), with_word(store, "apple")) == ([1], [2])
    assert index.index_some(60) == 1
    assert (with_word(store, "quince"), with_word(store, "apple")) == ([1], [2])
    assert rows(store, text_docs) == 2


def test_a_trace_that_changes_while_it_is_indexed_goes_on_waiting(
    store: Store, index: TextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.traces.put([says(1, "apple"), says(2, "cherry")])
    read = index._read

    def read_and_change() -> Any:
        batch = read()
        monkeypatch.undo()
        store.traces.put([says(1, "quince")])
        store.traces.delete([trace_id(2)])
        return batch

    monkeypatch.setattr(index, "_read", read_and_change)
    assert index.index_some(0) == 0
    assert (index.waiting(), with_word(store, "quince"), with_word(store, "cherry")) == (1, [1], [])
    assert index.index_some(60) == 1
    assert with_word(store, "quince") == [1]


def test_two_processes_that_index_at_once_do_it_once(
    store: Any, index: TextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.traces.put([says(1, "apple")])
    read, other = index._read, TextIndex(store._database)

    def read_late() -> Any:
        batch = read()
        monkeypatch.setattr(index, "_read", read)
        assert other.index_some(60) == 1
        store.traces.put([says(1, "quince")])  # marked anew, with the same version as the mark that was read
        return batch

    monkeypatch.setattr(index, "_read", read_late)
    assert index.index_some(0) == 0
    assert (index.waiting(), with_word(store, "quince")) == (1, [1])


def test_deleted_traces_leave_nothing_behind(store: Store, index: TextIndex) -> None:
    store.traces.put([says(i, "apple") for i in range(40)])
    index.index_some(60)
    assert rows(store, text_blocks) == 2
    store.traces.delete([trace_id(i) for i in range(40) if i != 3])
    assert (index.drop_thin_blocks(), index.waiting()) == (2, 1)
    assert (rows(store, text_blocks), rows(store, text_bits), rows(store, text_docs)) == (0, 0, 0)
    assert with_word(store, "apple") == [3]
    assert (index.index_some(60), with_word(store, "apple")) == (1, [3])
    store.traces.put([says(i, "apple") for i in range(50, 90)])
    index.index_some(60)
    assert with_word(store, "apple") == [3, *range(50, 90)]


def test_thin_blocks_are_looked_for_now_and_then(
    store: Store, index: TextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.traces.put([says(i, "apple") for i in range(20)])
    index.index_some(60)
    store.traces.delete([trace_id(i) for i in range(20)])
    index.index_some(0)
    assert rows(store, text_blocks) == 1
    monkeypatch.setattr("steelyard.store.sql.text_index._SECONDS_BETWEEN_LOOKS", 0.0)
    index.index_some(0)
    assert rows(store, text_blocks) == 0


def test_a_large_trace_that_grows_is_not_read_again_at_once(
    store: Store, index: TextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("steelyard.store.sql.text_index._SPANS_AT_ONCE", 3)
    monkeypatch.setattr("steelyard.store.sql.text_index._REST", 1e9)
    store.traces.put([says(1, "apple", "pear", "plum", "fig")])
    assert index.index_some(60) == 1
    store.traces.put([says(1, "quince"), says(2, "lemon")])
    assert (index.index_some(60), index.waiting()) == (1, 1)
    assert (with_word(store, "quince"), with_word(store, "lemon")) == ([1], [2])


def test_a_block_that_was_turned_over_by_another_process_is_left_alone(
    store: Any, index: TextIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.traces.put([says(i, f"word{i:03}x") for i in range(20)])
    turn = index._turn_over_one
    monkeypatch.setattr(index, "_turn_over_one", lambda: False)
    index.index_some(60)
    monkeypatch.undo()
    monkeypatch.setattr("steelyard.store.sql.text_index.DOCS_IN_BLOCK", 16)
    monkeypatch.setattr("steelyard.store.sql.text_signature.DOCS_IN_BLOCK", 16)
    monkeypatch.setattr("steelyard.store.sql.text_lookup.DOCS_IN_BLOCK", 16)
    run = store._database.run

    def after_another(work: Any, **how: Any) -> Any:
        monkeypatch.setattr(store._database, "run", run)
        assert TextIndex(store._database)._turn_over_one()
        return run(work, **how)

    monkeypatch.setattr(store._database, "run", after_another)
    assert turn()
    assert not turn()
    assert rows(store, text_blocks) == 1
    assert with_word(store, "word003x") == [3]


def test_marks_and_documents_go_with_their_trace(store: Store, index: TextIndex) -> None:
    store.traces.put([says(1, "apple"), says(2, "pear")])
    index.index_some(60)
    store.traces.put([says(3, "fig")])
    store.traces.delete([trace_id(1), trace_id(3)])
    assert [rows(store, table) for table in (traces_waiting, text_docs, text_open)] == [0, 1, 1]
