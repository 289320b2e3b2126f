"""Looking for a text in what the spans of a trace were given, gave back and recorded."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

import msgspec

from steelyard.records import Span, Store, TraceInfo
from steelyard.web.spantree import SpanTree

_KEPT = 8
_PARTS = ("inputs", "outputs", "attributes", "events")
_NAMES = {"inputs": "input", "outputs": "output", "attributes": "attributes", "events": "events"}


class _Found:
    """What was looked for last, so that going through the matches reads the trace once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Mapping[int, str]] = OrderedDict()
        self._lock = Lock()

    def get(self, store: Store, info: TraceInfo, tree: SpanTree, word: str) -> Mapping[int, str]:
        key = (store.url, info.trace_id, info.n_spans, info.state, info.execution_duration, word)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = _search(store, info.trace_id, tree, word)
        with self._lock:
            if info.state != "IN_PROGRESS":
                self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


_found = _Found()


def spans_that_say(store: Store, info: TraceInfo, tree: SpanTree, text: str) -> Mapping[int, str]:
    """Return the places of the spans whose content says a text, whatever its case, and in which part it is said."""
    word = text.strip().casefold()
    return _found.get(store, info, tree, word) if word else {}


def _search(store: Store, trace_id: str, tree: SpanTree, word: str) -> Mapping[int, str]:
    written = json.dumps(word, ensure_ascii=False)[1:-1]  # a quote or a line break stands in JSON as two characters
    found: dict[int, str] = {}
    for span in store.traces.spans([trace_id]).get(trace_id, ()):
        where = _where(span, written)
        if where and (place := tree.places.get(span.span_id)) is not None:
            found[place] = where
    return found


def _where(span: Span, word: str) -> str:
    for part in _PARTS:
        value = getattr(span, part)
        if value and word in _text(value).casefold():
            return _NAMES[part]
    return ""


def _text(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, UnicodeEncodeError, RecursionError):
        return str(value)
