"""What is put into a review queue, from whatever names it: traces, their ids, frames, pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records import ItemDraft, ReviewItemType, Trace, TraceInfo

_FIELDS = frozenset(one.name for one in fields(ItemDraft))
_ADVICE = {
    ReviewItemType.TRACE: "give trace ids, traces, a frame of search_traces or ItemDrafts",
    ReviewItemType.PAIR: (
        "give pairs of traces or of their ids, {name: trace, other name: trace}, or ItemDrafts with other_trace_id"
    ),
}


def item_drafts(items: Any, item_type: str = ReviewItemType.TRACE) -> list[ItemDraft]:
    """Return what is put into a queue.

    Args:
        items: one or several trace ids, traces, or :class:`ItemDraft`; a pandas or polars frame with a column
            ``trace_id``, such as ``search_traces`` returns. For pairs: tuples of two traces or ids, or mappings of two
            names to them.
        item_type: what the queue has: ``trace`` or ``pair``.

    Raises:
        InvalidArgument: something is none of these; the message says which.

    Examples:
        >>> item_drafts(["tr-1", "tr-2"])[1].trace_id
        'tr-2'
        >>> draft, = item_drafts([{"small": "tr-1", "large": "tr-2"}], "pair")
        >>> draft.name, draft.other_trace_id
        ('small', 'tr-2')
    """
    drafts = []
    for index, one in enumerate(_each(items, item_type)):
        draft = _draft(one)
        if draft is None or bool(draft.other_trace_id) != (item_type == ReviewItemType.PAIR):
            raise InvalidArgument(
                f"Item {index} ({one!r:.80}) cannot be put into this queue of {item_type}s: {_ADVICE[item_type]}."
            )
        drafts.append(draft)
    return drafts


def _each(items: Any, item_type: str) -> Iterable[Any]:
    if isinstance(items, (str, Trace, TraceInfo, ItemDraft, Mapping)):
        return (items,)
    library, kind = type(items).__module__.partition(".")[0], type(items).__name__
    if library in ("pandas", "polars") and kind == "DataFrame":
        return _rows(items)
    if item_type == ReviewItemType.PAIR and isinstance(items, tuple) and len(items) == 2 and all(map(_id, items)):
        return (items,)  # one pair, not two items
    if isinstance(items, Iterable) and not isinstance(items, bytes):
        return items
    raise InvalidArgument(f"{items!r:.80} is nothing that a queue could have: {_ADVICE[item_type]}.")


def _rows(frame: Any) -> list[dict[str, Any]]:
    """Return the rows of a frame, with those of its columns that say something of an item."""
    if "trace_id" not in frame.columns:
        raise InvalidArgument(f"The frame has no column 'trace_id'; it has {', '.join(map(str, frame.columns))}.")
    columns = {name: list(frame[name]) for name in frame.columns if name in _FIELDS}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _draft(one: Any) -> ItemDraft | None:
    if isinstance(one, ItemDraft):
        return one
    if isinstance(one, Mapping):
        return _of_mapping(one)
    if isinstance(one, Sequence) and not isinstance(one, str) and len(one) == 2:
        first, second = _id(one[0]), _id(one[1])
        return ItemDraft(trace_id=first, other_trace_id=second) if first and second else None
    found = _id(one)
    return ItemDraft(trace_id=found) if found else None


def _of_mapping(one: Mapping[Any, Any]) -> ItemDraft | None:
    if "trace_id" in one:
        told = {name: value for name, value in one.items() if value is not None}
        odd = next((name for name in told if name not in _FIELDS), None)
        if odd is not None:
            raise InvalidArgument(f"An item has no field {odd!r}; it has {', '.join(sorted(_FIELDS))}.")
        return ItemDraft(**told)
    if len(one) != 2:
        return None
    (name, first), (other, second) = ((str(key), _id(value)) for key, value in one.items())
    if not first or not second:
        return None
    return ItemDraft(trace_id=first, other_trace_id=second, name=name, other_name=other)


def _id(one: Any) -> str:
    """Return the id of a trace, however it is given; empty if it is none."""
    if isinstance(one, Trace):
        return one.info.trace_id
    if isinstance(one, TraceInfo):
        return one.trace_id
    return one if isinstance(one, str) else ""
