"""A monitor on live traffic: what scoring every trace does to taking traces in, and how long a score takes to come.

``python benchmarks/monitoring.py`` starts ``steelyard ui`` on a store of its own and sends it traces at a steady rate
(1,000 spans a second, ten a trace, unless told), first as they are, then with a deterministic scorer that watches all
of them. The delay is from the moment at which a trace had settled to the moment at which its score was committed.
Then it sends as fast as it can, with and without the monitor, and waits until all is scored.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from ingest import (
    SPANS_OF_A_TRACE,
    Memory,
    Tally,
    Target,
    make_template,
    rows_of,
    send_closed,
    send_paced,
    start_steelyard,
)

from steelyard import tracking
from steelyard.genai.scorers import ResponseLength, ScorerSamplingConfig
from steelyard.records.monitor import Monitor
from steelyard.store import open_store
from steelyard.tracking.stores import close_stores

SPANS_OF_A_REQUEST = 50


def watch(folder: Path, *, settle: float) -> Monitor:
    """Have a scorer watch the experiment of the benchmark, before the server opens the store."""
    tracking.set_tracking_uri(f"sqlite:///{folder}/steelyard.db")
    experiment = tracking.set_experiment("benchmark").experiment_id
    config = ScorerSamplingConfig(settle_seconds=settle)
    ResponseLength(name="brief", max_length=300).start(experiment_id=experiment, sampling_config=config)
    (monitor,) = tracking.get_store().monitors.list([experiment])
    close_stores()
    return monitor


def delays_of(folder: Path) -> list[int]:
    """Return the delays of all scores, sorted, in milliseconds."""
    database = f"file:{folder}/steelyard.db?mode=ro"
    query = """
        SELECT json_extract(a.content, '$.create_time_ms') - w.settled_ms
        FROM monitor_work w JOIN assessments a ON a.trace = w.trace
        WHERE w.outcome = 'scored'
    """
    with sqlite3.connect(database, uri=True, timeout=60) as connection:
        return sorted(max(0, row[0]) for row in connection.execute(query))


def wait_until_scored(folder: Path, monitor: Monitor, traces: int) -> float:
    """Wait until so many traces are scored; return after how many seconds they were."""
    began = time.perf_counter()
    store = open_store(f"sqlite:///{folder}/steelyard.db")
    while time.perf_counter() - began < 600:
        standing = store.monitors.standing([monitor.monitor_id], now_ms=time.time_ns() // 1_000_000)
        if sum(standing[monitor.monitor_id].done.values()) >= traces:
            break
        time.sleep(0.2)
    store.close()
    return time.perf_counter() - began


def load(target: Target, *, rate: float | None, seconds: float) -> Tally:
    draw = random.Random(7)
    templates = [make_template(draw, n_spans=SPANS_OF_A_REQUEST, per_trace=SPANS_OF_A_TRACE) for _ in range(16)]
    if rate is None:
        return asyncio.run(send_closed(target, templates, connections=4, seconds=seconds))
    requests = rate / SPANS_OF_A_REQUEST
    return asyncio.run(send_paced(target, templates, rate=requests, connections=16, seconds=seconds))


def one_run(*, watched: bool, rate: float | None, options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        monitor = watch(folder, settle=options.settle) if watched else None
        server, url = start_steelyard(folder)
        headers = ["x-steelyard-experiment=benchmark"]
        target = Target(f"{url}/v1/traces", headers, server.pid, rows_of(f"{folder}/steelyard.db", "spans"))
        try:
            with Memory(server.pid) as memory:
                tally = load(target, rate=rate, seconds=options.seconds)
                after = 0.0
                if monitor is not None:
                    after = wait_until_scored(folder, monitor, tally.spans // SPANS_OF_A_TRACE)
            tell(tally, memory, after, delays_of(folder) if watched else [], rate=rate)
        finally:
            os.kill(server.pid, signal.SIGTERM)
            server.wait(60)
            print((folder / "server.log").read_text()[-1500:], file=sys.stderr)


def tell(tally: Tally, memory: Memory, after: float, delays: list[int], *, rate: float | None) -> None:
    how = "as fast as it goes" if rate is None else f"{rate:,.0f} spans/s asked for"
    cores = memory.cpu / (tally.seconds + after)
    print(
        f"{'with' if delays else 'without'} a monitor, {how}: {tally.spans / tally.seconds:,.0f} spans/s acknowledged"
    )
    print(
        f"  p50 {tally.quantile(0.5):.0f} ms, p99 {tally.quantile(0.99):.0f} ms; "
        f"server {memory.told()}, {cores:.2f} cores",
        flush=True,
    )
    if not delays:
        return
    rates = f"{len(delays):,} of {tally.spans // SPANS_OF_A_TRACE:,} traces scored"
    p50, p99, most = (delays[int(q * (len(delays) - 1))] / 1000 for q in (0.5, 0.99, 1.0))
    print(
        f"  {rates}; delay p50 {p50:.2f} s, p99 {p99:.2f} s, most {most:.2f} s; done {after:.1f} s after the last span",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=1000, help="spans a second")
    parser.add_argument("--settle", type=float, default=10, help="seconds until a trace has settled")
    options = parser.parse_args()
    for rate in (options.rate, None):
        for watched in (False, True):
            one_run(watched=watched, rate=rate, options=options)


if __name__ == "__main__":
    main()
