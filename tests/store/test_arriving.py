"""Spans that come from elsewhere: in any order, in many requests, late and twice, they make the same trace."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traces_made import span, trace, trace_id

from steelyard.errors import NotFound
from steelyard.records import Feedback, Span, SpanEvent, SpanStatus, Store, Usage
from steelyard.records.arrival import Arrival
from steelyard.records.trace import SESSION_KEY, TRACE_NAME_TAG, USER_KEY, SpanLink, SpanOrigin

SERVICE = SpanOrigin(
    resource={"service.name": "shop", "process.pid": 7},
    scope="instrumentation",
    version="1.2",
    scope_attributes={"a": [1, 2]},
    resource_schema="https://opentelemetry.io/schemas/1.40.0",
)


def family(number: int) -> tuple[Span, ...]:
    """An agent that calls a model twice, once through a framework that tells the same tokens again, and a tool."""
    call = Usage(input_tokens=8, output_tokens=4, cost=0.25)
    return (
        span(number, 1, name="agent", inputs={"q": "why?"}, outputs="so", status=SpanStatus("OK"), origin=SERVICE),
        span(number, 2, 1, name="framework", usage=call),
        span(number, 3, 2, name="chat", usage=call, model="gpt-4o", kind="CLIENT"),
        span(number, 4, 1, name="tool", status=SpanStatus("ERROR", "no such file")),
        span(number, 5, 1, name="chat", usage=call, end_time_ns=9_000_000_000),
    )


def arrival(*spans: Span, **fields: object) -> Arrival:
    return Arrival(**{"trace_id": spans[0].trace_id, "experiment_id": "0", "spans": spans, **fields})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    from steelyard.store import open_store

    return open_store(tmp_path_factory.mktemp("store"))


PIECES = st.lists(
    st.lists(st.sampled_from([(number, at) for number in (1, 2) for at in range(5)]), min_size=1, max_size=6),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_whatever_the_pieces_their_order_and_their_repetitions_the_trace_is_the_same(
    whole: Store, pieces: list[list[tuple[int, int]]]
) -> None:
    made = {(number, at): one for number in (1, 2) for at, one in enumerate(family(number))}
    whole.traces.delete([trace_id(1), trace_id(2)])
    for piece in [*pieces, list(made)[::-1]]:  # whatever was left out comes last
        whole.traces.arrive([arrival(made[key]) for key in piece])
    for number in (1, 2):
        found = whole.traces.get(trace_id(number))
        assert found.data.spans == family(number)
        info = found.info
        assert (info.name, info.state, info.n_spans) == ("agent", "OK", 5)
        assert (info.request_preview, info.response_preview) == ('{"q":"why?"}', "so")
        assert info.execution_duration == pytest.approx(0.001)
        assert info.usage == Usage(input_tokens=16, output_tokens=8, cost=0.5)


def test_a_trace_is_in_progress_until_its_root_has_ended(store: Store) -> None:
    root, *below = family(1)
    store.traces.arrive([arrival(*below)])
    info = store.traces.get(trace_id(1)).info
    assert (info.state, info.name, info.execution_duration) == ("IN_PROGRESS", "framework", None)
    store.traces.arrive([arrival(replace(root, end_time_ns=None))])
    assert store.traces.get(trace_id(1)).info.state == "IN_PROGRESS"
    store.traces.arrive([arrival(replace(root, status=SpanStatus("ERROR")))])
    info = store.traces.get(trace_id(1)).info
    assert (info.state, info.name) == ("ERROR", "agent")


def test_everything_that_a_span_tells_comes_back(store: Store) -> None:
    told = span(
        1,
        1,
        kind="SERVER",
        origin=SERVICE,
        trace_state="vendor=1",
        dropped=(1, 2, 3),
        links=(SpanLink(trace_id(9), "00000000000000aa", {"why": "retry"}, "k=v"),),
        events=(SpanEvent("exception", 5, {"exception.message": "no\x00t"}),),
        attributes={"gen_ai.request.model": "gpt-4o", "n": 2**63 - 1, "x": float("nan")},
    )
    plain = span(1, 2, 1)
    store.traces.arrive([arrival(told, plain)])
    found, other = store.traces.get(trace_id(1)).data.spans
    assert repr(found) == repr(told)
    assert other == plain
    assert repr(store.traces.span(trace_id(1), told.span_id)) == repr(told)


def test_what_is_told_first_of_session_user_and_tags_stays(store: Store) -> None:
    store.traces.arrive([arrival(span(1, 1), metadata={SESSION_KEY: "s"}, tags={"team": "a"})])
    store.traces.arrive(
        [arrival(span(1, 2, 1), metadata={SESSION_KEY: "t", USER_KEY: "u"}, tags={"team": "b", "more": "c"})]
    )
    info = store.traces.get(trace_id(1)).info
    assert (info.session, info.user, info.tags["team"], info.tags["more"]) == ("s", "u", "a", "c")
    assert [found.trace_id for found in store.traces.search(["0"], "user = 'u' AND session = 's'").items] == [
        trace_id(1)
    ]


def test_a_trace_counts_among_the_run_that_it_names(store: Store) -> None:
    run_id = store.runs.create("0").info.run_id
    store.traces.arrive([arrival(span(1, 1), run_id=run_id), arrival(span(2, 1), run_id="gone")])
    assert [found.trace_id for found in store.traces.search([], run_id=run_id).items] == [trace_id(1)]
    assert store.traces.get(trace_id(1)).info.run_id == run_id


def test_what_spans_say_about_themselves_is_there_once_however_often_it_comes(store: Store) -> None:
    said = Feedback(name="relevance", value=0.75, assessment_id="a-1", span_id=f"{1:016x}", rationale="near")
    for _ in range(2):
        store.traces.arrive([arrival(span(1, 1), assessments=(said,))])
    (found,) = store.assessments.list([trace_id(1)])[trace_id(1)]
    assert (found.name, found.value, found.span_id, found.rationale) == ("relevance", 0.75, f"{1:016x}", "near")
    assert len(store.assessments.history(trace_id(1), "a-1")) == 1


def test_spans_from_elsewhere_do_not_overwrite_what_the_application_put(store: Store) -> None:
    mine = Usage(input_tokens=1, output_tokens=1)
    root = span(1, 1, name="mine", usage=mine)
    tags = {TRACE_NAME_TAG: "shown so"}
    store.traces.put([trace(1, root, state="ERROR", request_preview="asked", tags=tags, usage=mine)])
    store.traces.arrive([arrival(span(1, 2, 1, usage=Usage(input_tokens=5, output_tokens=5)))])
    info = store.traces.get(trace_id(1)).info
    assert (info.state, info.request_preview, info.name, info.n_spans) == ("ERROR", "asked", "shown so", 2)
    assert info.usage == Usage(input_tokens=5, output_tokens=5)  # the root tells its call again, and less


def test_what_was_put_after_others_have_arrived_counts_their_tokens_too(store: Store) -> None:
    theirs, mine = Usage(input_tokens=5, output_tokens=5), Usage(input_tokens=1, output_tokens=1)
    store.traces.arrive([arrival(span(1, 2, 1, usage=theirs))])
    root, call = span(1, 1), span(1, 3, 1, usage=mine)
    store.traces.put([trace(1, root, call, usage=mine)])
    info = store.traces.get(trace_id(1)).info
    assert (info.state, info.n_spans, info.usage) == ("OK", 3, theirs + mine)


def test_a_name_and_a_state_that_were_set_stay(store: Store) -> None:
    store.traces.arrive([arrival(span(1, 2, 1))])
    store.traces.update(trace_id(1), tags={TRACE_NAME_TAG: "renamed"}, state="ERROR")
    store.traces.arrive([arrival(span(1, 1))])
    info = store.traces.get(trace_id(1)).info
    assert (info.name, info.state) == ("renamed", "ERROR")


def test_an_unknown_experiment_is_named_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(NotFound, match="'77'"):
        store.traces.arrive([arrival(span(1, 1)), arrival(span(2, 1), experiment_id="77")])
    assert store.traces.count(["0"]) == 0


def test_many_writers_of_one_trace_lose_nothing(store: Store) -> None:
    spans = [span(1, 1), *(span(1, number, 1, usage=Usage(input_tokens=1)) for number in range(2, 42))]
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def send(part: list[Span]) -> None:
        together.wait()
        try:
            for one in part:
                store.traces.arrive([arrival(one)])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(spans[at::8],)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    info = store.traces.get(trace_id(1)).info
    assert failures == []
    assert (info.n_spans, info.state, info.usage) == (41, "OK", Usage(input_tokens=40))
