"""A full disk, a read-only folder, a store that breaks in the middle: a clear error, and what was kept stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import steelyard
from steelyard import tracking
from steelyard.errors import SteelyardError, StoreUnavailable

RIGHT = {"targets": "y", "predictions": "yhat", "model_type": "classifier"}


class _Fails:
    """A part of a store whose n-th write fails, as a full disk does."""

    def __init__(self, part: Any, name: str, after: int) -> None:
        self._part, self._name, self._left = part, name, after

    def __getattr__(self, name: str) -> Any:
        if name != self._name:
            return getattr(self._part, name)
        self._left -= 1
        if self._left >= 0:
            return getattr(self._part, name)

        def full(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("The disk is full. Make room and try again.")

        return full


class _Store:
    def __init__(self, store: Any, part: str, name: str, after: int) -> None:
        self._store, self._broken = store, {part: _Fails(getattr(store, part), name, after)}

    def __getattr__(self, name: str) -> Any:
        return self._broken.get(name) or getattr(self._store, name)


PLACES = [
    ("artifacts", "put", 0), ("artifacts", "put", 2), ("artifacts", "put_derived", 0), ("runs", "log_inputs", 0),
    ("estimates", "put", 0),
]  # fmt: skip


@pytest.mark.parametrize(("part", "name", "after"), PLACES)
def test_a_store_that_fails_on_the_way_ends_the_run_as_failed(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, part: str, name: str, after: int
) -> None:
    before = steelyard.evaluate(data=table, **RIGHT)
    store = tracking.get_store()
    with monkeypatch.context() as patch:
        patch.setattr(tracking, "get_store", lambda *_: _Store(store, part, name, after))
        with pytest.raises(StoreUnavailable, match="disk is full"):
            steelyard.evaluate(data=table, run_name="unlucky", **RIGHT)
    last = steelyard.last_active_run()
    assert last is not None
    assert (last.info.run_name, last.info.status) == ("unlucky", "FAILED")
    assert "evaluation.json" not in {i.path for i in store.artifacts.walk(last.info.run_id)}
    assert before.tables["eval_results_table"].shape[0] == 120
    assert steelyard.get_run(before.run_id).data.metrics["accuracy_score"] == before.metrics["accuracy_score"]


def test_an_evaluation_that_fails_leaves_in_its_run_what_was_there(table: pd.DataFrame) -> None:
    with steelyard.start_run():
        steelyard.log_metric("mine", 1.0)
        before = steelyard.evaluate(data=table, **RIGHT)

        def broken(rows: pd.DataFrame) -> None:
            raise ValueError("broken")

        with pytest.raises(SteelyardError):
            steelyard.evaluate(broken, table.head(30), targets="y", model_type="classifier")
        active = steelyard.active_run()
        assert active is not None
        assert active.info.run_id == before.run_id
    run = steelyard.get_run(before.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["mine"] == 1
    assert len(before.tables["eval_results_table"]) == 120


def test_a_disk_that_fills_while_rows_are_written_is_told(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    from steelyard.evaluation import results_file

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(results_file, "_open", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        steelyard.evaluate(data=table, **RIGHT)
    last = steelyard.last_active_run()
    assert last is not None
    assert last.info.status == "FAILED"


def test_a_temporary_folder_that_cannot_be_made_is_told(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        steelyard.evaluate(data=table, **RIGHT)


def test_a_store_in_a_read_only_place_is_told_before_the_model_is_called(table: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    steelyard.set_tracking_uri(str(tmp_path / "file" / "below"))
    called: list[int] = []

    def model(rows: pd.DataFrame) -> list[int]:
        called.append(1)
        return [1] * len(rows)

    with pytest.raises(SteelyardError):
        steelyard.evaluate(model, table, targets="y", model_type="classifier")
    assert not called
