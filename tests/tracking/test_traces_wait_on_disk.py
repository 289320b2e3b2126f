"""Traces whose store is away wait in files: whole or not at all, bounded, delivered once, in nobody's way."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import InvalidArgument, NotFound, StoreTooNew, StoreUnavailable, UnreadableFile
from steelyard.records import (
    Feedback,
    Span,
    Trace,
    TraceData,
    TraceInfo,
)
from steelyard.records.arrival import Loss
from steelyard.store import open_store
from steelyard.tracking import trace_delivery
from steelyard.tracking.trace_delivery import Delivery
from steelyard.tracking.trace_losses import Losses, own_source
from steelyard.tracking.trace_packing import pack_trace, unpack_trace
from steelyard.tracking.trace_spool import Busy, Spool, SpoolFull, leave_to_parent, spool_folder


def trace(number: int, **info: Any) -> Trace:
    trace_id = f"tr-{number:032x}"
    span = Span(trace_id=trace_id, span_id="0" * 15 + "1", parent_id=None, name="work", start_time_ns=number)
    return Trace(TraceInfo(trace_id=trace_id, request_time=number, **info), TraceData((span,)))


@pytest.fixture
def spool(store_uri: str) -> Spool:
    return Spool("http://host")


def names(spool: Spool) -> list[str]:
    assert spool.folder is not None
    return sorted(path.suffix for path in spool.folder.iterdir())


def test_a_file_holds_what_was_saved_until_it_is_done(spool: Spool) -> None:
    name = spool.save(["a", "b"])
    assert spool.waiting() == [name]
    claim = spool.claim(name)
    assert claim is not None
    assert claim.lines == ("a", "b")
    claim.release()
    claim = spool.claim(name)
    assert claim is not None
    claim.done()
    assert spool.waiting() == []
    assert spool.claim(name) is None


def test_files_are_their_users_alone_and_name_the_store_without_its_password(store_uri: str) -> None:
    spool = Spool("postgresql://anna:***@host/db")
    spool.save(["a"])
    assert spool.folder is not None
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (spool.folder, *spool.folder.glob("*.traces"))}
    assert set(modes.values()) == {0o700, 0o600}
    assert (spool.folder / "store.txt").read_text() == "postgresql://anna:***@host/db\n"


def test_a_folder_that_others_may_enter_is_not_used(spool: Spool) -> None:
    assert spool.folder is not None
    spool.folder.mkdir(parents=True)
    spool.folder.chmod(0o755)
    with pytest.raises(SpoolFull, match="not a folder of this user alone"):
        spool.save(["a"])


def test_a_link_to_a_folder_is_not_used(spool: Spool, tmp_path: Path) -> None:
    assert spool.folder is not None
    spool.folder.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    spool.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SpoolFull):
        spool.save(["a"])


def test_two_never_deliver_one_file(spool: Spool) -> None:
    name = spool.save(["a"])
    other = Spool("http://host")
    mine = spool.claim(name)
    assert mine is not None
    with pytest.raises(Busy):
        other.claim(name)
    mine.done()
    assert other.claim(name) is None


def test_a_child_lets_go_of_the_files_of_its_parent(spool: Spool) -> None:
    name = spool.save(["a"])
    mine = spool.claim(name)
    assert mine is not None
    pid = os.fork()
    if pid == 0:
        leave_to_parent()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    with pytest.raises(Busy):
        Spool("http://host").claim(name)
    mine.release()
    again = Spool("http://host").claim(name)
    assert again is not None
    again.done()


@pytest.mark.parametrize("harm", ["cut", "empty", "changed", "longer"])
def test_a_damaged_file_is_set_aside_once(spool: Spool, harm: str) -> None:
    name = spool.save(["a" * 100])
    assert spool.folder is not None
    path = spool.folder / name
    data = path.read_bytes()
    harmed = {"cut": data[:-1], "empty": b"", "changed": data[:-1] + b"?", "longer": data + b"?"}[harm]
    path.write_bytes(harmed)
    with pytest.raises(UnreadableFile):
        spool.claim(name)
    assert spool.waiting() == []
    assert ".damaged" in names(spool)


def test_no_more_waits_than_may(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_SPOOL_MAX_MB", "0.001")
    lines = [os.urandom(300).hex()]
    spool.save(lines)
    spool.save(lines)
    with pytest.raises(SpoolFull, match=r"0\.001 MB \(STEELYARD_SPOOL_MAX_MB\)"):
        Spool("http://another.store").save(lines * 10)
    assert len(spool.waiting()) == 2


@pytest.mark.parametrize("told", ["many", "-1", "nan"])
def test_a_limit_that_is_none_is_refused(spool: Spool, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("STEELYARD_SPOOL_MAX_MB", told)
    with pytest.raises(InvalidArgument, match="STEELYARD_SPOOL_MAX_MB"):
        spool.save(["a"])


def test_without_a_setting_files_are_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STEELYARD_SPOOL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert spool_folder() == tmp_path / "steelyard" / "spool"


class Store:
    """A store that can be away, and refuse."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.told: list[Loss] = []
        self.error: Exception | None = None
        self.refused: set[int] = set()
        self.puts = 0

    @property
    def traces(self) -> Store:
        return self

    def put(self, traces: Sequence[Trace]) -> None:
        self.puts += 1
        if self.error is not None:
            raise self.error
        if any(one.info.request_time in self.refused for one in traces):
            raise NotFound("no such experiment")
        self.kept.extend(one.info.trace_id for one in traces)

    def lost(self, losses: Sequence[Loss]) -> None:
        if self.error is not None:
            raise self.error
        self.told.extend(losses)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def delivery(store: Store, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    monkeypatch.setattr(trace_delivery, "_BACKOFF", (0.0, 0.0))
    return made(store)


def made(store: Store) -> Delivery:
    return Delivery("http://host", lambda address: store, Losses(), shown="http://host")  # type: ignore[return-value]


def ids(*numbers: int) -> list[str]:
    return [trace(number).info.trace_id for number in numbers]


def test_what_waits_is_delivered_in_its_order_and_before_what_is_new(delivery: Delivery, store: Store) -> None:
    store.error = StoreUnavailable("away")
    for number in range(3):
        delivery.send([trace(number)])
    assert delivery.waiting
    store.error = None
    delivery.send([trace(3)])
    assert (store.kept, delivery.waiting) == (ids(0, 1, 2, 3), False)


def test_a_later_process_delivers_what_was_left(delivery: Delivery, store: Store) -> None:
    store.error = StoreUnavailable("away")
    delivery.send([trace(n) for n in range(1200)])
    assert delivery.close() == 1200
    later = made(store)
    later.look()
    assert store.kept == []
    store.error = None
    later.look(now=True)
    assert store.kept == ids(*range(1200))
    assert not delivery._spool.waiting()


@pytest.mark.parametrize(
    "error", [StoreUnavailable("away"), StoreTooNew("newer"), OSError(24, "too many files"), MemoryError()]
)
def test_what_may_pass_is_waited_for(delivery: Delivery, store: Store, error: Exception) -> None:
    store.error = error
    delivery.send([trace(1)])
    store.error = None
    delivery.catch_up(now=True)
    assert store.kept == ids(1)
    assert delivery._losses.total == 0


def test_a_store_that_cannot_be_opened_is_no_traces_fault(store: Store, store_uri: str) -> None:
    def closed(address: str) -> Any:
        raise ImportError("no driver")

    losses = Losses()
    delivery = Delivery("postgresql://host/db", closed, losses, shown="postgresql://host/db")
    delivery.send([trace(1)])
    assert (delivery.close(), losses.total) == (1, 0)


def test_what_is_refused_takes_no_other_with_it_and_is_told_once(delivery: Delivery, store: Store) -> None:
    store.refused = {3, 7}
    store.error = StoreUnavailable("away")
    delivery.send([trace(n, experiment_id="5") for n in range(10)])
    store.error = None
    delivery.catch_up(now=True)
    delivery.tell_losses()
    delivery.tell_losses()
    assert store.kept == ids(0, 1, 2, 4, 5, 6, 8, 9)
    assert [(loss.experiment_id, loss.source, loss.n) for loss in store.told] == [("5", own_source(), 2)]
    assert delivery._losses.total == 2
    assert not delivery.waiting


def test_what_was_lost_for_want_of_an_experiment_is_told_to_the_default_one(store_uri: str) -> None:
    real = open_store(store_uri)
    delivery = Delivery(store_uri, lambda address: real, Losses(), shown=store_uri)
    delivery.send([trace(1, experiment_id="77"), trace(2)])
    assert [(loss.experiment_id, loss.n) for loss in real.overview.losses(["0"])] == [("0", 1)]
    assert real.traces.count(["0"]) == 1
    real.close()


def test_losses_wait_for_their_store_too(delivery: Delivery, store: Store) -> None:
    store.refused, store.error = {1}, None
    delivery.send([trace(0)])
    before = len(store.told)
    store.error = StoreUnavailable("away")
    delivery._give_up([trace(1)], "a reason")
    delivery.tell_losses()
    delivery.close()
    store.error = None
    made(store).look(now=True)
    assert [(loss.n, loss.reason) for loss in store.told[before:]] == [(1, "a reason")]
    made(store).look(now=True)
    assert len(store.told) == before + 1


def test_a_damaged_file_is_counted_and_passed_over(
    delivery: Delivery, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.error = StoreUnavailable("away")
    delivery.send([trace(1), trace(2)])
    delivery.send([trace(3)])
    folder = delivery._spool.folder
    assert folder is not None
    first = sorted(folder.glob("*.traces"))[0]
    first.write_bytes(first.read_bytes()[:-3])
    store.error = None
    with caplog.at_level(logging.WARNING, logger="steelyard.tracing"):
        delivery.catch_up(now=True)
        delivery.catch_up(now=True)
    assert store.kept == ids(3)
    assert delivery._losses.total == 2
    assert "damaged" in caplog.text
    assert not delivery.waiting


def test_a_file_that_the_store_never_takes_does_not_hold_up_the_others(delivery: Delivery, store: Store) -> None:
    class Picky(Store):
        experiments: Any = type("Experiments", (), {"find": staticmethod(lambda name: None)})

        def put(self, traces: Sequence[Trace]) -> None:
            if self.error is None and any(one.info.request_time == 1 for one in traces):
                raise StoreUnavailable("the connection broke")
            super().put(traces)

    picky = Picky()
    delivery = made(picky)
    picky.error = StoreUnavailable("away")
    for number in (1, 2, 3):
        delivery.send([trace(number)])
    picky.error = None
    for _ in range(6):
        delivery.catch_up(now=True)
    assert sorted(picky.kept) == ids(2, 3)
    assert delivery.waiting


def test_memory_takes_what_the_disk_does_not_and_the_oldest_gives_way(
    delivery: Delivery, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_SPOOL_MAX_MB", "0")
    monkeypatch.setattr(trace_delivery, "_KEPT", 3)
    store.error = StoreUnavailable("away")
    for number in range(5):
        delivery.send([trace(number)])
    store.error = None
    delivery.catch_up(now=True)
    delivery.tell_losses()
    assert store.kept == ids(2, 3, 4)
    assert sum(loss.n for loss in store.told) == delivery._losses.total == 2


def test_a_trace_may_be_delivered_twice_and_is_there_once(delivery: Delivery, store_uri: str) -> None:
    real = open_store(store_uri)
    feedback = Feedback("good", value=True, trace_id=ids(1)[0], assessment_id="a-1")
    one = trace(1, assessments=(feedback,), tags={"a": "b"})
    for _ in range(2):
        real.traces.put([unpack_trace(pack_trace(one))])
    found = real.traces.get(ids(1)[0])
    assert (real.traces.count(["0"]), len(found.data.spans)) == (1, 1)
    assert [said.assessment_id for said in real.assessments.list(ids(1))[ids(1)[0]]] == ["a-1"]
    real.close()


def test_an_experiment_that_was_only_named_is_found_when_its_trace_is_delivered(store_uri: str) -> None:
    real = open_store(store_uri)
    delivery = Delivery(store_uri, lambda address: real, Losses(), shown=store_uri)
    delivery.send([trace(1, experiment_id="name:churn"), trace(2, experiment_id="name:churn")])
    found = real.experiments.find("churn")
    assert found is not None
    assert real.traces.count([found.experiment_id]) == 2
    real.close()


_BEGIN = """
import os, sys
os.environ["STEELYARD_EXPERIMENT_NAME"] = "named while away"
import steelyard
from steelyard.tracking import trace_writing
def nobody(address):
    raise steelyard.errors.StoreUnavailable("nobody is there")
trace_writing.get_store = nobody
steelyard.set_tracking_uri(sys.argv[1])
@steelyard.trace
def work(n): return n
for n in range(5): work(n)
"""


def test_a_trace_begins_in_the_right_experiment_while_the_store_is_away(store_uri: str) -> None:
    import steelyard

    done = subprocess.run([sys.executable, "-c", _BEGIN, store_uri], capture_output=True, text=True, check=True)
    assert "5 traces wait on disk" in done.stderr
    assert steelyard.flush_trace_async_logging()
    found = steelyard.get_experiment_by_name("named while away")
    assert found is not None
    assert len(steelyard.search_traces([found.experiment_id], return_type="list")) == 5
