"""Each thread and each task has its own active run; a forked child logs to its parent's and never ends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from steelyard import tracking


def test_threads_do_not_see_each_others_runs() -> None:
    barrier = Barrier(8)

    def work(number: int) -> tuple[int, str]:
        assert tracking.active_run() is None
        with tracking.start_run(run_name=f"thread-{number}") as run:
            barrier.wait(timeout=30)
            for step in range(20):
                tracking.log_metric("number", number, step=step)
            assert tracking.active_run() is run
        return number, run.info.run_id

    with tracking.start_run() as outer, ThreadPoolExecutor(8) as pool:
        ran = list(pool.map(work, range(8)))
        assert tracking.active_run() is outer
    for number, run_id in ran:
        run = tracking.get_run(run_id)
        assert run.data.metrics == {"number": number}
        assert "mlflow.parentRunId" not in run.data.tags
        assert len(tracking.MlflowClient().get_metric_history(run_id, "number")) == 20


def test_tasks_do_not_see_each_others_runs() -> None:
    async def work(number: int) -> tuple[int, str]:
        with tracking.start_run(nested=True) as run:
            for step in range(5):
                tracking.log_metric("number", number, step=step)
                await asyncio.sleep(0)
            assert tracking.active_run() is run
        return number, run.info.run_id

    async def main() -> list[tuple[int, str]]:
        return list(await asyncio.gather(*(work(number) for number in range(6))))

    with tracking.start_run() as outer:
        ran = asyncio.run(main())
        assert tracking.active_run() is outer
    for number, run_id in ran:
        run = tracking.get_run(run_id)
        assert run.data.metrics == {"number": number}
        assert run.data.tags["mlflow.parentRunId"] == outer.info.run_id


def test_a_run_that_another_task_ended_is_active_no_more() -> None:
    run = tracking.start_run()

    async def end() -> None:
        run.__exit__(None, None, None)

    asyncio.run(end())
    assert tracking.active_run() is None
    with tracking.start_run() as another:
        assert tracking.active_run() is another


_FORKING = """
import os, sys
import steelyard
steelyard.set_tracking_uri(sys.argv[1])
with steelyard.start_run() as run:
    steelyard.log_metric("parent", 1)
    child = os.fork()
    if child == 0:
        steelyard.log_metric("child", 2)
        sys.exit(0)  # leaves the block and runs the exit handlers
    os.waitpid(child, 0)
    status = steelyard.get_run(run.info.run_id).info.status
    steelyard.log_metric("after", 3)
print(run.info.run_id, status)
"""


def test_a_forked_child_logs_to_the_run_and_does_not_end_it(store_uri: str) -> None:
    done = subprocess.run([sys.executable, "-c", _FORKING, store_uri], capture_output=True, text=True, check=True)
    run_id, status_after_child = done.stdout.split()
    assert status_after_child == "RUNNING"
    run = tracking.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"parent": 1.0, "child": 2.0, "after": 3.0}
