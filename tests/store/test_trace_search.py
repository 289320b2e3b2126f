"""What any store must do when traces are searched: filters, orders, pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from back_ends import AT_HAND
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traces_made import span, trace, trace_id

from steelyard.records import Expectation, Feedback, SpanStatus, Store, TraceInfo, Usage
from steelyard.store.sql.trace_filter import json_pattern

NAME = "mlflow.traceName"
PROMPTS = "mlflow.linkedPrompts"
NAMES = {trace_id(i): name for i, name in enumerate(("ant", "bee", "cat", "dog", "eel"), start=1)}


def names(found: Any) -> str:
    return " ".join(NAMES[info.trace_id] for info in found.items)


@pytest.fixture
def zoo(store: Store) -> Store:
    """Five traces that differ in all that can be searched."""
    run_id = store.runs.create("0", run_name="zoo").info.run_id
    ant = trace(
        1,
        span(
            *(1, 1),
            name="root",
            span_type="AGENT",
            inputs={"q": 'say "hi"\n100% é'},
            outputs="Refund",
            end_time_ns=3_001_001,
            model="m-1",
            usage=Usage(input_tokens=7, output_tokens=3, cost=0.25),
        ),
        span(
            1, 2, parent=1, name="search", span_type="TOOL", attributes={"k": "v", "n": 3, "a.b": True, "list": [1, 2]}
        ),
        tags={NAME: "answer", "team": "nlp", PROMPTS: json.dumps([{"name": "greet é", "version": "3"}])},
        trace_metadata={"mlflow.trace.session": "s1", "mlflow.trace.user": "ada", "x": "1", "mlflow.sourceRun": run_id},
        execution_duration=10.0,
        usage=Usage(input_tokens=10, output_tokens=5, cost=0.5),
        request_preview="say hi",
    )
    bee = trace(
        2,
        span(2, 1, name="Root", span_type="CHAIN", status=SpanStatus("ERROR"), attributes={"k": "w", "n": 0.5}),
        tags={NAME: "Answer", "team": "NLP"},
        state="ERROR",
        trace_metadata={"mlflow.trace.session": "s1"},
        execution_duration=2.5,
        usage=Usage(input_tokens=1),
        client_request_id="client",
    )
    cat = trace(
        3,
        span(3, 1, outputs={"text": "refund"}, attributes={"n": "3", "none": None}, end_time_ns=None),
        tags={"team": "a_b%", PROMPTS: '[{"name":"greet é","version":"31"},{"name":"a/b","version":"1"}]'},
    )
    dog = trace(4, state="IN_PROGRESS", tags={NAME: "it's"}, trace_metadata={"x": "10"})
    store.traces.put([ant, bee, cat, dog, trace(5, state="OK")])
    (old, *_) = store.assessments.add(
        [
            Feedback(name="score", value=0.25, trace_id=trace_id(1)),
            Feedback(name="score", value=1, trace_id=trace_id(2)),
            Feedback(name="score", value="high", trace_id=trace_id(3)),
            Feedback(name="ok", value=True, trace_id=trace_id(1)),
            Feedback(name="ok", value=False, trace_id=trace_id(2)),
            Feedback(name="labels", value=["a", "b"], trace_id=trace_id(2)),
            Feedback(name="broken", error=ValueError("no"), trace_id=trace_id(3)),
            Expectation(name="expected", value="42", trace_id=trace_id(4)),
        ]
    )
    store.assessments.add([Feedback(name="score", value=0.75, trace_id=trace_id(1), overrides=old.assessment_id)])
    return store


CASES = {
    "": "eel dog cat bee ant",
    "trace.status = 'OK'": "eel cat ant",
    "status != 'OK'": "dog bee",
    "attributes.status IN ('ERROR', 'IN_PROGRESS')": "dog bee",
    "state NOT IN ('OK')": "dog bee",
    "status LIKE '%O%'": "eel dog cat bee ant",
    "name = 'answer'": "ant",
    "name ILIKE 'ANSWER'": "bee ant",
    "name != 'answer'": "dog bee",
    "NOT name = 'answer'": "eel dog cat bee",
    "name IS NULL": "eel cat",
    "name = 'it''s'": "dog",
    "tag.`mlflow.traceName` LIKE 'ans%'": "ant",
    "tags.`mlflow.traceName` IS NOT NULL": "dog bee ant",
    "timestamp > 1002": "eel dog cat",
    "timestamp_ms <= 1002 AND request_time >= 1002": "bee",
    "execution_time > 2.5": "ant",
    "execution_time_ms >= 2.5": "bee ant",
    "execution_time IS NULL": "eel dog cat",
    "NOT execution_time > 2.5": "eel dog cat bee",
    "end_time = 1004.5": "bee",
    "request_id = 'tr-00000000000000000000000000000003'": "cat",
    "trace.trace_id LIKE '%5'": "eel",
    "client_request_id = 'client'": "bee",
    "client_request_id IS NOT NULL": "bee",
    "session = 's1'": "bee ant",
    "metadata.`mlflow.trace.session` = 's1'": "bee ant",
    "metadata.`mlflow.trace.session` IS NULL": "eel dog cat",
    "request_metadata.`mlflow.trace.user` ILIKE 'ADA'": "ant",
    "user = 'ada'": "ant",
    "metadata.x = '1'": "ant",
    "metadata.x LIKE '1%'": "dog ant",
    "metadata.x != '1'": "dog",
    "metadata.x IN ('10', '2')": "dog",
    "metadata.x IS NULL": "eel cat bee",
    "metadata.`mlflow.sourceRun` IS NOT NULL": "ant",
    "run_id IS NOT NULL": "ant",
    "run_id != 'x'": "ant",
    "run_id = 'x'": "",
    "tag.team = 'nlp'": "ant",
    "tags.team ILIKE 'NLP'": "bee ant",
    "tags.team LIKE 'a\\_b\\%'": "cat",
    "tags.team IS NULL": "eel dog",
    "tags.team NOT LIKE 'n%'": "cat bee",
    "tokens > 1": "ant",
    "tokens >= 1 AND total_tokens < 15": "bee",
    "input_tokens = 10 OR output_tokens = 0": "bee ant",
    "cost <= 0.5": "ant",
    "n_spans = 0": "eel dog",
    "request LIKE 'say%'": "ant",
    "span.name = 'root'": "ant",
    "span.name ILIKE 'ROOT'": "bee ant",
    "span.name = 'root' AND span.name = 'search'": "ant",
    "span.type IN ('TOOL', 'CHAIN')": "bee ant",
    "span.type = 'UNKNOWN'": "cat",
    "span.status = 'ERROR'": "bee",
    "span.attributes.k = 'v'": "ant",
    "span.attributes.k != 'v'": "bee",
    "span.attributes.k LIKE '_'": "bee ant",
    "span.attributes.n = 3": "ant",
    "span.attributes.n < 1": "bee",
    "span.attributes.n = '3'": "cat ant",
    "span.attributes.n IS NULL": "eel dog",
    "span.attributes.none IS NOT NULL": "",
    "span.attributes.a.b = 'true'": "ant",
    "span.attributes.\"a.b\" = 'true'": "ant",
    "span.attributes.list = '[1,2]'": "ant",
    "span.attributes.n != 3": "bee",
    "span.attributes.n = 0.5": "bee",
    "span.attributes.n = 3.0": "ant",
    "span.model = 'm-1'": "ant",
    "span.model LIKE 'm-_'": "ant",
    "span.model IN ('m-1', 'm-2')": "ant",
    "span.model != 'm-1'": "cat bee ant",
    "span.duration = 3": "ant",
    "span.duration < 1": "bee ant",
    "span.duration IS NULL": "eel dog cat",
    "span.tokens >= 10": "ant",
    "span.input_tokens = 7 AND span.output_tokens = 3": "ant",
    "span.cost IS NOT NULL": "ant",
    "NOT span.cost > 0": "eel dog cat bee",
    "prompt = 'greet é/3'": "ant",
    "prompt = 'greet é/31'": "cat",
    "prompt = 'a/b/1'": "cat",
    "prompt = 'greet _/3'": "",
    "experiment_id = '0' AND status = 'ERROR'": "bee",
    "experiment_id != '0'": "",
    "span.content LIKE '%refund%'": "cat",
    "span.content ILIKE '%refund%'": "cat ant",
    "trace.text ILIKE '%REFUND%'": "cat ant",
    "text NOT LIKE '%refund%'": "eel dog bee ant",
    "trace.text LIKE '%say \"hi\"%'": "ant",
    "trace.text LIKE '%100\\% é%'": "ant",
    "span.content LIKE '%search%'": "ant",
    "feedback.score > 0.5": "bee ant",
    "feedback.score = 0.25": "",
    "feedback.score = 1": "bee",
    "feedback.score = 'high'": "cat",
    "feedback.score != 'high'": "",
    "feedback.score LIKE 'h%'": "cat",
    "feedback.score IS NOT NULL": "cat bee ant",
    "feedback.score IS NULL": "eel dog",
    "feedback.ok = true": "ant",
    "feedback.ok = 'false'": "bee",
    "feedback.ok = 0": "bee",
    "NOT feedback.ok = TRUE": "eel dog cat bee",
    "feedback.labels LIKE '%\"b\"%'": "bee",
    "feedback.broken IS NOT NULL": "cat",
    "feedback.broken = 0": "",
    "feedback.expected = '42'": "",
    "expectation.expected = '42'": "dog",
    "expectation.expected = 42": "",
    "name RLIKE '^[aA]nswer$'": "bee ant",
    "tag.team RLIKE '(?:nlp|b%)'": "cat ant",
    "tag.team NOT RLIKE 'n'": "cat bee",
    "span.attributes.k RLIKE '\\w'": "bee ant",
    "feedback.score RLIKE 'h.{2}h'": "cat",
    "(status = 'ERROR' OR name = 'answer') AND tokens > 5": "ant",
    "NOT (status = 'OK' OR status = 'ERROR')": "dog",
    "name = ''' OR 1=1 --'": "",
    "tags.`a' OR '1'='1` = 'x'": "",
    "metadata.`x')) OR 1=1 --` = '1'": "",
    "span.attributes.`x' OR 1=1 --` = '1'": "",
}


def test_every_filter_finds_what_it_says(zoo: Store) -> None:
    found = {text: names(zoo.traces.search(["0"], text)) for text in CASES}
    assert found == CASES
    assert {text: zoo.traces.count(["0"], text) for text in CASES} == {t: len(f.split()) for t, f in CASES.items()}


@AT_HAND
def test_every_filter_finds_the_same_once_everything_is_indexed(zoo: Store) -> None:
    while zoo.upkeep.work(max_seconds=1.0).indexed:
        pass
    assert {text: names(zoo.traces.search(["0"], text)) for text in CASES} == CASES


TREES = st.recursive(
    st.sampled_from([text for text in CASES if text]).map(lambda text: (text, frozenset(CASES[text].split()))),
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) AND ({two[1][0]})", two[0][1] & two[1][1]))
        | st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) OR ({two[1][0]})", two[0][1] | two[1][1]))
        | inner.map(lambda one: (f"NOT ({one[0]})", frozenset(NAMES.values()) - one[1]))
    ),
    max_leaves=6,
)


def test_and_or_and_not_are_those_of_sets(zoo: Store) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TREES)
    def agree(tree: tuple[str, frozenset[str]]) -> None:
        assert set(names(zoo.traces.search(["0"], tree[0])).split()) == tree[1]

    agree()


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (["timestamp"], "ant bee cat dog eel"),
        (["timestamp_ms DESC"], "eel dog cat bee ant"),
        (["execution_time"], "bee ant eel dog cat"),
        (["trace.end_time DESC"], "ant bee eel dog cat"),
        (["status", "timestamp ASC"], "bee dog ant cat eel"),
        (["name"], "bee ant dog eel cat"),
        (["tokens DESC"], "ant bee eel dog cat"),
        (["cost"], "ant eel dog cat bee"),
        (["session DESC", "user"], "ant bee eel dog cat"),
        (["tag.team"], "bee cat ant eel dog"),
        (["tag.`mlflow.traceName` DESC"], "dog ant bee eel cat"),
        (["experiment_id", "timestamp"], "ant bee cat dog eel"),
        (["run_id DESC"], "ant eel dog cat bee"),
        (["trace_id DESC"], "eel dog cat bee ant"),
        (["tag.team DESC", "cost"], "ant cat bee eel dog"),
        (["feedback.score", "tag.team"], "ant bee cat eel dog"),
        (["feedback.score"], "ant bee cat eel dog"),
        (["feedback.score DESC"], "bee ant cat eel dog"),
        (["feedback.ok"], "bee ant eel dog cat"),
        (["expectation.expected"], "dog eel cat bee ant"),
    ],
)
def test_traces_come_in_the_order_asked_for_without_a_value_last_the_newest_first(
    zoo: Store, order: list[str], found: str
) -> None:
    assert names(zoo.traces.search(["0"], order_by=order)) == found
    token, paged = None, []
    for _ in range(5):
        page = zoo.traces.search(["0"], order_by=order, max_results=1, page_token=token)
        paged += [NAMES[info.trace_id] for info in page.items]
        token = page.token
    assert " ".join(paged) == found
    assert token is None


def test_pages_are_not_moved_by_traces_that_come_or_go(store: Store) -> None:
    store.traces.put([trace(i, request_time=i // 3) for i in range(30)])
    first = store.traces.search(["0"], max_results=10)
    store.traces.put([trace(100, request_time=99)])
    store.traces.delete([first.items[-1].trace_id, first.items[3].trace_id])
    second = store.traces.search(["0"], max_results=100, page_token=first.token)
    assert [info.trace_id for info in second.items] == [trace_id(i) for i in range(19, -1, -1)]
    assert second.token is None


def test_the_run_and_the_experiments_choose(store: Store, run_id: str) -> None:
    other = store.experiments.create("other").experiment_id
    store.traces.put([trace(1), trace(2, experiment_id=other), trace(3, experiment_id=other)])
    store.traces.link(run_id, [trace_id(1), trace_id(2)])

    def found(experiments: list[str], **chosen: Any) -> list[str]:
        return [info.trace_id[-1] for info in store.traces.search(experiments, **chosen).items]

    assert found(["0"]) == ["1"]
    assert found([other, "0"]) == ["3", "2", "1"]
    assert found([]) == []
    assert found([], run_id=run_id) == ["2", "1"]
    assert found([other], run_id=run_id) == ["2"]
    assert found([other], filter_string=f"run_id = '{run_id}'") == ["2"]
    assert found(["0", other], filter_string=f"run_id IN ('{run_id}', 'x') AND timestamp > 0") == ["2", "1"]
    assert store.traces.count([other, "0"], run_id=run_id) == 2


def test_a_run_with_more_traces_than_are_sorted_at_once_is_paged_all_the_same(
    store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.traces.put([trace(i) for i in range(20)])
    store.traces.link(run_id, [trace_id(i) for i in range(0, 20, 2)])
    small = store.traces.search(["0"], run_id=run_id)
    monkeypatch.setattr("steelyard.store.sql.trace_search._FEW", 3)
    assert store.traces.search(["0"], run_id=run_id) == small
    assert [info.trace_id for info in small.items] == [trace_id(i) for i in range(18, -1, -2)]


def test_any_text_is_looked_for_as_it_is(store: Store) -> None:
    texts = ['a"b', "a\\b", "a\nb", "100%", "a_b", "é\t≥", "'", "\x7f"]
    store.traces.put([trace(i, span(i, 1, inputs={"text": text})) for i, text in enumerate(texts)])
    for i, text in enumerate(texts):
        pattern = "".join(f"\\{c}" if c in "\\%_" else c for c in text).replace("'", "''")
        found = store.traces.search(["0"], f"trace.text LIKE '%{pattern}%'")
        assert [info.trace_id for info in found.items] == [trace_id(i)]
    assert json_pattern("%_") == "%_"


def test_infos_in_a_page_have_tags_and_assessments(zoo: Store) -> None:
    bee = zoo.traces.search(["0"], "status = 'ERROR'").items[0]
    assert isinstance(bee, TraceInfo)
    assert bee == zoo.traces.get(trace_id(2)).info
    assert (bee.tags["team"], len(bee.assessments), bee.n_spans) == ("NLP", 3, 1)
