"""Documents in every shape that retrievers record, and measures equal to ir_measures'."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import DataError
from steelyard.records import Case
from steelyard.records.trace import Span, Trace, TraceData, TraceInfo
from steelyard.scorers import (
    DocumentMRR,
    DocumentNDCG,
    DocumentPrecision,
    DocumentRecall,
    Scorer,
    assess,
    check,
    retrieved_documents,
)

FIRST, SECOND = {"id": "d1", "text": "first"}, {"id": "d2", "text": "second"}
SHAPES: dict[str, Any] = {
    "mlflow": [
        {"page_content": "first", "metadata": {"doc_uri": "d1", "chunk_id": "c1"}, "id": None},
        {"page_content": "second", "metadata": {"doc_uri": "d2"}},
    ],
    "scored": [{"id": "d1", "score": 0.9, "content": "first"}, {"id": "d2", "score": 0.1, "content": "second"}],
    "openinference": [
        {"document.id": "d1", "document.content": "first"},
        {"document.id": "d2", "document.content": "second"},
    ],
    "under a key": {"documents": [FIRST, SECOND], "took": 3},
    "beside an empty key": {"documents": [], "results": [FIRST, SECOND]},
    "nodes": [{"node": {"id_": "d1", "text": "first"}, "score": 1}, {"node": {"id_": "d2", "text": "second"}}],
    "columns": {"ids": [["d1", "d2"]], "documents": [["first", "second"]], "metadatas": [[{}, {}]]},
    "lists of a query": [[FIRST, SECOND]],
    "matches": {"matches": [{**FIRST, "metadata": {}}, SECOND]},
    "objects": [
        SimpleNamespace(page_content="first", metadata={"source": "d1"}),
        SimpleNamespace(page_content="second", metadata={"source": "d2"}),
    ],
}


@pytest.mark.parametrize("outputs", SHAPES.values(), ids=SHAPES.keys())
def test_documents_are_read_in_every_shape(outputs: Any, make: Any) -> None:
    found = retrieved_documents(make.retrieval(outputs))
    assert [(document.id, document.content) for document in found] == [("d1", "first"), ("d2", "second")]


def test_documents_are_read_from_attributes_where_there_is_no_output(make: Any) -> None:
    flat = {
        "retrieval.documents.1.document.content": "second",
        "retrieval.documents.0.document.id": "d1",
        "retrieval.documents.0.document.content": "first",
        "retrieval.documents.0.document.score": 0.5,
    }
    found = retrieved_documents(make.retrieval(None, attributes=flat))
    assert [(document.id, document.content, document.score) for document in found] == [
        ("d1", "first", 0.5),
        ("second", "second", None),
    ]
    semantic = {"gen_ai.retrieval.documents": [{"id": "d1", "score": 0.5}]}
    (only,) = retrieved_documents(make.retrieval(None, attributes=semantic))
    assert (only.id, only.content, only.score) == ("d1", "", 0.5)


def test_texts_are_their_own_names_and_nothing_is_nothing(make: Any) -> None:
    assert [document.id for document in retrieved_documents(make.retrieval(["a", "b"]))] == ["a", "b"]
    for empty in (None, [], {}, "", {"documents": []}):
        assert retrieved_documents(make.retrieval(empty)) == []


def test_a_retriever_inside_a_retriever_counts_once(make: Any) -> None:
    trace = make.trace(
        make.span("outer", span_type="RETRIEVER", outputs=["a"]),
        make.span("inner", "outer", span_type="RETRIEVER", outputs=["a", "b"]),
        make.span("other", span_type="RETRIEVER", outputs=["c"], start_time_ns=1),
    )
    assert [document.content for document in retrieved_documents(trace)] == ["a", "c"]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.just(object())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["documents", "ids", "id", "text", "metadata", "node", "score"]), inner, max_size=3
        ),
    ),
)


@given(outputs=VALUES, labels=VALUES)
def test_any_recording_is_scored_or_refused(outputs: Any, labels: Any) -> None:
    span = Span(
        trace_id="tr-0", span_id="a", parent_id=None, name="a", start_time_ns=0, span_type="RETRIEVER", outputs=outputs
    )
    case = Case(
        trace=Trace(TraceInfo(trace_id="tr-0"), TraceData((span,))), expectations={"relevant_documents": labels}
    )
    for scorer in (DocumentRecall(k=2), DocumentPrecision(), DocumentMRR(), DocumentNDCG()):
        try:
            verdicts = assess(scorer, case)
        except DataError:
            continue
        assert all(0 <= verdict.value <= 1 for verdict in verdicts)


def value(scorer: Scorer, retrieved: Any, labels: Any, make: Any) -> Any:
    verdicts = assess(scorer, Case(trace=make.retrieval(retrieved), expectations={"relevant_documents": labels}))
    return verdicts[0].value if verdicts else None


MEASURES: list[tuple[Any, Scorer]] = [
    (ir_measures.R @ 3, DocumentRecall(k=3)),
    (ir_measures.P @ 3, DocumentPrecision(k=3)),
    (ir_measures.nDCG @ 3, DocumentNDCG(k=3)),
    (ir_measures.nDCG, DocumentNDCG()),
    (ir_measures.RR, DocumentMRR()),
    (ir_measures.RR @ 2, DocumentMRR(k=2)),
]
DOCUMENTS = [f"d{place}" for place in range(8)]


@given(
    ranked=st.lists(st.sampled_from(DOCUMENTS), unique=True, min_size=1, max_size=6),
    grades=st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(0, 3), min_size=1, max_size=6).filter(
        lambda grades: any(grades.values())
    ),
)
def test_the_measures_are_ir_measures(ranked: list[str], grades: Mapping[str, int]) -> None:
    span = Span(
        trace_id="tr-0", span_id="a", parent_id=None, name="a", start_time_ns=0, span_type="RETRIEVER",
        outputs=[{"id": each} for each in ranked],
    )  # fmt: skip
    case = Case(
        trace=Trace(TraceInfo(trace_id="tr-0"), TraceData((span,))), expectations={"relevant_documents": grades}
    )
    qrels = [ir_measures.Qrel("q", document, grade) for document, grade in grades.items()]
    run = [ir_measures.ScoredDoc("q", document, float(-place)) for place, document in enumerate(ranked)]
    theirs = ir_measures.calc_aggregate([measure for measure, _ in MEASURES], qrels, run)
    for measure, scorer in MEASURES:
        assert assess(scorer, case)[0].value == pytest.approx(theirs[measure], abs=1e-9), str(measure)


def test_precision_without_k_is_of_all_that_was_retrieved(make: Any) -> None:
    assert value(DocumentPrecision(), ["a", "b", "c", "d"], ["a"], make) == 0.25
    assert value(DocumentPrecision(), [], ["a"], make) == 0.0


def test_chunks_of_one_document_count_once(make: Any) -> None:
    chunks = [
        {"text": text, "metadata": {"doc_uri": uri}} for text, uri in [("1", "x"), ("2", "x"), ("3", "a"), ("4", "a")]
    ]
    assert value(DocumentPrecision(), chunks, ["a"], make) == 0.5
    assert value(DocumentMRR(), chunks, [{"doc_uri": "a"}], make) == 0.5
    assert value(DocumentRecall(k=1), chunks, [{"doc_uri": "a"}], make) == 0.0


def test_labels_may_name_chunks_texts_or_documents(make: Any) -> None:
    chunks = [
        {"text": "one", "metadata": {"source": "f", "chunk_id": "f-1"}},
        {"text": "two", "metadata": {"source": "f", "chunk_id": "f-2"}},
    ]
    for labels in (["f-2"], ["two"], [{"content": "two"}], [{"chunk_id": "f-2"}]):
        assert value(DocumentMRR(), chunks, labels, make) == 0.5
    assert value(DocumentMRR(), chunks, ["f"], make) == 1.0


def test_labels_that_are_an_empty_list_have_no_value(make: Any) -> None:
    assert value(DocumentRecall(), ["a"], [], make) is None
    assert value(DocumentRecall(), ["a"], {"a": 0}, make) is None


@pytest.mark.parametrize("key", ["expected_documents", "expected_retrieved_context", "reference_contexts"])
def test_labels_have_several_names(key: str, make: Any) -> None:
    case = Case(trace=make.retrieval(["a"]), expectations={key: ["a"]})
    assert assess(DocumentRecall(), case)[0].value == 1.0


def test_documents_may_come_with_the_output_instead() -> None:
    case = Case(outputs={"answer": "x", "contexts": ["a", "b"]}, expectations={"relevant_documents": ["b"]})
    assert assess(DocumentMRR(), case)[0].value == 0.5


@pytest.mark.parametrize(
    ("expectations", "told"),
    [
        ({}, "relevant_documents"),
        ({"relevant_documents": 3}, "is int"),
        ({"relevant_documents": [None]}, "holds None"),
        ({"relevant_documents": ["a"]}, "RETRIEVER"),
    ],
    ids=["no labels", "number", "none", "nothing traced"],
)
def test_what_is_missing_is_told(expectations: dict[str, Any], told: str, make: Any) -> None:
    with pytest.raises(DataError, match=told):
        assess(DocumentRecall(), Case(outputs="x", trace=make.trace(make.span("a")), expectations=expectations))


def test_k_is_part_of_the_name_and_at_least_one() -> None:
    assert [each.name for each in (DocumentRecall(), DocumentRecall(k=5), DocumentRecall(k=5, name="own"))] == [
        "document_recall",
        "document_recall_at_5",
        "own",
    ]
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        DocumentRecall(k=0)


def test_they_can_be_checked_before_anything_is_predicted() -> None:
    check(DocumentRecall(), Case(inputs={"q": "?"}, expectations={"relevant_documents": ["a"]}))
