"""How long the dashboard of a month takes, from states of ten million spans; and what it costs to keep them right.

    python benchmarks/dashboard.py                               a SQLite store in a folder that goes away
    python benchmarks/dashboard.py --store postgresql://…        in an empty PostgreSQL database
    python benchmarks/dashboard.py --only catching-up            or dashboard, or recount

The month is 30 days of five-minute windows, 2,000,000 traces of five spans with the feedback of four scorers each: the
states of 200 windows are counted from random traces by the store's own functions and repeated over the month, hours and
days are merged from them as upkeep does. The dashboard asks for all that its page shows: volume, errors, quantiles of
latency, tokens, cost and each score with its interval, by day, by hour, and by day for each value of a tag.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

GOAL_MS = 500
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BEGIN = 20_000 * DAY
DAYS, TRACES = 30, 2_000_000
TEMPLATES = 200
SCORERS = ("correctness", "safety", "relevance", "helpfulness")
TAG = "tag.team"
PARTS = ("dashboard", "recount", "catching-up")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", help="the URL of an empty store; a folder that goes away unless told")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--busy", type=int, default=30_000, help="traces in a busy window of five minutes")
    parser.add_argument("--seconds", type=int, default=60, help="of 100 feedbacks each, to catch up with")
    parser.add_argument("--only", choices=PARTS)
    chosen = parser.parse_args()
    from steelyard.store import open_store

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(chosen.store or f"sqlite:///{folder}/store.db")
        try:
            for part in PARTS if chosen.only is None else (chosen.only,):
                {"dashboard": _dashboard, "recount": _recount, "catching-up": _catching_up}[part](store, chosen)
        finally:
            store.close()


def _dashboard(store: Any, chosen: argparse.Namespace) -> None:
    experiment = store.experiments.create("month").experiment_id
    begin = time.perf_counter()
    states = _fill(store, int(experiment))
    print(f"{TRACES:,} traces and {4 * TRACES:,} scores in {states:,} states ({time.perf_counter() - begin:.0f} s)")
    takes: dict[str, list[float]] = defaultdict(list)
    for _ in range(chosen.rounds):
        for what, question in _questions(store, experiment).items():
            takes[what].append(_ms(question))
        takes["the whole dashboard"].append(_ms(lambda: _whole_page(store, experiment)))
    for what, times in takes.items():
        print(f"{what:40} median {statistics.median(times):7.0f} ms   worst {max(times):7.0f} ms")
    whole = statistics.median(takes["the whole dashboard"])
    print(f"goal: under {GOAL_MS} ms: {'met' if whole < GOAL_MS else 'MISSED'}")


def _whole_page(store: Any, experiment: str) -> None:
    for question in _questions(store, experiment).values():
        question()


def _questions(store: Any, experiment: str) -> dict[str, Callable[[], int]]:
    """Return what the page asks, each answered with how many estimates it shows."""
    from steelyard.metrics import score_estimates, trace_estimates

    span = {"start_ms": BEGIN, "end_ms": BEGIN + DAYS * DAY}

    def traffic(step: int, by: str = "") -> int:
        windows = store.overview.windows([experiment], step_ms=step, by=by, **span)
        shown = [(trace_estimates.error_rate(w), trace_estimates.traffic(w)) for w in windows]
        return len(shown) + sum(len([trace_estimates.duration_of(w, q) for q in w.durations]) for w in windows)

    def scores(step: int, by: str = "") -> int:
        names = sorted({one.name for one in store.scores.names([experiment], **span)})
        found = [w for name in names for w in store.scores.windows([experiment], name, step_ms=step, by=by, **span)]
        return len(score_estimates.headlines(found))

    return {
        "traffic by day": lambda: traffic(DAY),
        "traffic by hour": lambda: traffic(HOUR),
        "traffic by day and team": lambda: traffic(DAY, TAG),
        "four scores by day": lambda: scores(DAY),
        "four scores by hour": lambda: scores(HOUR),
        "four scores by day and team": lambda: scores(DAY, TAG),
    }


def _fill(store: Any, experiment: int) -> int:
    """Write the states of a month; return how many."""
    from steelyard.records import Trace, TraceInfo
    from steelyard.store.sql.score_schema import score_windows
    from steelyard.store.sql.window_schema import trace_windows

    ends = [
        TraceInfo(trace_id=f"end {n}", experiment_id=str(experiment), request_time=BEGIN + n * (DAYS * DAY - 1))
        for n in (0, 1)
    ]
    store.traces.put([Trace(info) for info in ends])
    while store.upkeep.work(10).left:
        pass
    maker = random.Random(6)
    templates = [_template(maker, TRACES // (DAYS * 288)) for _ in range(TEMPLATES)]
    n = 0
    database = store._database  # noqa: SLF001 - states cannot be written otherwise
    with database.write() as connection:
        connection.execute(trace_windows.delete())
    for day in range(DAYS):
        chosen = [(BEGIN + day * DAY + i * 5 * MINUTE, maker.choice(templates)) for i in range(288)]
        traffic, scores = _day(chosen)
        with database.write() as connection:
            for table, rows in ((trace_windows, traffic), (score_windows, scores)):
                names = [column.name for column in table.columns]
                connection.execute(table.insert(), [dict(zip(names, (experiment, *row), strict=True)) for row in rows])
                n += len(rows)
    return n


def _template(maker: random.Random, n: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the counts of one window, by dimension: of traces, and of what was said of them."""
    import numpy as np

    from steelyard.store.sql.score_values import counts_of_feedback
    from steelyard.store.sql.windows_counts import counts_of

    values = {
        "": [""] * n,
        "name": [maker.choice(["chat", "search", "summarise"]) for _ in range(n)],
        "status": [maker.choice(["OK"] * 49 + ["ERROR"]) for _ in range(n)],
        "model": [maker.choice(["small", "large"]) for _ in range(n)],
        "tag.env": [maker.choice(["production"] * 19 + ["canary"]) for _ in range(n)],
        TAG: [f"team {maker.randrange(8)}" for _ in range(n)],
    }
    usage = [(maker.lognormvariate(7, 1), state, 900, 200, 0.004) for state in values["status"]]
    traffic = {by: counts_of([(0, v, *u) for v, u in zip(of, usage, strict=True)]) for by, of in values.items()}
    said = [(0, name, _content(maker, name)) for _ in range(n) for name in SCORERS]
    counts, versions = counts_of_feedback(said)
    everyone = np.arange(len(said))
    scores = {by: counts.taken(everyone).with_values([v for v in of for _ in SCORERS]) for by, of in values.items()}
    scores["version"] = counts.with_values([version or "" for version in versions])
    return (
        {by: part.regrouped(5 * MINUTE) for by, part in traffic.items()},
        {by: part.regrouped(5 * MINUTE) for by, part in scores.items()},
    )


def _content(maker: random.Random, name: str) -> str:
    source = '"source":{"source_type":"LLM_JUDGE"},"metadata":{"steelyard.scorer.version":"3"}'
    if maker.random() < 0.01:
        return f'{{{source},"error":{{"error_code":"timeout"}}}}'
    if name in SCORERS[:2]:
        return f'{{{source},"value":"{maker.choice(["yes"] * 9 + ["no"])}"}}'
    value = round(maker.betavariate(8, 2), 3) if name == "relevance" else maker.choice([1, 2, 3, 4, 4, 5, 5, 5])
    return f'{{{source},"value":{value}}}'


def _day(chosen: Sequence[tuple[int, Any]]) -> tuple[list[Any], list[Any]]:
    """Return the rows of a day: five minutes, hours and the day, merged as upkeep merges them."""
    from dataclasses import replace

    from steelyard.store.sql import score_counts, score_states, windows_counts, windows_recount

    traffic: list[Any] = []
    scores: list[Any] = []
    kinds = ((traffic, 0, windows_counts, windows_recount), (scores, 1, score_counts, score_states))
    for rows, place, counting, writing in kinds:
        for by in chosen[0][1][place]:
            parts = [replace(one[place][by], starts=one[place][by].starts + start) for start, one in chosen]
            counts = counting.together(parts)
            for width in (5 * MINUTE, HOUR, DAY):
                counts = counts.regrouped(width)
                of_width = writing.rows_of(counts)
                rows += [(width, by, *_in_order(row, by_name=place == 1)) for row in of_width]
    return traffic, scores


def _in_order(row: tuple[Any, ...], *, by_name: bool) -> tuple[Any, ...]:
    return (row[1], row[0], *row[2:]) if by_name else row


def _recount(store: Any, chosen: argparse.Namespace) -> None:
    from steelyard.records import Feedback

    experiment = store.experiments.create("busy").experiment_id
    ids = list(_traces(store, experiment, chosen.busy, within=5 * MINUTE))
    for first in range(0, len(ids), 500):
        some = ids[first : first + 500]
        store.assessments.add([Feedback(name, value=0.5 + len(i) / 100, trace_id=i) for i in some for name in "ab"])
    _settle(store)
    store.assessments.add([Feedback("a", value=True, trace_id=ids[0])])
    read = {"step_ms": HOUR, "start_ms": BEGIN, "end_ms": BEGIN + DAY}
    took, waiting = 0.0, _ms(lambda: store.scores.windows([experiment], "a", **read))
    while store.upkeep.backlog():  # a busy window rests for a while before it is counted again
        took = _ms(lambda: store.upkeep.work(30))
    counted = _ms(lambda: store.scores.windows([experiment], "a", **read))
    print(f"a window of {chosen.busy:,} traces with two feedbacks each: counted again in {took:.0f} ms")
    print(f"read while it waits: {waiting:.0f} ms; afterwards {counted:.1f} ms")


def _catching_up(store: Any, chosen: argparse.Namespace) -> None:
    from steelyard.records import Feedback

    experiment = store.experiments.create("live").experiment_id
    ids = list(_traces(store, experiment, 100 * chosen.seconds, within=15 * MINUTE))
    _settle(store)
    begin = time.perf_counter()
    for first in range(0, len(ids), 10):
        store.assessments.add([Feedback("live", value=0.5, trace_id=one) for one in ids[first : first + 10]])
    wrote = time.perf_counter() - begin
    begin = time.perf_counter()
    _settle(store)
    took = time.perf_counter() - begin
    print(f"{len(ids):,} feedbacks ({chosen.seconds} s of 100/s) written in {wrote:.1f} s, ten by ten; ", end="")
    print(f"upkeep caught up in {took:.2f} s, {100 * took / chosen.seconds:.1f}% of the time they took to come")


def _traces(store: Any, experiment: str, n: int, *, within: int) -> Iterator[str]:
    from steelyard.records import Span, Trace, TraceData, TraceInfo

    for first in range(0, n, 500):
        batch = []
        for k in range(first, min(first + 500, n)):
            trace_id = f"{experiment} {k}"
            at = BEGIN + k * within // n
            info = TraceInfo(
                trace_id=trace_id, experiment_id=experiment, request_time=at, tags={"team": f"team {k % 8}"}
            )
            call = Span(
                trace_id=trace_id,
                span_id=f"{k:016x}",
                parent_id=None,
                name="call",
                start_time_ns=at * 1_000_000,
                model="small",
            )
            batch.append(Trace(info, TraceData((call,))))
            yield trace_id
        store.traces.put(batch, durable=False)


def _settle(store: Any) -> None:
    while store.upkeep.work(10).left:
        time.sleep(0.01)


def _ms(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
