"""How long a reviewer waits: to be handed the next item, and for an answer to be saved, in queues of 20,000 items.

    python benchmarks/review.py                                     a SQLite store, in a folder that goes away
    python benchmarks/review.py --store postgresql://…              in PostgreSQL
    python benchmarks/review.py --store … --url http://127.0.0.1:5000   asked through a server over that store

Each queue gets its answers by the store's own calls, from four threads, and that is timed on the way. Then people ask
and answer one after the other; medians and maxima are quoted, in milliseconds.

level  three of five people answer each item, one after the other; the last sixth is open
ahead  four must answer, and one person has answered all but the last few: what they did has to be passed over
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import measuring

GOAL_MS = 20
BATCH = 1_000
PEOPLE = ("ada", "bob", "cyd", "dan", "eve")
LEFT = 100  # items that whoever is ahead has not answered


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its questions, filled."""

    name: str
    queue_id: str
    schema_id: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--store", help="the store's URL, as open_store takes it; a folder that goes away unless told")
    parser.add_argument("--url", help="a server over the store, asked in its place")
    parser.add_argument("--rounds", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _run(chosen, chosen.store or f"sqlite:///{folder}/store.db")


def _run(chosen: argparse.Namespace, url: str) -> None:
    from steelyard.store import open_store

    with open_store(url) as store:
        _put_traces(store, chosen.items)
        level = _fill(store, "level", chosen.items, overlap=3, who=lambda n: _level(n, chosen.items))
        ahead = _fill(store, "ahead", chosen.items, overlap=4, who=lambda n: _ahead(n, chosen.items))
        asked = open_store(chosen.url) if chosen.url else store
        rows = []
        for queue, reviewer in ((level, "ada"), (level, "new"), (ahead, "ada"), (ahead, "new")):
            rows.append([f"{queue.name}, {reviewer}", *_shown(_work(asked, queue, reviewer, chosen.rounds))])
        begin = time.perf_counter()
        n_reviewed = len(asked.reviews.reviewed(ahead.queue_id))
        took = time.perf_counter() - begin
    head = ("", "next, median", "most", "answer, median", "most")
    measuring.table(f"{chosen.items:,} items, ms (goal: under {GOAL_MS})", rows, head=head)
    print(f"\n{n_reviewed:,} items read with all that was said to them in {took:.2f} s")


def _put_traces(store: Any, n: int) -> None:
    from steelyard.records import Trace, TraceData, TraceInfo

    for begin in range(0, n, BATCH):
        infos = [TraceInfo(trace_id=_trace_id(i), request_time=1_000 + i) for i in range(begin, min(begin + BATCH, n))]
        store.traces.put([Trace(info, TraceData(())) for info in infos], durable=False)


def _fill(store: Any, name: str, n: int, *, overlap: int, who: Callable[[int], Sequence[str]]) -> Queue:
    from steelyard.records import InputPassFail, ItemDraft, QueueRules

    unique = f"{name} {time.time_ns()}"
    schema_id = store.label_schemas.create("0", unique, input=InputPassFail()).schema_id
    made = store.reviews.create("0", unique, schema_ids=[schema_id], rules=QueueRules(overlap=overlap))
    queue = Queue(name, made.queue_id, schema_id)
    begin = time.perf_counter()
    items = store.reviews.add(queue.queue_id, [ItemDraft(trace_id=_trace_id(i)) for i in range(n)])
    added = time.perf_counter() - begin
    begin = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        said = [(item.item_id, reviewer) for i, item in enumerate(items) for reviewer in who(i)]
        for _ in pool.map(lambda one: store.reviews.answer(_draft(queue, *one)), said):
            pass
    took = time.perf_counter() - begin
    speed = f"{len(said):,} answers in {took:.0f} s: {len(said) / took:,.0f} a second"
    print(f"{name}: {n:,} items added in {added:.1f} s, {speed}")
    return queue


def _level(i: int, n: int) -> Sequence[str]:
    return [PEOPLE[(i + k) % len(PEOPLE)] for k in range(3)] if i < n * 5 // 6 else ()


def _ahead(i: int, n: int) -> Sequence[str]:
    others = (PEOPLE[1 + i % 4], *(("zoe",) if i % 2 else ()))
    return others if i >= n - LEFT else ("ada", *others)


def _work(store: Any, queue: Queue, reviewer: str, rounds: int) -> tuple[list[float], list[float]]:
    asking, answering = [], []
    store.reviews.get(queue.queue_id)  # connections, caches of statements
    for _ in range(rounds):
        begin = time.perf_counter()
        item = store.reviews.next(queue.queue_id, reviewer)
        asking.append(1_000 * (time.perf_counter() - begin))
        begin = time.perf_counter()
        store.reviews.answer(_draft(queue, item.item_id, reviewer))
        answering.append(1_000 * (time.perf_counter() - begin))
    return asking, answering


def _draft(queue: Queue, item_id: str, reviewer: str) -> Any:
    from steelyard.records import AnswerDraft, LabelAnswer

    return AnswerDraft(
        item_id=item_id,
        reviewer=reviewer,
        labels=(LabelAnswer(schema_id=queue.schema_id, value=crc32(f"{item_id} {reviewer}".encode()) % 5 > 0),),
        submission_id=f"{item_id} {reviewer}",
        seconds=3.0,
    )


def _shown(took: tuple[list[float], list[float]]) -> list[str]:
    return [f"{figure:.1f}" for one in took for figure in (statistics.median(one), max(one))]


def _trace_id(i: int) -> str:
    return f"tr-{i:032x}"


if __name__ == "__main__":
    main()
