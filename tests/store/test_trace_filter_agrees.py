"""Any filter and any order find in both databases what plain Python finds, whatever is indexed and what still waits."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from typing import Any

import pytest
from back_ends import AT_HAND
from filter_in_python import holds, in_order
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traces_made import span, trace, trace_id

from steelyard.errors import FilterError
from steelyard.records import Feedback, SpanEvent, SpanStatus, Store, Trace, Usage
from steelyard.records.filters import condition
from steelyard.store.sql.filter import parse_filter, parse_order
from steelyard.store.sql.trace_filter import TRACES

pytestmark = AT_HAND

WORDS = ("Refund", "refund", 'say "hi"', "100%", "a_b", "é", "É≥x", "back\\slash", "line\nend", "ab", "needle", "x")
NAMES = ("plan", "Plan", "search web", "answer", 'say "hi"')
TYPES = ("LLM", "TOOL", "AGENT")
MODELS = ("", "m-1", "m-2")
N = 60


def _made(i: int, draw: random.Random) -> Trace:
    spans = tuple(_span(i, place, draw) for place in range(draw.randint(0, 4)))
    fields: dict[str, Any] = {
        "request_time": 1_000 + draw.randint(0, 9),
        "state": draw.choice(("OK", "ERROR", "IN_PROGRESS")),
        "execution_duration": draw.choice((None, 1.5, 20.0)),
        "usage": draw.choice((None, Usage(input_tokens=3, output_tokens=2, cost=0.5), Usage(input_tokens=9))),
        "tags": {"mlflow.traceName": draw.choice(NAMES)} if draw.random() < 0.8 else {},
        "trace_metadata": {},
    }
    if draw.random() < 0.7:
        fields["tags"] |= {"team": draw.choice(("nlp", "NLP", "n" * 70 + "1", "n" * 70 + "2", "é"))}
    if draw.random() < 0.5:
        fields["trace_metadata"] |= {
            "mlflow.trace.user": draw.choice(("ada", "bob")),
            "region": draw.choice(("eu", "us")),
        }
    said = tuple(
        Feedback(name=name, value=draw.choice((0.25, 0.75, 1, True, False, "yes", "no", ["a"])))
        for name in ("score", "ok", "score")
        if draw.random() < 0.5
    )
    return trace(i, *spans, assessments=said, **fields)


def _span(i: int, place: int, draw: random.Random) -> Any:
    text = " ".join(draw.choices(WORDS, k=draw.randint(1, 3)))
    return span(
        i,
        place,
        name=draw.choice(NAMES),
        span_type=draw.choice(TYPES),
        model=draw.choice(MODELS),
        status=SpanStatus(draw.choice(("OK", "ERROR"))),
        usage=draw.choice((None, Usage(input_tokens=5, output_tokens=place))),
        end_time_ns=draw.choice((None, 5_000_000 + place)),
        inputs=draw.choice((None, text, {"q": text}, [text, 3])),
        outputs=draw.choice((None, {"text": draw.choice(WORDS)})),
        attributes=draw.choice(({}, {"k": draw.choice(WORDS), "n": draw.choice((3, 0.5, "3", True, [1, 2]))})),
        events=draw.choice(((), (SpanEvent(draw.choice(WORDS), 5, {"w": draw.choice(WORDS)}),))),
    )


@pytest.fixture
def kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Trace]:
    """Traces in blocks of eight documents, most indexed, some changed since, some deleted, the last ones waiting."""
    for module in ("signature", "index", "lookup"):
        monkeypatch.setattr(f"steelyard.store.sql.text_{module}.DOCS_IN_BLOCK", 8)
    draw = random.Random(11)
    traces = {i: _made(i, draw) for i in range(N)}
    store.traces.put([traces[i] for i in range(40)])
    _index(store)
    for i in (3, 17, 39):  # known again with more spans
        more = replace(traces[i], data=replace(traces[i].data, spans=(*traces[i].data.spans, _span(i, 9, draw))))
        store.traces.put([more])
    _index(store)
    store.traces.put([traces[i] for i in range(40, N)])
    store.traces.delete([trace_id(i) for i in (5, 6, 50)])
    return [store.traces.get(trace_id(i)) for i in range(N) if i not in (5, 6, 50)]


def _index(store: Any) -> None:
    while store.upkeep.work(max_seconds=0.5).indexed:
        pass


def _quoted(words: Any) -> Any:
    return words.map(lambda word: f"%{word.translate({ord(c): chr(92) + c for c in '%_' + chr(92)})}%")


SOME_TEXT = st.sampled_from(WORDS) | st.sampled_from(
    ("fund", "NEEDLE", 'hi"', "ck\\sl", "absent", "ne\nen", "≥", "Sear")
)
PATTERNS = _quoted(SOME_TEXT) | st.sampled_from(("%", "Re%d", "%re_und%", "%fu%nd%", "s%", "", '%"q":"%', "%\\%%"))
TEXT_KEYS = st.sampled_from(
    [
        *("name", "status", "user", "tag.team", "tag.none", "metadata.region", "span.name", "span.type", "span.status"),
        *("span.model", "span.attributes.k", "span.attributes.n", "feedback.score", "feedback.ok", "trace_id"),
    ]
)
VALUES = SOME_TEXT | st.sampled_from(
    [
        *NAMES,
        *TYPES,
        *MODELS,
        "OK",
        "ERROR",
        "ada",
        "nlp",
        "n" * 70 + "1",
        "eu",
        "3",
        "true",
        "[1,2]",
        "yes",
        trace_id(7),
    ]
)
NUMBER_KEYS = st.sampled_from(
    [
        *("timestamp", "execution_time", "tokens", "cost", "n_spans"),
        *("feedback.score", "feedback.ok", "span.attributes.n", "span.duration", "span.tokens"),
    ]
)
NULLABLE = st.sampled_from(
    ["name", "user", "tag.team", "metadata.region", "feedback.score", "span.attributes.k", "span.duration", "cost"]
)
COMPARISONS = st.one_of(
    st.builds(condition, TEXT_KEYS, st.sampled_from(("=", "!=")), VALUES),
    st.builds(condition, TEXT_KEYS, st.sampled_from(("IN", "NOT IN")), st.lists(VALUES, min_size=1, max_size=3)),
    st.builds(condition, TEXT_KEYS, st.sampled_from(("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")), PATTERNS),
    st.builds(condition, TEXT_KEYS, st.sampled_from(("RLIKE", "NOT RLIKE")), st.sampled_from(("^[a-z]+$", "e", "L|p"))),
    st.builds(
        condition,
        st.sampled_from(("trace.text", "span.content")),
        st.sampled_from(("LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE")),
        PATTERNS,
    ),
    st.builds(
        condition,
        NUMBER_KEYS,
        st.sampled_from(("=", "!=", ">", ">=", "<", "<=")),
        st.sampled_from((0, 1, 3, 0.5, 0.75, 5, 1_004, 1.5, -1, 1e300)),
    ),
    st.builds(condition, NULLABLE, st.sampled_from(("IS NULL", "IS NOT NULL"))),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds("({}) AND ({})".format, inner, inner)
        | st.builds("({}) OR ({})".format, inner, inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=5,
)
ORDERS = st.lists(
    st.sampled_from(
        ("feedback.score", "feedback.ok", "tag.team", "tokens", "cost", "status", "name", "timestamp")
    ).flatmap(lambda key: st.sampled_from((key, f"{key} DESC"))),
    max_size=2,
)


@pytest.mark.parametrize("few", [3, 2_000])
def test_filters_and_orders_find_what_plain_python_finds(
    store: Store, kept: list[Trace], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("steelyard.store.sql.trace_plan.FEW", few)  # more than these are walked through
    numbers = {one.info.trace_id: place for place, one in enumerate(kept)}

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(text=FILTERS | st.just(""), order=ORDERS, size=st.sampled_from((9, 100)))
    def agree(text: str, order: list[str], size: int) -> None:
        matching = [one for one in kept if holds(parse_filter(text, TRACES), one)]
        wanted = in_order(matching, parse_order(order, TRACES), numbers)
        found, token = [], None
        while True:
            page = store.traces.search(["0"], text, order_by=order, max_results=size, page_token=token)
            found += [info.trace_id for info in page.items]
            token = page.token
            if token is None:
                break
        assert found == [one.info.trace_id for one in wanted]
        assert store.traces.count(["0"], text) == len(wanted)

    agree()


PIECES = st.sampled_from(
    [
        *(
            "tag.a",
            "span.type",
            "span.cost",
            "span.attributes.x",
            "feedback.f",
            "trace.text",
            "prompt",
            "issue.id",
            "cost",
        ),
        *("(", ")", "NOT", "AND", "OR", "=", "!=", ">", "LIKE", "ILIKE", "RLIKE", "IN", "IS", "NULL", ","),
        *("'x'", "'a/1'", "'%needle%'", "'('", "1", "-inf", "nan", "TRUE", "1e999", "99999999999999999999"),
    ]
)


def test_any_text_is_searched_or_refused_with_a_filter_error(store: Store, kept: list[Trace]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(text=st.lists(PIECES, max_size=8).map(" ".join) | FILTERS | st.text(max_size=20), order=st.text(max_size=9))
    def survives(text: str, order: str) -> None:
        for ask in (
            lambda: store.traces.search(["0"], text),
            lambda: store.traces.search(["0"], order_by=[order]),
        ):
            with contextlib.suppress(FilterError):
                ask()

    survives()
