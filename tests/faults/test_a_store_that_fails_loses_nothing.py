"""Disks that fill up, files that become read-only, databases that others lock: a clear error, and going on works."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.store.test_broken_disks import folder, give_to_nobody, in_a_child

import steelyard
from steelyard.errors import StoreError, StoreUnavailable
from steelyard.genai import evaluate, scorer
from steelyard.store.sql import dialect
from steelyard.tracking import get_store
from steelyard.tracking.stores import close_stores

__all__ = ["folder"]
ROWS = 400
DATA = [{"inputs": {"n": n}} for n in range(ROWS)]


@scorer
def doubled(outputs: dict[str, Any], inputs: dict[str, int]) -> bool:
    return outputs["n"] == 2 * inputs["n"]


def noted(place: str, n: int) -> None:
    with Path(place, "calls").open("a") as file:
        file.write(f"{n}\n")


def predict(n: int) -> dict[str, Any]:
    """Return some kilobytes, and note the call; ``CALLS`` may name what happens at row 200."""
    noted(os.environ["CALLS"], n)
    if n == 200 and AT_200:
        AT_200[0]()
    return {"n": 2 * n, "text": os.urandom(4000).hex()}


AT_200: list[Any] = []


def weighed(store: Path | str, **more: Any) -> Any:
    steelyard.set_tracking_uri(store)
    return evaluate(DATA, [doubled], predict, progress=False, concurrency=4, **more)


@pytest.fixture(autouse=True)
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    noting = tmp_path / "noting"
    noting.mkdir(mode=0o777)
    noting.chmod(0o777)
    monkeypatch.setenv("CALLS", str(noting))
    monkeypatch.setattr(f"{__name__}.AT_200", [], raising=False)
    return noting / "calls"


def check_goes_on(store: Path, calls: Path) -> None:
    """The same call takes the run up, repeats nothing that is committed, and ends whole."""
    steelyard.set_tracking_uri(store)
    (run,) = get_store().search.search(["0"]).items
    kept = {p.row for p in get_store().ledgers.predictions(run.info.run_id)}
    before = Counter(calls.read_text().split())
    assert 0 < len(kept) <= ROWS
    result = weighed(store, resume=run.info.run_id)
    again = Counter(calls.read_text().split()) - before
    assert not {str(row) for row in kept} & set(again)
    assert (result.run_id, result.metrics["doubled/mean"], result.estimates["doubled/mean"].n) == (
        run.info.run_id,
        1.0,
        ROWS,
    )
    close_stores()
    with sqlite3.connect(store / "steelyard.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_disk_that_fills_up_ends_it_with_its_name_and_space_lets_it_go_on(folder: Path, calls: Path) -> None:
    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_200_000, 2_200_000))  # 1.5 MB of it are empty tables
        with pytest.raises(StoreUnavailable, match=str(folder)):
            weighed(folder)

    in_a_child(work)
    check_goes_on(folder, calls)


def test_a_file_that_becomes_read_only_ends_it(folder: Path, calls: Path) -> None:
    evaluate(DATA[:3], [doubled], predict, progress=False)  # loads all that an unprivileged user may not read
    calls.unlink()
    steelyard.set_tracking_uri(folder)
    get_store()
    close_stores()
    give_to_nobody(folder)

    def work() -> None:
        AT_200.append(lambda: take_the_right_to_write(folder))
        with pytest.raises(StoreUnavailable, match=r"read-only|cannot be written"):
            weighed(folder)

    in_a_child(work, as_nobody=True)
    for path in folder.rglob("*"):
        path.chmod(0o777)
    check_goes_on(folder, calls)


def take_the_right_to_write(folder: Path) -> None:
    """Take the right to write away; files that are open stay so."""
    for path in folder.glob("steelyard.db*"):
        path.chmod(0o444)
    folder.chmod(0o555)


def test_a_database_that_another_locks_for_ever_ends_it(
    folder: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "_BUSY_SECONDS", 0)
    holders: list[sqlite3.Connection] = []

    def lock() -> None:
        holder = sqlite3.connect(folder / "steelyard.db", isolation_level=None, check_same_thread=False, timeout=20)
        holder.execute("BEGIN IMMEDIATE")
        holders.append(holder)

    AT_200.append(lock)
    try:
        with pytest.raises(StoreError, match=r"steelyard\.db is locked"):
            weighed(folder)
    finally:
        for holder in holders:
            holder.execute("ROLLBACK")
            holder.close()
    AT_200.clear()
    check_goes_on(folder, calls)


def test_a_database_that_another_locks_for_a_while_is_waited_for(folder: Path, calls: Path) -> None:
    def lock() -> None:
        holder = sqlite3.connect(folder / "steelyard.db", isolation_level=None, check_same_thread=False, timeout=20)
        holder.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, lambda: (holder.execute("ROLLBACK"), holder.close())).start()

    AT_200.append(lock)
    result = weighed(folder)
    assert (result.metrics["doubled/mean"], result.estimates["doubled/mean"].n) == (1.0, ROWS)
    assert set(Counter(calls.read_text().split()).values()) == {1}
