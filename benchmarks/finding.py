"""How long it takes to find traces among a million spans: by the list, a filter, an order, a text.

    python benchmarks/finding.py                                     a SQLite store of 100,000 traces of 10 spans
    python benchmarks/finding.py --store postgresql://… --keep       in PostgreSQL; kept, and used again if it is there
    python benchmarks/finding.py --url http://127.0.0.1:5000 --keep  the same questions to a server over that store
    python benchmarks/finding.py --peer /path/to/python              beside MLflow, at the size of --peer-spans

Every question is asked in turns, so that a slow minute of the machine falls on all, and medians are quoted, in
milliseconds. The store writes the traces, its upkeep indexes their texts, and both are timed on the way.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measuring

GOAL_MS = 200
BEGIN_MS = 1_760_000_000_000
BATCH = 100
RARE, MIDDLING = "quicksilver", "pomegranate"  # in one trace of 20,000, and in one of 20
SPANS = (
    ("handle", "AGENT"),
    ("plan", "CHAIN"),
    ("search", "RETRIEVER"),
    ("rerank", "RERANKER"),
    ("answer", "CHAT_MODEL"),
    ("look up", "TOOL"),
    ("summarise", "LLM"),
    ("check", "GUARDRAIL"),
    ("parse", "PARSER"),
    ("reply", "CHAT_MODEL"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the store: a filter and an order, perhaps of a page far down the list."""

    what: str
    filter: str = ""
    order: tuple[str, ...] = ()
    deep: bool = False
    peer: bool = False
    """Whether the peer's language can say it."""


QUESTIONS = (
    Question("list, first page", peer=True),
    Question("list, deep page", deep=True),
    Question("span type, in every trace", "span.type = 'CHAT_MODEL'", peer=True),
    Question("span type, rare", "span.type = 'EVALUATOR'", peer=True),
    Question("span type, absent", "span.type = 'NONESUCH'", peer=True),
    Question("span name, common", "span.name = 'search'", peer=True),
    Question("span name, rare", "span.name = 'escalate'", peer=True),
    Question("span status ERROR", "span.status = 'ERROR'", peer=True),
    Question("span model and type", "span.model = 'model-3' AND span.type = 'EVALUATOR'"),
    Question("span attribute, absent value", "span.attributes.region = 'moon'"),
    Question("status ERROR", "status = 'ERROR'", peer=True),
    Question("status IN_PROGRESS, absent", "status = 'IN_PROGRESS'", peer=True),
    Question("score > 0.8", "feedback.quality > 0.8", peer=True),
    Question("score > 0.9999", "feedback.quality > 0.9999", peer=True),
    Question("score of a rare name", "feedback.escalated = true"),
    Question("ordered by score", order=("feedback.quality DESC",)),
    Question("ordered by score, deep", order=("feedback.quality",), deep=True),
    Question("ordered by a yes or no", order=("feedback.helpful",)),
    Question("tag, common", "tag.env = 'production'", peer=True),
    Question("tag, rare", "tag.env = 'canary'", peer=True),
    Question("ordered by tag", order=("tag.env",)),
    Question("ordered by tokens", order=("tokens DESC",)),
    Question("ordered by cost", order=("cost DESC",)),
    Question("cost over, rare", "cost > 0.0199"),
    Question("user", "user = 'user 77'"),
    Question("text, common word", "trace.text LIKE '%the %'", peer=True),
    Question("text, one in 20", f"trace.text LIKE '%{MIDDLING}%'"),
    Question("text, rare word", f"trace.text LIKE '%{RARE}%'", peer=True),
    Question("text, rare, any case", f"trace.text ILIKE '%{RARE.upper()}%'"),
    Question("text, absent word", "trace.text LIKE '%wolframite%'", peer=True),
    Question("span content, rare word", f"span.content LIKE '%{RARE}%'"),
    Question("two words", f"trace.text LIKE '%{MIDDLING}%' AND trace.text ILIKE '%{RARE}%'"),
    Question("word and status", f"trace.text LIKE '%{MIDDLING}%' AND status = 'ERROR'"),
    Question("common word and score", "trace.text LIKE '%the %' AND feedback.quality > 0.95"),
    Question("word or word", f"trace.text LIKE '%{RARE}%' OR trace.text LIKE '%wolframite%'"),
    Question("without a common word", "trace.text NOT LIKE '%the %'"),
    Question("without a rare word", f"trace.text NOT LIKE '%{RARE}%'"),
    Question("word, ordered by cost", f"trace.text LIKE '%{RARE}%'", order=("cost DESC",)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--store", help="the store's URL, as open_store takes it; a folder that goes away unless told")
    parser.add_argument("--keep", action="store_true", help="use what is there, and leave it")
    parser.add_argument("--url", help="a server over the store, asked the same")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="questions that hold this text")
    parser.add_argument("--peer", help="a Python with MLflow")
    parser.add_argument("--peer-spans", type=int, default=20_000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        measuring.report(lambda: _peer(Path(chosen.child), chosen.peer_spans, chosen.rounds))
        return
    with tempfile.TemporaryDirectory() as folder:
        _ask_all(chosen, chosen.store or f"sqlite:///{folder}/store.db")
        if chosen.peer:
            _beside_peer(chosen, Path(folder))


def _ask_all(chosen: argparse.Namespace, url: str) -> None:
    from steelyard.store import open_store

    store = open_store(url)
    questions = [question for question in QUESTIONS if chosen.only in question.what]
    try:
        n_traces = chosen.spans // len(SPANS)
        there = store.traces.count(["0"])
        if there and not chosen.keep:
            sys.exit(f"{url} holds {there:,} traces already; --keep uses them.")
        if not there:
            _fill(store, n_traces)
        _index(store)
        _tell_sizes(store)
        askers: dict[str, Callable[[Question, str | None], Any]] = {"store": _asker(store)}
        if chosen.url:
            askers["HTTP"] = _asker(open_store(chosen.url))
        _show(questions, _measure(questions, askers, store, chosen.rounds), store.traces.count(["0"]))
    finally:
        store.close()


def _fill(store: Any, n_traces: int) -> None:
    begin = time.perf_counter()
    for batch in _batches(n_traces):
        store.traces.put(batch, durable=False)
    took = time.perf_counter() - begin
    print(f"put {n_traces * len(SPANS):,} spans in {took:.0f} s, making them included")


def _index(store: Any) -> None:
    from steelyard.store.sql.text_index import TextIndex

    index = TextIndex(_database(store))
    begin, indexed = time.perf_counter(), 0
    while done := index.index_some(5.0):
        indexed += done
    took = time.perf_counter() - begin
    if indexed:
        print(f"indexed {indexed:,} traces in {took:.0f} s: {indexed / took:,.0f} a second")


def _database(store: Any) -> Any:
    return store._database  # noqa: SLF001 - what no user of the store can ask for is measured too


def _tell_sizes(store: Any) -> None:
    from sqlalchemy import func, select

    from steelyard.store.sql.text_index import TEXTS
    from steelyard.store.sql.text_schema import text_bits, text_open
    from steelyard.store.sql.trace_schema import spans

    texts = sum(func.coalesce(func.length(spans.c[name]), 0) for name in TEXTS)
    with _database(store).read() as connection:
        sizes = [
            connection.execute(select(func.coalesce(func.sum(size), 0))).scalar_one()
            for size in (texts, func.length(text_bits.c.bitmap), func.length(text_open.c.signature))
        ]
    text, *index = map(int, sizes)
    print(f"texts {text / 1e6:,.0f} MB, their index {sum(index) / 1e6:,.0f} MB ({sum(index) / text:.2f} of them)")


def _batches(n_traces: int) -> Iterator[list[Any]]:
    make = TraceMaker(n_traces)
    for begin in range(0, n_traces, BATCH):
        yield [make.trace(i) for i in range(begin, min(begin + BATCH, n_traces))]


class TraceMaker:
    """Makes traces that look like an application's, always the same ones."""

    def __init__(self, n_traces: int) -> None:
        self._n = n_traces
        self._random = random.Random(7)
        letters = "etaoinshrdlucmfwypvbgk"
        self._words = ["the", "of", "and", "a", "to", "in", "is", "you", "that", "it"]
        self._words += ["".join(self._random.choices(letters, k=self._random.randint(3, 10))) for _ in range(20_000)]
        weights = [1 / rank for rank in range(1, len(self._words) + 1)]
        self._stream = self._random.choices(self._words, weights, k=400_000)

    def text(self, n: int) -> str:
        at = self._random.randrange(len(self._stream) - n)
        return " ".join(self._stream[at : at + n])

    def trace(self, i: int) -> Any:
        from steelyard.records import Feedback, Trace, TraceData, TraceInfo, Usage

        draw = self._random
        trace_id = f"tr-{i:032x}"
        spans = tuple(self._span(trace_id, i, place) for place in range(len(SPANS)))
        said = [Feedback(name="quality", value=draw.random()), Feedback(name="helpful", value=draw.random() < 0.7)]
        if i % (self._n // 20 or 1) == 3:
            said.append(Feedback(name="escalated", value=True))
        failed = draw.random() < 0.02
        info = TraceInfo(
            trace_id=trace_id,
            request_time=BEGIN_MS + 900 * i,
            execution_duration=float(draw.randint(200, 9_000)),
            state="ERROR" if failed else "OK",
            request_preview=self.text(25),
            response_preview=self.text(60),
            usage=Usage(
                input_tokens=draw.randint(100, 4_000), output_tokens=draw.randint(1, 900), cost=draw.random() / 50
            ),
            tags={
                "mlflow.traceName": "handle",
                "env": "canary" if i % 5_000 == 11 else draw.choice(("production", "test")),
            },
            trace_metadata={"mlflow.trace.session": f"session {i // 8}", "mlflow.trace.user": f"user {i % 999}"},
            n_spans=len(spans),
            assessments=tuple(said),
        )
        return Trace(info, TraceData(spans))

    def _span(self, trace_id: str, i: int, place: int) -> Any:
        from steelyard.records import Span, SpanStatus, Usage

        draw = self._random
        name, kind = SPANS[place]
        if place == 7 and i % 5_000 == 42:
            name, kind = "escalate", "EVALUATOR"
        question = self.text(draw.randint(15, 60))
        if place == 4 and i % 20 == 5:
            question += f" {MIDDLING}"
        if place == 6 and i % 20_000 == 17:
            question += f" {RARE}"
        begin = (BEGIN_MS + 900 * i) * 1_000_000 + place * 50_000_000
        asked = kind in {"CHAT_MODEL", "LLM"}
        return Span(
            trace_id=trace_id,
            span_id=f"{i:08x}{place:08x}",
            parent_id=f"{i:08x}{0:08x}" if place else None,
            name=name,
            span_type=kind,
            start_time_ns=begin,
            end_time_ns=begin + 40_000_000,
            status=SpanStatus("ERROR" if draw.random() < 0.002 else "OK"),
            model=f"model-{i % 5}" if asked else "",
            usage=Usage(input_tokens=draw.randint(10, 900), output_tokens=draw.randint(1, 300)) if asked else None,
            inputs={"messages": [{"role": "user", "content": question}]},
            outputs={"content": self.text(draw.randint(20, 70))},
            attributes={
                "region": draw.choice(("eu", "us")),
                "request.id": f"{draw.getrandbits(64):016x}",
                "attempt": 1,
            },
        )


def _asker(store: Any) -> Callable[[Question, str | None], Any]:
    return lambda question, token: store.traces.search(
        ["0"], question.filter, order_by=question.order, max_results=100, page_token=token
    )


def _measure(
    questions: Sequence[Question], askers: dict[str, Callable[[Question, str | None], Any]], store: Any, rounds: int
) -> dict[tuple[str, str], list[float]]:
    tokens = {question.what: _deep_token(store, question) for question in questions if question.deep}
    for ask in askers.values():
        ask(questions[0], None)  # connections, caches of statements
    took: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for question in questions:
            for name, ask in askers.items():
                begin, cpu = time.perf_counter(), time.process_time()
                ask(question, tokens.get(question.what))
                took.setdefault((question.what, name), []).append(1_000 * (time.perf_counter() - begin))
                took.setdefault((question.what, f"{name}, CPU here"), []).append(1_000 * (time.process_time() - cpu))
    return took


def _deep_token(store: Any, question: Question) -> str | None:
    """Return a token half-way down the list."""
    half = store.traces.count(["0"]) // 2
    page = store.traces.search(["0"], question.filter, order_by=question.order, max_results=min(half, 50_000))
    return page.token


def _show(questions: Sequence[Question], took: dict[tuple[str, str], list[float]], n: int) -> None:
    names = list(dict.fromkeys(name for _, name in took))
    rows = [
        [question.what, *(f"{statistics.median(took[question.what, name]):.1f}" for name in names)]
        for question in questions
    ]
    measuring.table(f"{n:,} traces, median ms (goal: under {GOAL_MS})", rows, head=("", *names))
    slow = [row[0] for row in rows if float(row[1]) >= GOAL_MS]  # the store's wall time
    print(f"\nover the goal: {', '.join(slow) or 'none'}")


def _beside_peer(chosen: argparse.Namespace, folder: Path) -> None:
    store_url = f"sqlite:///{folder}/small.db"
    subprocess.run(
        [sys.executable, __file__, "--store", store_url, "--spans", str(chosen.peer_spans), "--rounds", "1"], check=True
    )
    command = [chosen.peer, __file__, "--child", str(folder), "--peer-spans", str(chosen.peer_spans), "--rounds", "3"]
    measured = measuring.run_child(command).extra
    rows = [[what, f"{ms:.0f}"] for what, ms in measured["medians"].items()]
    measuring.table(f"MLflow {measured['version']}, {chosen.peer_spans:,} spans, median ms", rows, head=("", "MLflow"))


def _peer(folder: Path, n_spans: int, rounds: int) -> dict[str, Any]:
    """Write traces of the same shape with MLflow's own client into its own store, and ask it the same."""
    import mlflow
    from mlflow.entities import SpanType

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    draw = random.Random(7)
    words = ["the", "of", *("".join(draw.choices("etaoinshrdlu", k=draw.randint(3, 10))) for _ in range(5_000))]
    trace_ids = []
    for i in range(n_spans // len(SPANS)):
        with mlflow.start_span(SPANS[0][0], span_type=SPANS[0][1]):
            mlflow.update_current_trace(tags={"env": draw.choice(("production", "test"))})
            for place, (name, kind) in enumerate(SPANS[1:], start=1):
                rare = place == 7 and i % 500 == 42
                with mlflow.start_span(
                    "escalate" if rare else name, span_type=SpanType.EVALUATOR if rare else kind
                ) as span:
                    span.set_inputs({"content": " ".join(draw.choices(words, k=40)) + (f" {RARE}" if rare else "")})
                    span.set_outputs({"content": " ".join(draw.choices(words, k=50))})
        trace_ids.append(str(mlflow.get_last_active_trace_id()))
    mlflow.flush_trace_async_logging()
    for trace_id in trace_ids:
        mlflow.log_feedback(trace_id=trace_id, name="quality", value=draw.random())
    medians = {}
    for question in QUESTIONS:
        if question.peer:
            took = [_peer_ms(mlflow, question) for _ in range(rounds)]
            medians[question.what] = statistics.median(took)
    return {"medians": medians, "version": mlflow.__version__}


def _peer_ms(mlflow: Any, question: Question) -> float:
    begin = time.perf_counter()
    mlflow.MlflowClient().search_traces(
        experiment_ids=["0"], filter_string=question.filter or None, max_results=100, include_spans=False
    )
    return 1_000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
