"""Fills a store with evaluations of an application as people have them, through the ports: finished and running ones.

All is simulated from a seed: a support agent with a retriever, tools and a chat model, judged by four scorers of which
one always fails; all six outcomes occur."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq

from steelyard.records import (
    APPLICATION_PATH,
    REQUEST_ID_TAG,
    ROWS_PATH,
    RUN_KEY,
    SESSION_KEY,
    SUMMARY_PATH,
    TRACE_NAME_TAG,
    ApplicationSummary,
    AssessmentSource,
    Feedback,
    LedgerEntry,
    LedgerPlan,
    PlannedScorer,
    Prediction,
    Span,
    SpanEvent,
    SpanStatus,
    Store,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
    Verdict,
)

ROWS, REPEATS = 60, 2
SCORERS = ("correctness", "brevity", "tone", "json_schema")
JUDGES = {"correctness": "openai:/gpt-4.1", "tone": "openai:/gpt-4.1-mini"}
TONES = ("polite", "neutral", "curt")
CHANNELS = ("web", "phone", "mail")
HOUR = 3_600_000
TOPICS = (
    ("You charged me twice for the same router. Please send one of the two payments back.", "refund one line, 89.00"),
    ("How do I reset the password of my mail account?", "link to the reset form"),
    ("The installer stops at 87% and says nothing. What can I do?", "clear the cache and start again"),
    ("Where is my parcel? It should have come on Tuesday.", "tracking number and the new date"),
    ("Can I change the address of an order that has not been shipped?", "yes, in the account"),
    ("My contract ends in May. Do I have to give notice?", "notice of one month"),
)
REASONS = {
    True: "The answer names the clause and refunds the duplicate line only, as was expected.",
    False: "The answer promises a refund of both lines. Clause 4.2 allows the refund of the duplicate only.",
}


@dataclass(frozen=True)
class Applications:
    """The ids of what was made."""

    experiment: str
    candidate: str
    baseline: str
    running: str
    stopped: str
    hostile: str
    renamed: str
    hostile_trace: str


def fill(store: Store, *, hostile: tuple[str, ...], now: int | None = None) -> Applications:
    """Fill a store with evaluated applications."""
    now = now or int(time.time() * 1000)
    experiment = store.experiments.create("support-agent").experiment_id
    baseline = evaluated(store, experiment, "prompt-v1", skill=0.86, seed=1, start=now - 5 * HOUR)
    candidate = evaluated(store, experiment, "prompt-v2", skill=0.74, seed=2, start=now - 2 * HOUR)
    store.experiments.set_tag(experiment, "steelyard.baseline", baseline)
    elsewhere = store.experiments.create("hostile application").experiment_id
    attacked = evaluated(store, elsewhere, "hostile", skill=0.6, seed=3, start=now - HOUR, words=hostile)
    return Applications(
        experiment=experiment,
        candidate=candidate,
        baseline=baseline,
        running=running(store, experiment, "prompt-v3", start=now - 40_000),
        stopped=running(store, experiment, "prompt-v3b", start=now - HOUR, killed=True),
        hostile=attacked,
        renamed=renamed(store, attacked, hostile),
        hostile_trace=hostile_trace(store, elsewhere, hostile),
    )


@dataclass(frozen=True)
class Row:
    """One simulated row and repeat."""

    index: int
    repeat: int
    row_id: str
    inputs: Mapping[str, Any]
    expected: str
    output: str
    channel: str
    session: str
    entry: LedgerEntry


def simulate(
    run_id: str, experiment: str, *, skill: float, seed: int, start: int, words: tuple[str, ...] = ()
) -> list[Row]:
    """Return what became of every row and repeat; ``words`` stand in place of texts, to be hostile with."""
    shared, own = np.random.default_rng(7), np.random.default_rng(seed)
    hardness = shared.random(ROWS)
    made = []
    for index in range(ROWS):
        for repeat in range(REPEATS):
            made.append(_row(run_id, experiment, index, repeat, float(hardness[index]), skill, own, start, words))
    return made


def _row(run_id, experiment, index, repeat, hardness, skill, own, start, words):
    question, expected = TOPICS[index % len(TOPICS)]
    question = f"{question} (case {index})"
    channel = CHANNELS[index % 3] if index % 10 else ""
    if words:
        question, expected, channel = words[index % len(words)], words[(index + 1) % len(words)], words[index % 3]
    row_id = f"case-{index:04d}"
    session = f"s-{index // 3:03d}"
    right = bool(own.random() < skill + 0.35 * (0.5 - hardness))
    output = (
        f"I have looked into case {index}. "
        + ("I will refund one line, 89.00, as clause 4.2 says." if right else "I will refund both lines, 178.00.")
        + (" Is there anything else?" if repeat else "")
    )
    if words:
        output = words[(index + repeat) % len(words)]
    failed, over = index == 11, index == 59 and repeat == 1
    took = float(own.gamma(4.0, 0.35))
    begun = start + index * 700 + repeat * 120
    trace_id = f"tr-{hash_id(run_id, index, repeat)}"
    trace = agent_trace(
        trace_id, experiment, run_id, question, output, begun, took, session=session, failed=failed, words=words
    )
    usage = Usage(input_tokens=1200 + 7 * index, output_tokens=80 + index, cost=0.0021 + index * 1e-5)
    prediction = Prediction(
        row=index,
        repeat=repeat,
        row_id=row_id,
        outcome="over_budget" if over else "predict_failed" if failed else "predicted",
        trace_id=None if over else trace_id,
        output=None if over or failed else output,
        error="TimeoutError: get_invoice did not answer within 2 s" if failed else "",
        latency=None if over else took,
        usage=None if over else usage,
    )
    verdicts = tuple(
        _verdict(place, index, repeat, trace_id, prediction, right, own, words) for place in range(len(SCORERS))
    )
    entry = LedgerEntry(prediction=prediction, trace=None if over else trace, verdicts=verdicts)
    inputs = {"question": question}
    return Row(index, repeat, row_id, inputs, expected, output, channel, session, entry)


def _verdict(place, index, repeat, trace_id, prediction, right, own, words):
    name = SCORERS[place]
    base = {"row": index, "repeat": repeat, "scorer": place}
    if prediction.outcome != "predicted":
        why = "the prediction failed" if prediction.outcome == "predict_failed" else "max_cost was reached"
        return Verdict(**base, outcome=prediction.outcome, error=why)
    if name == "json_schema":
        return Verdict(**base, outcome="scorer_error", error="KeyError: 'schema'", latency=0.001)
    if name == "correctness" and index in (17, 18):
        return Verdict(**base, outcome="parse_error", error="The answer is not of the form that was asked for.")
    if name == "tone" and index == 23:
        return Verdict(**base, outcome="refused", error="The model declined to answer: content policy.")
    value: Any = {
        "correctness": "yes" if right else "no",
        "brevity": round(float(own.beta(6, 2)), 3),
        "tone": TONES[min(2, int(own.gamma(1.0, 0.8)))],
    }[name]
    rationale = (words[index % len(words)] if words else REASONS[right]) if name in JUDGES else None
    judge = name in JUDGES
    source = AssessmentSource("LLM_JUDGE", JUDGES[name]) if judge else AssessmentSource("CODE", name)
    feedback = Feedback(name=name, value=value, rationale=rationale, source=source, trace_id=trace_id)
    usage = Usage(input_tokens=640, output_tokens=52, cost=0.0011) if judge else None
    return Verdict(
        **base,
        feedbacks=(feedback,),
        latency=0.41 + 0.01 * index if judge else 0.0004,
        usage=usage,
        cached=judge and index % 5 == 0,
    )


def hash_id(*parts: object) -> str:
    """Return 32 hexadecimal digits that name something."""
    import hashlib

    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def agent_trace(
    trace_id: str,
    experiment: str,
    run_id: str,
    question: str,
    answer: str,
    begun: int,
    took: float,
    *,
    session: str = "",
    failed: bool = False,
    words: tuple[str, ...] = (),
) -> Trace:
    """An agent that plans, retrieves, calls a tool (which fails once) and writes an answer."""
    at = begun * 1_000_000
    whole = int(took * 1e9)

    def span(number: int, parent: int | None, name: str, kind: str, low: float, high: float, **more: Any) -> Span:
        return Span(
            trace_id=trace_id,
            span_id=f"{number:016x}",
            parent_id=None if parent is None else f"{parent:016x}",
            name=words[number % len(words)][:200] if words else name,
            span_type=kind,
            start_time_ns=at + int(low * whole),
            end_time_ns=at + int(high * whole),
            **more,
        )

    system = "You are a support agent. Refund only what the policy allows. Quote the clause that you use. " * 3
    call = {"id": "call_1", "type": "function", "function": {"name": "get_invoice", "arguments": '{"id": "INV-20418"}'}}
    talk = [
        {"role": "system", "content": system},
        {"role": "user", "content": question},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "name": "get_invoice", "tool_call_id": "call_1", "content": '{"lines": 2, "paid": 178.0}'},
    ]
    documents = [
        {"page_content": f"Clause 4.{i}. A duplicate charge is refunded once.", "metadata": {"doc_id": f"policy-{i}"}}
        for i in range(3)
    ]
    error = SpanStatus("ERROR", "TimeoutError: get_invoice did not answer within 2 s")
    raised = SpanEvent(
        "exception",
        at + int(0.44 * whole),
        {
            "exception.type": "TimeoutError",
            "exception.message": words[0] if words else "get_invoice did not answer within 2 s",
            "exception.stacktrace": 'Traceback (most recent call last):\n  File "agent.py", line 41, in get_invoice',
        },
    )
    chat = {
        "model": "gpt-4.1-mini",
        "attributes": {
            "gen_ai.request.temperature": 0.2,
            "gen_ai.system": "openai",
            "note": words[0] if words else "-",
        },
    }
    spans = [
        span(1, None, "support_agent", "AGENT", 0, 1, inputs={"question": question}, outputs=None if failed else answer,
             status=error if failed else SpanStatus("OK")),
        span(2, 1, "plan", "CHAT_MODEL", 0.01, 0.16, inputs={"messages": talk[:2]},
             outputs={"choices": [{"message": talk[2]}]}, usage=Usage(input_tokens=420, output_tokens=31, cost=0.0008),
             **chat),
        span(3, 1, "search_knowledge_base", "RETRIEVER", 0.17, 0.23, inputs={"query": question}, outputs=documents),
        span(4, 3, "embed_query", "EMBEDDING", 0.171, 0.185, inputs=question),
        span(5, 1, "get_invoice", "TOOL", 0.24, 0.44, inputs={"id": "INV-20418"}, status=error, events=(raised,)),
    ]  # fmt: skip
    if not failed:
        said = {"role": "assistant", "content": answer}
        spans += [
            span(6, 1, "get_invoice", "TOOL", 0.45, 0.55, inputs={"id": "INV-20418"}, outputs={"paid": 178.0}),
            span(7, 1, "write_reply", "CHAT_MODEL", 0.56, 0.98, inputs={"messages": talk},
                 outputs={"choices": [{"message": said}]}, usage=Usage(input_tokens=780, output_tokens=60, cost=0.0013),
                 **chat),
        ]  # fmt: skip
    usage = None
    for one in spans:
        if one.usage is not None:
            usage = one.usage if usage is None else usage + one.usage
    info = TraceInfo(
        trace_id=trace_id,
        experiment_id=experiment,
        request_time=begun,
        execution_duration=1000 * took,
        state="ERROR" if failed else "OK",
        request_preview=json.dumps({"question": question})[:1000],
        response_preview="" if failed else answer[:1000],
        trace_metadata={RUN_KEY: run_id, SESSION_KEY: session} if run_id else {SESSION_KEY: session},
        tags={TRACE_NAME_TAG: words[0] if words else "support_agent", REQUEST_ID_TAG: trace_id[-8:]},
        usage=usage,
        n_spans=len(spans),
    )
    return Trace(info=info, data=TraceData(tuple(spans)))


def plan_of(name: str) -> LedgerPlan:
    planned = ROWS * REPEATS
    return LedgerPlan(
        data_digest=hash_id("support")[:16],
        predict_digest=hash_id(name)[:16],
        rows=ROWS,
        repeats=REPEATS,
        scorers=tuple(PlannedScorer(name=n, planned=planned, digest=hash_id(n)[:16]) for n in SCORERS),
        owner="sample:1:1:1",
    )


def running(store: Store, experiment: str, name: str, *, start: int, killed: bool = False) -> str:
    """A run whose ledger is half filled; ``killed`` is one whose process is gone."""
    run_id = store.runs.create(experiment, run_name=name, start_time=start).info.run_id
    store.ledgers.open(run_id, plan_of(name))
    rows = simulate(run_id, experiment, skill=0.8, seed=9, start=start)
    done = [row.entry for row in rows[:66]]
    done += [replace(row.entry, verdicts=row.entry.verdicts[1:2]) for row in rows[66:80]]
    store.ledgers.commit(run_id, done)
    if killed:
        store.runs.update(run_id, status="KILLED", end_time=start + 30_000)
    return run_id


def evaluated(
    store: Store,
    experiment: str,
    name: str,
    *,
    skill: float,
    seed: int,
    start: int,
    words: tuple[str, ...] = (),
) -> str:
    """A run that ended, with its ledger, traces and artifacts."""
    run_id = store.runs.create(experiment, run_name=name, start_time=start, user_id="ada").info.run_id
    store.ledgers.open(run_id, plan_of(name))
    rows = simulate(run_id, experiment, skill=skill, seed=seed, start=start, words=words)
    store.ledgers.commit(run_id, [row.entry for row in rows])
    store.ledgers.finish(run_id)
    from .sample_results import record  # it needs the rows that are made here

    record(store, run_id, name, rows, start)
    store.runs.update(run_id, status="FINISHED", end_time=start + 63_000)
    return run_id


def renamed(store: Store, run_id: str, words: tuple[str, ...]) -> str:
    """The same evaluation once more, with words for the names of scorers, judges, errors, tags and expectations."""
    names = dict(zip(SCORERS, words, strict=False))
    told = msgspec.json.decode(store.artifacts.read(run_id, APPLICATION_PATH), type=ApplicationSummary)
    told = replace(
        told,
        predicted_by=words[0],
        clustered_by=words[1],
        scorers=tuple(
            replace(s, name=names[s.name], judged_by=words[0], errors=((words[1], 1),)) for s in told.scorers
        ),
        feedback=tuple(
            replace(f, name=names[f.name], scorer=names[f.scorer], distribution=tuple((w, 3) for w in words))
            for f in told.feedback
        ),
        spent=replace(told.spent, forecast=words[0]),
    )
    table = pq.read_table(store.artifacts.local_path(run_id, ROWS_PATH))
    columns = []
    for column in table.column_names:
        name, slash, part = column.rpartition("/")
        kind, colon, _ = column.partition(":")
        columns.append(names[name] + slash + part if name in names else kind + colon + words[0] if colon else column)
    sink = io.BytesIO()
    pq.write_table(table.rename_columns(columns), sink)
    experiment = store.runs.get(run_id).info.experiment_id
    made = store.runs.create(experiment, run_name=words[0][:60]).info.run_id
    store.artifacts.put(made, ROWS_PATH, sink.getvalue())
    store.artifacts.put(made, APPLICATION_PATH, msgspec.json.encode(told))
    store.artifacts.put(made, SUMMARY_PATH, store.artifacts.read(run_id, SUMMARY_PATH))
    store.runs.update(made, status="FINISHED")
    return made


def hostile_trace(store: Store, experiment: str, words: tuple[str, ...]) -> str:
    """A trace whose every text wants to be code: names, types, models, keys, values, events, people, assessments."""
    bad, worse = words[0], words[1]
    trace_id = f"tr-{hash_id('hostile')}"
    event = SpanEvent(bad, 10**9 + 5, {"exception.type": bad, "exception.message": worse, bad: worse})
    talk = {"role": "user", "content": [{"type": "text", "text": bad}, {"type": "image", "src": worse}]}
    call = {"id": bad, "function": {"name": bad, "arguments": worse}}
    span = Span(
        trace_id=trace_id,
        span_id="00000000000000ff",
        parent_id=None,
        name=bad,
        span_type=worse[:50],
        start_time_ns=10**9,
        end_time_ns=2 * 10**9,
        status=SpanStatus("ERROR", bad),
        inputs={"messages": [talk, {"role": "assistant", "content": worse, "tool_calls": [call]}]},
        outputs={bad: {worse: list(words)}, "html": bad},
        attributes={bad: worse, "long": bad * 40},
        events=(event, SpanEvent(worse, 10**9 + 7, {bad: worse})),
        model=bad,
        usage=Usage(input_tokens=1, output_tokens=1, cost=0.1),
    )
    judge = AssessmentSource("LLM_JUDGE", bad)
    info = TraceInfo(
        trace_id=trace_id,
        experiment_id=experiment,
        request_time=10**12,
        execution_duration=1.0,
        state="ERROR",
        request_preview=bad,
        response_preview=worse,
        trace_metadata={SESSION_KEY: bad, "mlflow.trace.user": worse, bad: worse},
        tags={TRACE_NAME_TAG: bad, bad[:200]: worse},
        n_spans=1,
    )
    store.traces.put([Trace(info=info, data=TraceData((span,)))])
    store.assessments.add([
        Feedback(name=bad, value=worse, rationale=bad, source=judge, trace_id=trace_id),
        Feedback(name="worse", value={bad: worse}, source=AssessmentSource("HUMAN", bad), trace_id=trace_id),
        Feedback(name="error", error=bad, source=judge, trace_id=trace_id),  # type: ignore[arg-type]
    ])  # fmt: skip
    return trace_id
