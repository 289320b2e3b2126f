"""What any store must do with traces and spans."""

from __future__ import annotations

import math
import random

import pytest
from traces_made import span, trace, trace_id

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import (
    Feedback,
    Span,
    SpanEvent,
    SpanStatus,
    Store,
    Trace,
    TraceData,
    TraceInfo,
    Usage,
)

RUN, SESSION, NAME = "mlflow.sourceRun", "mlflow.trace.session", "mlflow.traceName"


def whole_trace() -> Trace:
    """A trace that has everything."""
    root = span(
        1,
        1,
        span_type="AGENT",
        status=SpanStatus("ERROR", "it broke"),
        inputs={"question": "größe ≥ 5?", "k": 3},
        outputs=["a", None, {"b": 1.5}],
        attributes={"gen_ai.x": {"nested": [True]}, "a": "b"},
        events=(SpanEvent("exception", 1_500, {"message": "no"}), SpanEvent("tick", 2)),
        model="gpt-4o-mini",
        usage=Usage(input_tokens=3, output_tokens=4, cache_read_tokens=1, reasoning_tokens=2, cost=0.25),
    )
    info = TraceInfo(
        trace_id=trace_id(1),
        request_time=1_700_000_000_000,
        execution_duration=12.5,
        state="ERROR",
        request_preview="größe ≥ 5?",
        response_preview="a",
        client_request_id="client 1",
        trace_metadata={SESSION: "s1", "mlflow.trace.user": "ada", "other": "x" * 20_000},
        tags={NAME: "answer", "team": "nlp"},
        usage=Usage(input_tokens=3, output_tokens=4, cost=0.25),
        n_spans=2,
    )
    return Trace(info, TraceData((root, span(1, 2, parent=1, end_time_ns=None))))


def test_a_trace_comes_back_whole(store: Store) -> None:
    put = whole_trace()
    store.traces.put([put])
    assert store.traces.get(trace_id(1)) == put
    assert store.traces.infos([trace_id(1)]) == {trace_id(1): put.info}
    assert store.traces.spans([trace_id(1)]) == {trace_id(1): put.data.spans}
    assert store.traces.span(trace_id(1), put.data.spans[0].span_id) == put.data.spans[0]


def test_an_outline_has_all_but_the_content(store: Store) -> None:
    put = whole_trace()
    store.traces.put([put])
    first, second = store.traces.outline(trace_id(1))
    whole = put.data.spans[0]
    assert (first.name, first.span_type, first.status) == (whole.name, whole.span_type, whole.status)
    assert (first.model, first.usage, first.start_time_ns) == (whole.model, whole.usage, whole.start_time_ns)
    assert second.parent_id == first.span_id


def test_putting_again_changes_nothing(store: Store) -> None:
    put = whole_trace()
    for _ in range(3):
        store.traces.put([put, put])
    assert store.traces.get(trace_id(1)) == put


def test_spans_may_come_in_any_order_in_many_requests_and_twice(store: Store) -> None:
    spans = [span(7, i, parent=None if i == 0 else (i - 1) // 3) for i in range(40)]
    shuffled = [*spans, *spans[:10]]
    random.Random(5).shuffle(shuffled)
    for at in range(0, len(shuffled), 7):
        store.traces.put([trace(7, *shuffled[at : at + 7])])
    found = store.traces.get(trace_id(7))
    assert found.data.spans == tuple(spans)
    assert found.info.n_spans == 40


def test_a_span_that_is_written_again_is_replaced(store: Store) -> None:
    store.traces.put([trace(1, span(1, 1, end_time_ns=None), state="IN_PROGRESS")])
    ended = span(1, 1, outputs="done")
    store.traces.put([trace(1, ended, state="OK")])
    assert store.traces.get(trace_id(1)).data.spans == (ended,)
    assert store.traces.get(trace_id(1)).info.state == "OK"


def test_what_was_known_of_a_trace_is_not_forgotten(store: Store) -> None:
    usage = Usage(input_tokens=1)
    known = {"execution_duration": 5.0, "usage": usage, "client_request_id": "c", "request_preview": "q"}
    store.traces.put([trace(1, tags={NAME: "f", "a": "1", "b": "1"}, trace_metadata={SESSION: "s", "x": "1"}, **known)])
    store.traces.put([trace(1, tags={"b": "2"}, trace_metadata={"x": "2", "y": "3"})])
    info = store.traces.get(trace_id(1)).info
    assert info.tags == {NAME: "f", "a": "1", "b": "2"}
    assert info.trace_metadata == {SESSION: "s", "x": "2", "y": "3"}
    assert (info.session, info.execution_duration, info.usage) == ("s", 5.0, usage)
    assert (info.client_request_id, info.request_preview) == ("c", "q")


def test_parents_stand_before_their_children_whatever_the_clocks_say(store: Store) -> None:
    late_root = span(1, 1, start_time_ns=500)
    early_child = span(1, 2, parent=1, start_time_ns=100)
    orphan = span(1, 3, parent=99, start_time_ns=50)
    one, other = span(1, 4, parent=5, start_time_ns=1), span(1, 5, parent=4, start_time_ns=2)
    itself = span(1, 6, parent=6, start_time_ns=3)
    store.traces.put([trace(1, early_child, other, itself, late_root, one, orphan)])
    assert store.traces.get(trace_id(1)).data.spans == (orphan, late_root, early_child, one, other, itself)


def test_a_chain_of_ten_thousand_spans_is_no_problem(store: Store) -> None:
    chain = [span(1, i, parent=i - 1 if i else None, start_time_ns=10_000 - i) for i in range(10_000)]
    store.traces.put([trace(1, *chain)])
    assert [s.span_id for s in store.traces.outline(trace_id(1))] == [s.span_id for s in chain]


def test_hostile_values_come_back_as_they_were(store: Store) -> None:
    hostile = {
        "floats": [-0.0, 5e-324, 1e308, math.inf, -math.inf],
        "ints": [2**63, -(2**63) - 1, 2**200],
        "text": "NUL \x00, half \ud800, \u202e, \ue000json:",
        "key \x00": None,
        "__proto__": {"constructor": 1},
        "big": "x" * 2_000_000,
    }
    put = span(
        1,
        1,
        name="a\x00b",
        span_type="\udfff",
        status=SpanStatus("ERROR", "\x00"),
        inputs=hostile,
        outputs=math.inf,
        attributes=hostile,
        events=(SpanEvent("e\x00", 2**63 - 1, hostile),),
        model="m\x00",
    )
    info = TraceInfo(trace_id=trace_id(1), request_preview="\x00?", response_preview="\ud800", n_spans=1)
    store.traces.put([Trace(info, TraceData((put,)))])
    assert store.traces.get(trace_id(1)) == Trace(info, TraceData((put,)))
    assert math.copysign(1, store.traces.get(trace_id(1)).inputs["floats"][0]) == -1
    assert store.traces.outline(trace_id(1))[0].name == "a\x00b"


def test_nan_is_not_null(store: Store) -> None:
    store.traces.put([trace(1, span(1, 1, inputs=[math.nan, None], outputs=math.nan))])
    found = store.traces.get(trace_id(1))
    assert math.isnan(found.inputs[0])
    assert found.inputs[1] is None
    assert math.isnan(found.outputs)


BAD = {
    "empty id": lambda: Trace(TraceInfo(trace_id="")),
    "NUL in the id": lambda: Trace(TraceInfo(trace_id="tr-\x00")),
    "NUL in a tag": lambda: trace(2, tags={"a": "\x00"}),
    "half a surrogate pair in metadata": lambda: trace(2, trace_metadata={"a": "\ud800"}),
    "a tag of another type": lambda: trace(2, tags={3: "x"}),
    "unknown state": lambda: trace(2, state="FINE"),
    "a duration that is NaN": lambda: trace(2, execution_duration=math.nan),
    "a time beyond 64 bits": lambda: trace(2, request_time=2**63),
    "a span's time beyond 64 bits": lambda: trace(2, span(2, 1, start_time_ns=2**63)),
    "infinite cost": lambda: trace(2, usage=Usage(cost=math.inf)),
    "tokens beyond 64 bits": lambda: trace(2, span(2, 1, usage=Usage(input_tokens=2**64))),
    "a span of another trace": lambda: trace(2, span(3, 1)),
    "a span without an id": lambda: trace(
        2, Span(trace_id=trace_id(2), span_id="", parent_id=None, name="", start_time_ns=0)
    ),
    "unknown status": lambda: trace(2, span(2, 1, status=SpanStatus("FINE"))),  # type: ignore[arg-type]
    "no JSON": lambda: trace(2, span(2, 1, inputs={"a": object()})),
    "feedback without a name": lambda: trace(2, assessments=(Feedback(name=""),)),
}


@pytest.mark.parametrize("what", BAD)
def test_a_damaged_trace_is_refused_and_nothing_of_its_batch_is_written(store: Store, what: str) -> None:
    with pytest.raises(InvalidArgument):
        store.traces.put([trace(1, span(1, 1)), BAD[what]()])
    assert store.traces.count(["0"]) == 0


@pytest.mark.parametrize("experiment_id", ["7", "x", "-1", "9" * 30])
def test_an_unknown_experiment_is_not_found(store: Store, experiment_id: str) -> None:
    with pytest.raises(NotFound, match="no experiment"):
        store.traces.put([trace(1), trace(2, experiment_id=experiment_id)])
    assert store.traces.count(["0"]) == 0


def test_previews_are_cut(store: Store) -> None:
    store.traces.put([trace(1, request_preview="é" * 5_000)])
    assert store.traces.get(trace_id(1)).info.request_preview == "é" * 1_000


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    store.traces.put([trace(1, span(1, 1))])
    for ask in (
        lambda: store.traces.get("tr-none"),
        lambda: store.traces.outline("tr-none"),
        lambda: store.traces.span("tr-none", "1"),
        lambda: store.traces.span(trace_id(1), "none"),
        lambda: store.traces.update("tr-none", tags={"a": "b"}),
        lambda: store.traces.delete_tag("tr-none", "a"),
        lambda: store.traces.delete_tag(trace_id(1), "a"),
        lambda: store.traces.delete_tag(trace_id(1), NAME),
    ):
        with pytest.raises(NotFound):
            ask()
    assert store.traces.infos(["tr-none", trace_id(1)]).keys() == {trace_id(1)}
    assert store.traces.spans(["tr-none"]) == {}
    assert store.traces.infos([]) == {}


def test_tags_state_and_client_id_may_change(store: Store) -> None:
    store.traces.put([trace(1, tags={"a": "1", "b": "1"})])
    store.traces.update(trace_id(1), tags={"a": "2", "c": "3", NAME: "new"}, state="ERROR", client_request_id="mine")
    store.traces.delete_tag(trace_id(1), "b")
    info = store.traces.get(trace_id(1)).info
    assert info.tags == {"a": "2", "c": "3", NAME: "new"}
    assert (info.name, info.state, info.client_request_id) == ("new", "ERROR", "mine")
    store.traces.delete_tag(trace_id(1), NAME)
    assert store.traces.get(trace_id(1)).info.tags == {"a": "2", "c": "3"}
    with pytest.raises(InvalidArgument):
        store.traces.update(trace_id(1), tags={"d": "4"}, state="FINE")
    assert "d" not in store.traces.get(trace_id(1)).info.tags


def test_deleting_takes_all_of_a_trace_and_nothing_else(store: Store, run_id: str) -> None:
    store.traces.put([trace(i, span(i, 1), tags={"a": "b"}, assessments=(Feedback(),)) for i in (1, 2, 3)])
    store.traces.link(run_id, [trace_id(1), trace_id(2)])
    assert store.traces.delete([trace_id(1), trace_id(3), "tr-none"]) == 2
    assert store.traces.infos([trace_id(i) for i in (1, 2, 3)]).keys() == {trace_id(2)}
    assert [t.trace_id for t in store.traces.search([], run_id=run_id).items] == [trace_id(2)]
    assert store.traces.delete([]) == 0
    store.traces.put([trace(1)])
    again = store.traces.get(trace_id(1))
    assert (again.data.spans, again.info.tags, again.info.assessments) == ((), {}, ())


def test_traces_belong_to_the_run_they_were_made_in_and_to_those_they_are_linked_to(store: Store, run_id: str) -> None:
    other = store.runs.create("0").info.run_id
    made_in = {RUN: run_id}
    store.traces.put([trace(1, trace_metadata=made_in), trace(2), trace(3, trace_metadata={RUN: "no such run"})])
    store.traces.link(other, [trace_id(1), trace_id(2), trace_id(1)])

    def of(run: str) -> set[str]:
        return {t.trace_id for t in store.traces.search(["0"], run_id=run).items}

    assert (of(run_id), of(other)) == ({trace_id(1)}, {trace_id(1), trace_id(2)})
    with pytest.raises(NotFound):
        store.traces.link(run_id, [trace_id(2), "tr-none"])
    with pytest.raises(NotFound):
        store.traces.link("no such run", [trace_id(2)])
    assert of(run_id) == {trace_id(1)}


def test_assessments_in_an_info_are_kept_with_the_trace_and_replaced_by_id(store: Store) -> None:
    said = Feedback(name="ok", value=True, assessment_id="a-1", create_time_ms=5, last_update_time_ms=5)
    store.traces.put([trace(1, assessments=(said,))])
    store.traces.put([trace(1, assessments=(said,))])
    (found,) = store.traces.get(trace_id(1)).info.assessments
    assert (found.value, found.trace_id, found.assessment_id) == (True, trace_id(1), "a-1")
    assert len(store.assessments.history(trace_id(1), "a-1")) == 1
    store.traces.put([trace(1, assessments=(Feedback(name="ok", value=False, assessment_id="a-1"),))])
    assert [a.value for a in store.traces.get(trace_id(1)).info.assessments] == [False]
    assert [c.action for c in store.assessments.history(trace_id(1), "a-1")] == ["created", "updated"]


def test_thousands_of_traces_are_asked_for_at_once(store: Store) -> None:
    store.traces.put([trace(i) for i in range(3_000)])
    wanted = [trace_id(i) for i in range(2_999, -1, -1)]
    assert list(store.traces.infos(wanted)) == wanted
