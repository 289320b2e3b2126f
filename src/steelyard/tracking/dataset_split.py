"""Parts of a dataset: which record belongs to which follows from the record alone, so it stays when others come."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from steelyard.data.json_values import lenient
from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetRecord, RecordDraft

TAG = "split"
"""The tag that says to which part a record belongs."""

_PLACES = ("inputs", "expectations", "tags", "source")


def split_drafts(
    records: Iterable[DatasetRecord], parts: Mapping[str, float], *, by: str | None, key: int, keep: bool
) -> list[RecordDraft]:
    """Return what is to be merged so that every record says which part it belongs to.

    A record's number between 0 and 1 is the SHA-256 of the key and of what identifies it: its inputs, or the value of
    ``by``. Parts are intervals of these numbers, in the order of their names, so a part of 0.2 holds a fifth of many
    records, not exactly of few.

    Args:
        records: all of them.
        parts: names and their shares.
        by: where records that belong together have the same value, such as ``inputs.customer`` or ``tags.document``.
        key: another key gives another split.
        keep: whether records that have a part already stay in it.

    Raises:
        InvalidArgument: the shares cannot be used, or a record has no value at ``by``.
    """
    bounds = _bounds(parts)
    drafts = []
    for record in records:
        if keep and record.tags.get(TAG):
            continue
        part = _part(bounds, _number(_identity(record, by), key))
        if record.tags.get(TAG) != part:
            drafts.append(RecordDraft(inputs=record.inputs, tags={TAG: part}))
    return drafts


def _bounds(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    if not parts or not isinstance(parts, Mapping):
        raise InvalidArgument("split needs names and shares, such as {'train': 0.8, 'test': 0.2}.")
    for name, share in parts.items():
        if not isinstance(name, str) or not name.strip():
            raise InvalidArgument(f"split: {name!r} is no name of a part.")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < float("inf"):
            raise InvalidArgument(f"split: the share of {name!r} is {share!r}; shares are numbers above 0.")
    total, sum_so_far = float(sum(parts.values())), 0.0
    if abs(total - 1) > 1e-6:
        raise InvalidArgument(f"split: the shares add up to {total:g}; they must add up to 1.")
    bounds = []
    for name, share in sorted(parts.items()):  # whatever the order in which they are named
        sum_so_far += share
        bounds.append((name, sum_so_far / total))
    return bounds


def _part(bounds: list[tuple[str, float]], number: float) -> str:
    return next((name for name, end in bounds if number < end), bounds[-1][0])


def _number(identity: str, key: int) -> float:
    digest = hashlib.sha256(f"{key}\x1f{identity}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _identity(record: DatasetRecord, by: str | None) -> str:
    if by is None:
        return lenient(record.inputs)
    found = _found(record, by)
    if found is None:
        raise InvalidArgument(f"split: the record {record.dataset_record_id} has no {by!r}, and by={by!r} needs one.")
    return lenient(found)


def _found(record: DatasetRecord, by: str) -> Any:
    """Find a value by its path, or by its bare name in any part of the record."""
    parts: dict[str, Mapping[str, Any]] = {
        "inputs": record.inputs,
        "expectations": record.expectations,
        "tags": record.tags,
        "source": record.source.source_data,
    }
    head, _, tail = by.partition(".")
    if tail and head in parts:
        return _walk(parts[head], tail)
    return next((found for name in _PLACES if (found := _walk(parts[name], by)) is not None), None)


def _walk(value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return value[path]
    head, dot, tail = path.partition(".")
    return _walk(value.get(head), tail) if dot else None
