"""``steelyard traces`` lists, exports, imports, keeps and deletes."""

from __future__ import annotations

import json
from pathlib import Path

from steelyard.records import Arrival, Span, SpanStatus
from steelyard.store import open_store

from .conftest import HOSTILE, Command


def fill(folder: Path, *, names: tuple[str, ...] = ("first", "second")) -> None:
    store = open_store(folder)
    for number, name in enumerate(names, start=1):
        span = Span(
            trace_id=f"tr-{number:032x}",
            span_id=f"{number:016x}",
            parent_id=None,
            name=name,
            start_time_ns=1_790_000_000_000_000_000 + number,
            end_time_ns=1_790_000_000_250_000_000 + number,
            status=SpanStatus("ERROR" if number == 2 else "OK"),
        )
        store.traces.arrive([Arrival(trace_id=span.trace_id, experiment_id="0", spans=(span,))])
    store.close()


def test_they_are_listed_newest_first_and_hide_nothing(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s", names=("first", HOSTILE))
    ended = steelyard("traces", "list", "--store", str(tmp_path / "s"))
    assert ended.code == 0
    first, second = ended.out.splitlines()
    assert first.startswith(f"tr-{2:032x}  2026-09-21 14:13:20        250 ms")
    assert "ERROR" in first
    assert "\x1b" not in ended.out
    assert second.endswith("first")
    found = json.loads(
        steelyard("traces", "list", "--filter", "status = 'OK'", "--json", "--store", str(tmp_path / "s")).out
    )
    assert [one["name"] for one in found] == ["first"]


def test_out_of_one_store_and_into_another(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s")
    file = str(tmp_path / "t.jsonl")
    assert steelyard("traces", "export", file, "--store", str(tmp_path / "s")).out == f"2 traces in {file}\n"
    again = steelyard("traces", "export", file, "--store", str(tmp_path / "s"))
    assert (again.code, "overwrite" in again.err) == (2, True)
    assert steelyard("traces", "import", file, "--store", str(tmp_path / "other")).out == "2 spans read into Default\n"
    assert open_store(tmp_path / "other").traces.count(["0"]) == 2


def test_they_are_deleted_when_that_was_meant(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s")
    ended = steelyard("traces", "delete", "--filter", "status = 'ERROR'", "--yes", "--store", str(tmp_path / "s"))
    assert ended.out == "1 trace deleted\n"
    assert open_store(tmp_path / "s").traces.count(["0"]) == 1


def test_how_long_they_are_kept_is_set_and_told(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s")
    ended = steelyard("traces", "keep", "--days", "30", "--gigabytes", "2", "--store", str(tmp_path / "s"))
    assert ended.out.splitlines()[0] == "Traces of Default are kept for 30 days, at most 2 GB."
    assert ended.out.splitlines()[1].startswith("Now: 2 traces, 2 spans, ")
    again = steelyard("traces", "keep", "--days", "0", "--gigabytes", "0", "--store", str(tmp_path / "s"))
    assert again.out.splitlines()[0] == "Traces of Default are kept for ever."


def test_upkeep_can_be_done_without_a_server(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s")
    ended = steelyard("traces", "upkeep", "--compact", "--store", str(tmp_path / "s"))
    assert ended.code == 0
    assert ended.out.startswith("2 traces indexed, 0 traces deleted by retention\n")
    assert open_store(tmp_path / "s").upkeep.backlog() == 0


def test_an_experiment_that_is_not_there_is_told(steelyard: Command, tmp_path: Path) -> None:
    fill(tmp_path / "s")
    ended = steelyard("traces", "list", "--experiment", "Defualt", "--store", str(tmp_path / "s"))
    assert (ended.code, ended.err) == (2, "steelyard: There is no experiment 'Defualt'. Did you mean 'Default'?\n")
