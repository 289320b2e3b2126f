"""kill -9 in the middle of commits: what was acknowledged is there, the books add up, and nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from back_ends import AT_HAND
from traces_made import entry, plan

from steelyard.records import Store

ROWS, BATCH = 100_000, 20

WRITER = """
import sys
sys.path.insert(0, sys.argv[4])
from traces_made import entry
from steelyard.store import open_store
url, run_id, begin = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(url)
for at in range(begin, 100_000, 20):
    store.ledgers.commit(run_id, [entry(row, "scored", "refused") for row in range(at, at + 20)])
    print(at, flush=True)
"""


def write_until_killed(url: str, run_id: str, begin: int, acknowledged: int) -> list[int]:
    """Commit batches in another process, kill it after some are acknowledged, and return which were."""
    command = [sys.executable, "-c", WRITER, url, run_id, str(begin), str(Path(__file__).parent)]
    writer = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(acknowledged)]
    os.killpg(writer.pid, signal.SIGKILL)
    rest, errors = writer.communicate()
    assert (writer.returncode, errors) == (-signal.SIGKILL, "")
    return [int(line) for line in [*lines, *rest.splitlines()] if line.strip()]


@AT_HAND
@pytest.mark.parametrize("kills", [(1, 9), (4, 2)], ids=lambda kills: f"{kills[0]}-then-{kills[1]}")
def test_after_kill_minus_nine_every_acknowledged_line_is_there_once(
    store: Store, store_url: str, run_id: str, kills: tuple[int, ...]
) -> None:
    store.ledgers.open(run_id, plan(ROWS, "a", "b"))
    acknowledged: set[int] = set()
    for count in kills:
        begin = max(0, max(acknowledged, default=0) - 3 * BATCH)  # a part of what is there is written again
        acknowledged |= set(write_until_killed(store_url, run_id, begin, count))
        if not store_url.startswith("sqlite"):
            wait_until_the_server_is_done(store)
        rows = [prediction.row for prediction in store.ledgers.predictions(run_id)]
        assert set(rows) >= {row for at in acknowledged for row in range(at, at + BATCH)}
        assert rows == list(range(len(rows))), "each once, and a batch wholly or not at all"
        assert len(rows) % BATCH == 0
        verdicts = [(v.row, v.scorer, v.outcome) for v in store.ledgers.verdicts(run_id)]
        assert verdicts == [line for row in rows for line in ((row, 0, "scored"), (row, 1, "refused"))]
        state = store.ledgers.state(run_id)
        assert state is not None
        assert [tally.pending for tally in state.scorers] == [ROWS - len(rows)] * 2
        assert [tally.outcomes["scored"] for tally in state.scorers] == [len(rows), 0]
        assert state.predictions["predicted"] == len(rows)
        assert store.traces.count([], run_id=run_id) == store.traces.count(["0"]) == len(rows)
        found = store.assessments.list([entry(row).prediction.trace_id or "" for row in rows])
        assert [len(said) for said in found.values()] == [1] * len(rows)


def wait_until_the_server_is_done(store: Store) -> None:
    """A server may still commit what the killed client had sent: its locks on the ledgers say when it is done."""
    with store._database.write() as connection:
        connection.exec_driver_sql("LOCK TABLE ledgers IN EXCLUSIVE MODE")
