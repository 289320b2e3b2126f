"""Pages at size: milliseconds on the server, bytes over the wire, time to idle in Chromium.

A store of 10,000 small runs and a run of 10^6 rows is made first (about a minute). Prints a table; ``--json``
prints the figures. The limits are those that the pages promise: 200 ms on the server, 400 KB over the wire, one second
to idle.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uvicorn
from starlette.testclient import TestClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "web"))

import sample_runs  # noqa: E402

from steelyard.records import DatasetRef, EvaluationSummary, Store  # noqa: E402
from steelyard.server import create_app  # noqa: E402
from steelyard.store import open_store  # noqa: E402

REPEATS = 7


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One page. ``first_ms`` is the first request of this process to it, ``ms`` the median of the next ones."""

    page: str
    first_ms: float
    ms: float
    wire_kb: float
    idle_ms: float | None = None


def million_rows(store: Store, n: int) -> str:
    """Keep a run whose rows.parquet has ``n`` rows, a text column among them."""
    random = np.random.default_rng(0)
    words = np.array(
        [
            "the",
            "router",
            "fan",
            "stops",
            "again",
            "after",
            "update",
            "nobody",
            "answers",
            "charged",
            "twice",
            "great",
            "service",
            "installer",
            "log",
        ]
    )
    probability = random.beta(2, 2, n)
    truth = random.random(n) < probability
    label = np.array(["no", "yes"])
    category = np.array(["billing", "technical_support", "product_A", "product_B"])[random.integers(0, 4, n)]
    loss = -np.log(np.where(truth, probability, 1 - probability))
    rows = pa.table(
        {
            "row_id": [f"{i * 2654435761 % 2**64:016x}" for i in range(n)],
            "row_index": np.arange(n),
            "text": [" ".join(line) for line in words[random.integers(0, len(words), (n, 12))]],
            "age": random.integers(18, 90, n),
            "target": label[truth.astype(int)],
            "prediction": label[(probability > 0.5).astype(int)],
            "probability": probability,
            "outcome": np.full(n, "scored"),
            "correct": truth == (probability > 0.5),
            "loss": loss,
            "slice:category": category,
        }
    )
    run = store.runs.create("0", run_name="a million rows").info.run_id
    sink = io.BytesIO()
    pq.write_table(rows, sink, row_group_size=65_536, compression="zstd")
    store.artifacts.put(run, "rows.parquet", sink.getvalue())
    summary = EvaluationSummary(
        task="binary",
        model_type="classifier",
        dataset=DatasetRef(name="large", digest="0" * 16, n_rows=n),
        labels=("no", "yes"),
        n_rows=n,
        outcomes={"scored": n},
        rows_path="rows.parquet",
    )
    store.artifacts.put(run, "evaluation.json", msgspec.json.encode(summary))
    return run


def pages(sample: sample_runs.Sample, large: str) -> dict[str, str]:
    crowd = f"/experiments/{sample.crowd}/runs"
    rows = f"/runs/{large}/rows"
    return {
        "experiments": "/",
        "runs": crowd,
        "runs, by a metric": f"{crowd}?order=metrics.accuracy_score+DESC",
        "runs, filtered": f"{crowd}?filter=metrics.accuracy_score+%3E+0.9+AND+params.depth+%3D+%273%27",
        "run": f"/runs/{sample.candidate}",
        "compare": f"/compare?runs={sample.candidate},{sample.baseline}",
        "rows": rows,
        "rows, worst first": f"{rows}?order=-loss",
        "rows, wrong in a slice": f"{rows}?correct=no&where=slice%3Acategory+%3D+billing&where=age+%3E+60&order=-loss",
        "rows, text contains": f"{rows}?contains=nobody+answers",
        "rows, deep": f"{rows}?order=-loss&after=500000",
        "row": f"{rows}/700000",
    }


def on_the_server(store: Store, paths: dict[str, str]) -> list[Figures]:
    figures = []
    with TestClient(create_app(store), base_url="http://localhost") as client:
        client.get("/health")
        for name, path in paths.items():
            times = []
            for _ in range(REPEATS + 1):
                start = time.perf_counter()
                answer = client.get(path)
                times.append(1000 * (time.perf_counter() - start))
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status_code}")
            wire = len(gzip.compress(answer.content, 5)) / 1000
            figures.append(Figures(page=name, first_ms=times[0], ms=statistics.median(times[1:]), wire_kb=wire))
    return figures


def in_the_browser(store: Store, paths: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Return, by page, milliseconds to idle and KB over the wire with everything a page loads, the cache empty."""
    from playwright.sync_api import sync_playwright

    server = uvicorn.Server(uvicorn.Config(create_app(store), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    found = {}
    with sync_playwright() as playwright:
        path = os.environ.get("STEELYARD_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        browser.new_page().goto(f"http://127.0.0.1:{port}/health")
        for name, address in paths.items():
            times, sizes = [], []
            for _ in range(3):
                page = browser.new_context().new_page()
                start = time.perf_counter()
                page.goto(f"http://127.0.0.1:{port}{address}", wait_until="load")
                page.evaluate("() => new Promise(done => requestIdleCallback(done))")
                times.append(1000 * (time.perf_counter() - start))
                sizes.append(
                    page.evaluate(
                        "() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
                        ".reduce((sum, entry) => sum + entry.transferSize, 0) / 1000"
                    )
                )
                page.context.close()
            found[name] = (statistics.median(times), statistics.median(sizes))
        browser.close()
    server.should_exit = True
    thread.join(5)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        sample = sample_runs.fill(store, crowd=asked.runs)
        paths = pages(sample, million_rows(store, asked.rows))
        figures = on_the_server(store, paths)
        idle = in_the_browser(store, paths)
        store.close()
    told = [{**asdict(f), "idle_ms": idle[f.page][0], "wire_kb": idle[f.page][1]} for f in figures]
    if asked.json:
        print(json.dumps(told, indent=1))
        return
    print(f"{'page':26}{'first ms':>10}{'ms':>8}{'KB, all':>10}{'idle ms':>10}")
    for f in told:
        print(f"{f['page']:26}{f['first_ms']:10.0f}{f['ms']:8.0f}{f['wire_kb']:10.0f}{f['idle_ms']:10.0f}")


if __name__ == "__main__":
    main()
