"""What a retriever found: documents with their scores, whichever library wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.web.formats import score
from steelyard.web.messages import Folded, fold_value, plain

_LISTS = ("documents", "results", "matches", "chunks", "nodes", "output")
_TEXTS = ("page_content", "content", "text", "document", "body")
_IDS = ("id", "doc_uri", "source", "doc_id", "uri", "title")
_SCORES = ("score", "relevance_score", "similarity", "distance")
_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document: where it is from, how well it fits, what it says, and what else is known of it."""

    name: str
    score: str
    text: str
    cut: bool = False
    more: Folded | None = None


def read_documents(value: Any) -> tuple[Document, ...]:
    """Return the documents that a value holds; none if it is no list of such.

    Examples:
        >>> read_documents([{"page_content": "Refunds take a week.", "metadata": {"source": "faq.md"}, "score": 0.71}])
        (Document(name='faq.md', score='0.710', text='Refunds take a week.', cut=False, more=None),)
        >>> read_documents({"answer": "yes"})
        ()
    """
    if isinstance(value, Mapping):
        value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
    if not isinstance(value, list) or not value or len(value) > _MOST:
        return ()
    made = [_document(item) for item in value]
    return tuple(d for d in made if d is not None) if all(d is not None for d in made) else ()


def _document(item: Any) -> Document | None:
    if not isinstance(item, Mapping):
        return None
    inner = item.get("document")
    parts: dict[str, Any] = {**item, **inner} if isinstance(inner, Mapping) else dict(item)
    parts.pop("document", None) if isinstance(inner, Mapping) else None
    key = next((k for k in _TEXTS if isinstance(parts.get(k), str)), "")
    facts = parts.get("metadata")
    facts = facts if isinstance(facts, Mapping) else {}
    number = next((v for k in _SCORES for at in (parts, facts) if _is_number(v := at.get(k))), None)
    name = next((str(v) for k in _IDS for at in (parts, facts) if (v := at.get(k)) not in (None, "")), "")
    if not key or (number is None and not name and not facts):
        return None
    known = {key, "metadata", "type", *_IDS, *_SCORES}
    rest = {**{k: v for k, v in parts.items() if k not in known}, **{k: v for k, v in facts.items() if v != name}}
    text = plain(parts[key])
    return Document(
        name=name[:300],
        score="" if number is None else score(float(number)),
        text=text,
        cut=len(text) < len(parts[key]),
        more=fold_value(rest) if rest else None,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
