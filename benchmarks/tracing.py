"""What a traced call costs in the application, beside the bare OpenTelemetry SDK doing the same.

    python benchmarks/tracing.py

The same function is called in turns: as it is, decorated with ``@steelyard.trace``, and in a span of the bare SDK with
its arguments and its result as JSON attributes, a batch processor and an exporter that does nothing. Every round times
a block of each, so that a slow minute of the machine falls on all; medians over the rounds are quoted, less the
function alone. Between two blocks the background threads may finish. What ours spends there, turning spans into records
and writing them to a SQLite store, is quoted beside it.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measuring

GOAL = 1.5


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of call."""

    what: str
    inputs: dict[str, Any]
    children: int = 0


WORK = (
    Work("a question", {"question": "What is a steelyard?", "k": 3}),
    Work("3 kB of messages", {"messages": [{"role": "user", "content": "word " * 200} for _ in range(3)], "k": 3}),
    Work("with four inner calls", {"question": "What is a steelyard?", "k": 3}, children=4),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--calls", type=int, default=500, help="calls of each kind in a round")
    parser.add_argument("--child", choices=("store", "memory", "capture"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child == "capture":
        measuring.report(lambda: _captures(arguments.rounds, arguments.calls))
    elif arguments.child:
        measuring.report(lambda: _child(arguments.child, arguments.rounds, arguments.calls))
    else:
        _parent(arguments.rounds, arguments.calls)


def _parent(rounds: int, calls: int) -> None:
    head = ("", "bare SDK µs", "ours µs", "CPU ratio", "wall ratio", "goal", "background µs")
    for kind, told in (("memory", "traces thrown away"), ("store", "traces kept in a SQLite store")):
        done = _run(kind, rounds, calls)
        rows = [
            [
                work.what,
                f"{figures['bare']:.1f}",
                f"{figures['ours']:.1f}",
                f"{figures['ratio']:.2f}",
                f"{figures['wall_ratio']:.2f}",
                f"≤ {GOAL}",
                f"{figures['background']:.0f}",
            ]
            for work, figures in zip(WORK, done["works"], strict=True)
        ]
        measuring.table(f"A traced call, {told} ({rounds} rounds of {calls} calls)", rows, head=head)
        if done["lost"]:
            sys.exit(f"{done['lost']} traces were lost")
    captured = _run("capture", rounds, calls)
    measuring.table(
        "capture() around an untraced function, finish() included",
        [["one row", f"{captured['capture']:.1f}", "< 40"]],
        head=("", "µs", "goal"),
    )


def _run(kind: str, rounds: int, calls: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", kind, "--rounds", str(rounds), "--calls", str(calls)]
    return dict(measuring.run_child(command).extra)


def _child(kind: str, rounds: int, calls: int) -> dict[str, Any]:
    import steelyard
    from steelyard import tracing

    with tempfile.TemporaryDirectory() as folder:
        steelyard.set_tracking_uri(Path(folder))
        steelyard.set_experiment("benchmark")
        ours = _traced(steelyard.trace)
        if kind == "memory":
            tracing.set_sink(_Nowhere())
        bare = _in_bare_spans()
        works = [_measure(work, ours, bare, rounds, calls) for work in WORK]
        tracing.flush()
        lost = tracing.dropped()
        if kind == "store":
            made = len(WORK) * (rounds + 1) * calls
            kept = steelyard.tracking.get_store().traces.count([steelyard.tracking.active_experiment_id()])
            lost += max(made - kept, 0)
    return {"works": works, "lost": lost}


Calls = Callable[[Work], Callable[[], object]]


def _measure(work: Work, ours: Calls, bare: Calls, rounds: int, calls: int) -> dict[str, float]:
    from steelyard import tracing

    contenders = {"alone": _plain(work), "bare": bare(work), "ours": ours(work)}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        _block(call, calls)
    tracing.flush()
    behind = 0.0
    for _ in range(rounds):
        for name, call in contenders.items():
            spent = _block(call, calls)
            cpu[name].append(spent[0])
            wall[name].append(spent[1])
            before = time.process_time() - time.thread_time()
            tracing.flush()
            behind += time.process_time() - time.thread_time() - before
    return {
        "bare": _above(cpu, "bare"),
        "ours": _above(cpu, "ours"),
        "ratio": _above(cpu, "ours") / _above(cpu, "bare"),
        "wall_ratio": _above(wall, "ours") / _above(wall, "bare"),
        "background": behind / rounds / calls * 1e6,
    }


def _above(spent: dict[str, list[float]], name: str) -> float:
    return statistics.median(one - alone for one, alone in zip(spent[name], spent["alone"], strict=True))


def _block(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Return the CPU and the wall microseconds a call."""
    gc.collect()
    cpu, wall = time.thread_time(), time.perf_counter()
    for _ in range(calls):
        call()
    return (time.thread_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6


def _answer(**inputs: Any) -> dict[str, Any]:
    return {"answer": "A balance with one arm.", "sources": ["a", "b"]}


def _plain(work: Work) -> Callable[[], object]:
    def outer() -> object:
        for _ in range(work.children):
            _answer(**work.inputs)
        return _answer(**work.inputs)

    return outer


def _traced(trace: Any) -> Calls:
    def answer(question: str = "", k: int = 3, messages: Sequence[Any] = ()) -> dict[str, Any]:
        return _answer()

    inner = trace(answer)

    def of(work: Work) -> Callable[[], object]:
        if not work.children:
            return lambda: inner(**work.inputs)

        @trace
        def outer(question: str, k: int) -> object:
            for _ in range(work.children):
                inner(question=question, k=k)
            return _answer()

        return lambda: outer(**work.inputs)

    return of


def _in_bare_spans() -> Calls:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nothing(SpanExporter):
        def export(self, spans: Sequence[Any]) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nothing()))
    tracer = provider.get_tracer("bare")

    def inner(inputs: dict[str, Any], children: int = 0) -> object:
        with tracer.start_as_current_span("answer") as span:
            span.set_attribute("input.value", json.dumps(inputs))
            for _ in range(children):
                inner(inputs)
            result = _answer()
            span.set_attribute("output.value", json.dumps(result))
            return result

    return lambda work: lambda: inner(work.inputs, work.children)


class _Nowhere:
    """Takes traces and throws them away."""

    dropped = 0

    def __init__(self) -> None:
        from steelyard.tracing import Origin

        self._origin = Origin("1")

    def origin(self) -> Any:
        return self._origin

    def accept(self, finished: Any) -> None:
        """Keep nothing."""

    def flush(self, timeout: float) -> bool:
        return True


def _captures(rounds: int, calls: int) -> dict[str, float]:
    from steelyard.tracing import capture

    inputs, outputs = WORK[0].inputs, _answer()

    def once() -> None:
        with capture(experiment_id="1", tags={"mlflow.eval.requestId": "r"}, function=_answer) as captured:
            pass
        captured.finish(inputs=inputs, outputs=outputs)

    return {"capture": statistics.median(_block(once, calls)[0] for _ in range(rounds))}


if __name__ == "__main__":
    main()
