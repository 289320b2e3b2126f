"""Retrieval measured against relevance labels: which of the relevant documents came back, and how high.

Labels are ``expectations["relevant_documents"]`` (or ``expected_documents``, ``expected_retrieved_context``): ids,
texts, mappings with either, or a mapping of ids to grades. Retrieved documents come from the trace's RETRIEVER spans,
or from a list in the output. A row whose labels are an empty list has no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from steelyard.errors import DataError
from steelyard.records.trace import Trace
from steelyard.scorers.definition import Scorer
from steelyard.scorers.documents import Document, read_documents, retrieved_documents, retriever_spans, same_documents

LABELS = (
    "relevant_documents",
    "expected_documents",
    "expected_retrieved_context",
    "reference_context_ids",
    "reference_contexts",
)
_OUTPUTS = (
    "retrieved_documents",
    "documents",
    "retrieved_contexts",
    "contexts",
    "context",
    "sources",
    "source_documents",
)


class RetrievalScorer(Scorer):
    """A measure of one ranking.

    Args:
        k: how many of the retrieved documents count; all unless told. It becomes part of the default name.
    """

    k: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _named_after_k(cls, values: Any) -> Any:
        if isinstance(values, dict) and "name" not in values and values.get("k") is not None:
            return {**values, "name": f"{cls.model_fields['name'].default}_at_{values['k']}"}
        return values

    def __call__(
        self, *, expectations: Mapping[str, Any], trace: Trace | None = None, outputs: Any = None
    ) -> tuple[float, str] | None:
        grades = relevant_grades(expectations, scorer=self.name)
        found = self._found(trace, outputs)
        if not any(grade > 0 for _, grade in grades):
            return None
        ranked = same_documents(found, [document for document, _ in grades])
        relevant = {document.id: grade for document, grade in grades if grade > 0}
        top = ranked[: self.k]
        hits = sum(name in relevant for name in top)
        says = f"{hits} of {len(relevant)} relevant documents among the first {len(top)} retrieved."
        return self._measure(top, relevant), says

    def _measure(self, top: list[str], relevant: Mapping[str, float]) -> float:
        raise DataError(f"{type(self).__name__} does not say what it measures.")

    def _found(self, trace: Trace | None, outputs: Any) -> list[Document]:
        if trace is not None and retriever_spans(trace):
            return retrieved_documents(trace)
        key = next((key for key in _OUTPUTS if key in outputs), None) if isinstance(outputs, Mapping) else None
        if key is None:
            message = (
                f"Scorer {self.name!r} finds no retrieved documents: the trace has no span of type RETRIEVER. "
                "Trace the retriever with @trace(span_type='RETRIEVER'), or return a mapping with 'documents'."
            )
            raise DataError(message)
        return read_documents(outputs[key])


class DocumentRecall(RetrievalScorer):
    """The share of the relevant documents that were retrieved (among the first k), 0 to 1."""

    name: str = "document_recall"

    def _measure(self, top: list[str], relevant: Mapping[str, float]) -> float:
        return sum(name in relevant for name in top) / len(relevant)


class DocumentPrecision(RetrievalScorer):
    """The relevant share of what was retrieved, 0 to 1; of the first k places, empty ones included (``P@k``)."""

    name: str = "document_precision"

    def _measure(self, top: list[str], relevant: Mapping[str, float]) -> float:
        places = self.k or len(top)
        return sum(name in relevant for name in top) / places if places else 0.0


class DocumentMRR(RetrievalScorer):
    """1 by the place of the first relevant document, 0 without one. Its mean is the mean reciprocal rank."""

    name: str = "document_mrr"

    def _measure(self, top: list[str], relevant: Mapping[str, float]) -> float:
        return next((1 / place for place, name in enumerate(top, start=1) if name in relevant), 0.0)


class DocumentNDCG(RetrievalScorer):
    """The discounted cumulative gain by that of the best ranking there could be, 0 to 1.

    Gains are the grades, or 1 (Järvelin and Kekäläinen 2002; as trec_eval). Relevant documents that were not retrieved
    count in the best ranking.
    """

    name: str = "document_ndcg"

    def _measure(self, top: list[str], relevant: Mapping[str, float]) -> float:
        best = sorted(relevant.values(), reverse=True)[: self.k]
        return min(_dcg([relevant.get(name, 0.0) for name in top]) / _dcg(best), 1.0)


def _dcg(gains: list[float]) -> float:
    """Return the gain of one ranking, by the formula that the ranker's metrics use."""
    if not gains:
        return 0.0
    from steelyard.metrics.ranking import dcg, rank

    places = range(len(gains), 0, -1)
    return float(dcg(rank([0] * len(gains), list(places), gains))[0])


def relevant_grades(expectations: Mapping[str, Any], *, scorer: str) -> list[tuple[Document, float]]:
    """Read the labels: the documents that matter and their grades, 1 unless told.

    Raises:
        DataError: if there are no labels, or they are of another form.
    """
    key = next((key for key in LABELS if expectations.get(key) is not None), None)
    if key is None:
        message = f"Scorer {scorer!r} needs expectations['relevant_documents'], a list of ids or texts of documents."
        raise DataError(message)
    given = expectations[key]
    if isinstance(given, Mapping) and given and all(_is_grade(grade) for grade in given.values()):
        return [(Document(content=str(name)), float(grade)) for name, grade in given.items()]
    if not isinstance(given, (list, tuple, set, frozenset)):
        message = f"expectations[{key!r}] is {type(given).__name__}; give a list of ids or texts, or grades by id."
        raise DataError(message)
    items = sorted(given, key=str) if isinstance(given, (set, frozenset)) else list(given)
    return [(document, _grade(item)) for item in items for document in _document(item, key)]


def _document(item: Any, key: str) -> list[Document]:
    if isinstance(item, int) and not isinstance(item, bool):
        item = str(item)
    if not isinstance(item, (str, Mapping)) or not item:
        message = (
            f"expectations[{key!r}] holds {item!r:.200}; give ids, texts, or mappings with 'doc_uri' or 'content'."
        )
        raise DataError(message)
    return read_documents([item])


def _grade(item: Any) -> float:
    given = item.get("grade", item.get("relevance", 1)) if isinstance(item, Mapping) else 1
    return float(given) if _is_grade(given) else 1.0


def _is_grade(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < float("inf")
