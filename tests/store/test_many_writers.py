"""Many processes and threads at once: no lock is ever seen, and what was acknowledged is there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from back_ends import AT_HAND

from steelyard.errors import AlreadyExists
from steelyard.records import Metric, Store

PROCESSES, BATCHES = 8, 40

WRITER = """
import sys
from steelyard.records import Metric
from steelyard.store import open_store
url, run_id, who, batches = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = open_store(url)
for step in range(batches):
    store.runs.log_batch(run_id, metrics=[Metric(f"m{who}", float(step), step, step), Metric("shared", 1.0, who, step)],
                         params={f"p{who}.{step}": "x"}, tags={"last": str(who)}, durable=step % 2 == 0)
    if step % 10 == 0:
        store.artifacts.put(run_id, f"{who}/{step}.txt", b"same content")
    print(step, flush=True)
"""


def start_writer(url: str, run_id: str, who: int, batches: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, run_id, str(who), str(batches)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def test_eight_processes_write_at_once_and_everything_acknowledged_is_there(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    run_id = store.runs.create("0").info.run_id
    writers = [start_writer(store_url, run_id, who, BATCHES) for who in range(PROCESSES)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert (writer.returncode, errors) == (0, "")
    for who in range(PROCESSES):
        assert [m.value for m in store.runs.metric_history(run_id, f"m{who}")] == [float(i) for i in range(BATCHES)]
    assert len(store.runs.metric_history(run_id, "shared")) == PROCESSES * BATCHES
    assert len(store.runs.get(run_id).data.params) == PROCESSES * BATCHES
    assert len(list(store.artifacts.walk(run_id))) == PROCESSES * 4
    assert len([f for f in (tmp_path / "artifacts" / "blobs").rglob("*") if f.is_file()]) == 1


@pytest.mark.parametrize("lines", [1, 7, 23, 60])
def test_after_kill_minus_nine_everything_acknowledged_is_there_and_the_file_is_whole(
    store: Store, store_url: str, lines: int
) -> None:
    run_id = store.runs.create("0").info.run_id
    writer = start_writer(store_url, run_id, 0, 1_000_000)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(lines)]
    os.killpg(writer.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in writer.communicate()[0].splitlines() if line.strip()]
    assert writer.returncode == -signal.SIGKILL
    steps = [m.step for m in store.runs.metric_history(run_id, "m0")]
    assert steps[: len(acknowledged)] == acknowledged
    data = store.runs.get(run_id).data  # one snapshot: a server may still commit what the killed client had sent
    assert len(data.params) == data.metrics["m0"] + 1, "a batch is there wholly or not at all"
    store.runs.log_batch(run_id, metrics=[Metric("after", 1.0)])
    if store_url.startswith("sqlite"):
        connection = sqlite3.connect(store_url.removeprefix("sqlite:///").partition("?")[0])
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()


def run_threads(work, count: int) -> list[BaseException]:
    """Run ``work(number)`` in threads that begin together; return what they raised."""
    together, failures = threading.Barrier(count), []

    def one(number: int) -> None:
        together.wait()
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


@AT_HAND
def test_a_run_is_read_at_one_moment(store: Store, run_id: str) -> None:
    """Every statement of a read sees the same state, whatever is committed between them."""
    store.runs.log_batch(run_id, tags={"k": "1"})
    with store._database.read() as connection:
        before = connection.exec_driver_sql("SELECT value FROM tags").scalar()
        store.runs.log_batch(run_id, tags={"k": "2"})
        assert connection.exec_driver_sql("SELECT value FROM tags").scalar() == before == "1"


def test_threads_share_one_store(store: Store, run_id: str) -> None:
    def work(number: int) -> None:
        for step in range(25):
            store.runs.log_batch(run_id, metrics=[Metric(f"m{number}", 1.0, 0, step)], durable=step % 3 == 0)
            store.search.search(["0"], order_by=["metrics.m0"])

    assert run_threads(work, 12) == []
    assert [len(store.runs.metric_history(run_id, f"m{n}")) for n in range(12)] == [25] * 12


def test_in_a_shared_commit_one_failure_fails_nobody_else(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, params={"taken": "1"})

    def work(number: int) -> None:
        for step in range(20):
            params = {"taken": "2"} if number % 2 else {f"p{number}.{step}": "x"}
            try:
                store.runs.log_batch(run_id, params=params, tags={f"t{number}.{step}": "x"})
            except AlreadyExists:
                assert number % 2, "only the odd ones may fail"
            else:
                assert number % 2 == 0, "the odd ones must fail"

    assert run_threads(work, 8) == []
    data = store.runs.get(run_id).data
    assert len(data.params) == 1 + 4 * 20
    assert len(data.tags) == 4 * 20


def test_batches_over_the_same_keys_in_any_order_do_not_deadlock(store: Store, run_id: str) -> None:
    keys = [f"k{i}" for i in range(12)]

    def work(number: int) -> None:
        for step in range(15):
            order = keys if number % 2 else keys[::-1]
            metrics = [Metric(key, float(number), number, step) for key in order]
            store.runs.log_batch(run_id, metrics=metrics, tags=dict.fromkeys(order, str(number)))

    assert run_threads(work, 6) == []


def fork(work: Callable[[], None]) -> int:
    """Run ``work`` in a fork, for ten seconds at most, and return its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(10)
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_store_goes_on_in_both_processes_after_a_fork(store: Store, run_id: str) -> None:
    store.runs.log_batch(run_id, metrics=[Metric("parent", 1.0)])

    def work() -> None:
        store.runs.log_batch(run_id, metrics=[Metric("child", 1.0)])
        assert store.runs.get(run_id).data.metrics == {"parent": 1.0, "child": 1.0}
        store.close()

    assert exit_code(fork(work)) == 0
    store.runs.log_batch(run_id, metrics=[Metric("later", 1.0)])
    assert set(store.runs.get(run_id).data.metrics) == {"parent", "child", "later"}


@AT_HAND
@pytest.mark.parametrize("kind", ["read", "write"])
def test_a_fork_while_another_thread_uses_the_store_waits_for_it(store: Store, run_id: str, kind: str) -> None:
    begun, ended = threading.Event(), threading.Event()

    def use() -> None:
        with getattr(store._database, kind)() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM experiments" if kind == "read" else "DELETE FROM tags")
            begun.set()
            ended.wait(0.2)  # long enough for the fork to be asked for meanwhile

    thread = threading.Thread(target=use)
    thread.start()
    begun.wait()
    child = fork(lambda: store.runs.log_batch(run_id, tags={"child": "x"}))
    thread.join()
    assert exit_code(child) == 0
    store.runs.log_batch(run_id, tags={"parent": "x"})
    assert store.runs.get(run_id).data.tags == {"child": "x", "parent": "x"}


@AT_HAND
def test_the_log_outlives_a_parent_that_closes_first(store: Store, run_id: str) -> None:
    """The last connection to close deletes the log: a parent must not take its child's away."""
    store.runs.log_batch(run_id, tags={"before": "x"})
    read, write = os.pipe()

    def work() -> None:
        store.runs.log_batch(run_id, tags={"child": "1"})
        os.read(read, 1)  # until the parent has closed
        store.runs.log_batch(run_id, tags={"child": "2"})

    child = fork(work)
    while "child" not in store.runs.get(run_id).data.tags:
        pass
    store.close()
    os.write(write, b"x")
    assert exit_code(child) == 0
    os.close(read)
    os.close(write)
    assert store.runs.get(run_id).data.tags == {"before": "x", "child": "2"}


@AT_HAND
def test_a_fork_uses_no_connection_of_its_parent(store: Store) -> None:
    def connections() -> list[object]:
        with store._database.read() as reader, store._database.write() as writer:
            return [c.connection.dbapi_connection for c in (reader, writer)]

    inherited = connections()  # kept alive: no new connection can have the identity of an old one

    def work() -> None:
        assert not any(mine is theirs for mine in connections() for theirs in inherited)

    assert exit_code(fork(work)) == 0


def test_the_same_artifact_is_put_and_deleted_by_many_and_its_content_stays_while_it_is_named(store: Store) -> None:
    runs = [store.runs.create("0").info.run_id for _ in range(6)]

    def work(number: int) -> None:
        for _ in range(8):
            store.artifacts.put(runs[number], "a", b"shared by all")
            assert store.artifacts.read(runs[number], "a") == b"shared by all"
            store.artifacts.delete(runs[number], "a")

    assert run_threads(work, 6) == []
