"""Documents that a trace's retrievers found, in every shape that frameworks record them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.records.trace import Span, SpanType, Trace
from steelyard.scorers.chat import as_json
from steelyard.scorers.span_trees import outermost

_CONTENT = ("page_content", "content", "text", "chunk", "document", "body", "passage", "pageContent")
_IDS = ("doc_uri", "id", "doc_id", "document_id", "source", "uri", "url", "chunk_id", "id_", "name")
_SCORES = ("score", "relevance_score", "similarity", "similarity_score", "_score")
_LISTS = (
    "documents",
    "docs",
    "results",
    "matches",
    "chunks",
    "context",
    "contexts",
    "hits",
    "nodes",
    "output",
    "result",
)
_SPAN_LISTS = ("retrieval.documents", "gen_ai.retrieval.documents", "reranker.output_documents")
_DEEPEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One retrieved document.

    Args:
        content: its text; empty if only its id was recorded.
        names: every name it goes by, under its kind (``doc_uri``, ``id``, ``chunk_id`` …), the most telling first.
        score: as the retriever gave it.
        metadata: as recorded.
        span_id: the span that found it.
    """

    content: str
    names: Mapping[str, str] = field(default_factory=dict)
    score: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    span_id: str | None = None

    @property
    def id(self) -> str:
        """What names it: its first name, or its text."""
        return next(iter(self.names.values()), self.content)


def retriever_spans(trace: Trace) -> list[Span]:
    """Return the retrievers' spans that are not inside another retriever's."""
    return outermost(trace, (SpanType.RETRIEVER,))


def retrieved_documents(trace: Trace) -> list[Document]:
    """Return what the retrievers found, in the order they ran and ranked it."""
    return [document for span in retriever_spans(trace) for document in documents_of(span)]


def documents_of(span: Span) -> list[Document]:
    """Return the documents of one retriever's span, from its outputs or else from its attributes."""
    found = read_documents(span.outputs, span_id=span.span_id)
    if found:
        return found
    for key in _SPAN_LISTS:
        found = read_documents(span.attributes.get(key) or _unflattened(span.attributes, key), span_id=span.span_id)
        if found:
            return found
    return []


def read_documents(value: Any, *, span_id: str | None = None) -> list[Document]:
    """Read a list of documents: texts, mappings with a text or an id, or a mapping that holds such a list.

    >>> [(each.id, each.content) for each in read_documents(["first", {"id": "d2", "text": "second"}])]
    [('first', 'first'), ('d2', 'second')]
    """
    return [document for item in _listed(value, 0) for document in _read(item, span_id)]


def _listed(value: Any, depth: int) -> Sequence[Any]:
    """Return the list that a retriever's output is or holds."""
    if value is None or depth > _DEEPEST:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, (list, tuple)):
        inner = [each for item in value for each in item] if _is_nested(value) else value
        return list(inner)
    if not isinstance(value, Mapping):
        return (value,)
    if isinstance(value.get("ids"), (list, tuple)):
        return _columns(value)
    lists = [value[key] for key in _LISTS if isinstance(value.get(key), (list, tuple, Mapping))]
    if lists:
        return _listed(next(filter(None, lists), ()), depth + 1)
    return (value,) if value else ()


def _is_nested(value: Sequence[Any]) -> bool:
    """Whether it is a list of lists, one a query, as vector stores answer."""
    return bool(value) and all(isinstance(each, (list, tuple)) for each in value)


def _columns(value: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Read Chroma's answer, which is a mapping of columns, each a list a query."""

    def flat(key: str) -> list[Any]:
        column = value.get(key) or []
        return [each for row in column for each in row] if _is_nested(column) else list(column)

    ids, texts, metadata = flat("ids"), flat("documents"), flat("metadatas")
    rows = []
    for place, name in enumerate(ids):
        rows.append(
            {
                "id": name,
                "content": texts[place] if place < len(texts) else "",
                "metadata": metadata[place] if place < len(metadata) else {},
            }
        )
    return rows


def _read(item: Any, span_id: str | None) -> list[Document]:
    if item is None:
        return []
    if isinstance(item, str):
        return [Document(content=item, span_id=span_id)]
    fields = item if isinstance(item, Mapping) else _attributes(item)
    if fields is None:
        return [Document(content=as_json(item), span_id=span_id)]
    inner = next((fields[key] for key in ("document", "node", "payload") if isinstance(fields.get(key), Mapping)), None)
    if inner is not None:  # a score beside the document that it is of
        fields = {**fields, **inner}
    fields = {str(key).removeprefix("document."): value for key, value in fields.items()}
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    texts = (fields.get(key) for key in _CONTENT)
    content = next((text for text in texts if isinstance(text, str)), "")
    names = _names(fields, metadata)
    if not content and not names:
        content = as_json(item)
    score = next((fields[key] for key in _SCORES if _is_number(fields.get(key))), None)
    return [Document(content=content, names=names, score=score, metadata=dict(metadata), span_id=span_id)]


def _names(fields: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for kind in _IDS:
        given = metadata.get(kind, fields.get(kind))
        if isinstance(given, (str, int)) and not isinstance(given, bool) and given != "":
            names[kind] = str(given)
    return names


def _attributes(item: Any) -> Mapping[str, Any] | None:
    """Read an object of a framework by its fields."""
    keys = (*_CONTENT, *_IDS, *_SCORES, "metadata")
    found = {key: getattr(item, key) for key in keys if hasattr(item, key)}
    return found or None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unflattened(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    """Read OpenInference's flat keys, ``retrieval.documents.0.document.content``."""
    rows: dict[int, dict[str, Any]] = {}
    start = prefix + "."
    for key, value in attributes.items():
        if not key.startswith(start):
            continue
        place, _, name = key[len(start) :].partition(".")
        if place.isdecimal() and name:
            rows.setdefault(int(place), {})[name] = value
    return [rows[place] for place in sorted(rows)]


def same_documents(found: Iterable[Document], wanted: Iterable[Document]) -> list[str]:
    """Return what each found document is called among the wanted ones, else by its own name, without repetitions.

    Two documents are the same if they share a name or a text. Several chunks of one wanted document count once, at the
    place of the first; so do chunks of one that is not wanted, if the wanted ones are named in the same way.
    """
    ranked = list(found)
    called: dict[str, str] = {}
    for document in wanted:
        for name in (*document.names.values(), document.content):
            if name:
                called.setdefault(name, document.id)
    kinds = Counter(kind for document in ranked for kind, name in document.names.items() if name in called)
    level = kinds.most_common(1)[0][0] if kinds else ""
    names = []
    for document in ranked:
        known = (called[name] for name in (*document.names.values(), document.content) if name in called)
        own = document.names.get(level) or document.id
        names.append(next(known, own))
    return list(dict.fromkeys(names))
