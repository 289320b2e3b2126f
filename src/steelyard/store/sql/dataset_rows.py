"""Records of datasets as rows: what identifies them, what they amount to, and how two of them become one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import (
    SESSION_FIELDS,
    SOURCE_TYPES,
    DatasetRecord,
    DatasetRecordSource,
    RecordDraft,
)
from steelyard.store.limits import MAX_TAG_VALUE, check_words
from steelyard.store.sql.json_text import from_json, to_json

_decode = msgspec.json.Decoder().decode
_ordered = msgspec.json.Encoder(order="deterministic").encode
_WRAP = '{"$steelyard":'
_SEPARATOR = b"\x1f"  # no JSON text holds it
_SAID, _MADE = '["HUMAN",{}]', '["CODE",{}]'


@dataclass(frozen=True, slots=True)
class ContentRow:
    """What a record is, in the form of its row; ``digest`` is the same whatever the order of keys."""

    record_id: str
    digest: str
    inputs: str
    outputs: str | None
    expectations: str
    tags: str
    source: str


def content_rows(dataset_id: str, drafts: Iterable[RecordDraft]) -> dict[str, ContentRow]:
    """Return what is to be merged by the ids of the records, in order; drafts with equal inputs are one.

    Raises:
        InvalidArgument: a record cannot be kept; the message says which, counted from 0.
    """
    found: dict[str, ContentRow] = {}
    for index, draft in enumerate(drafts):
        try:
            row = _content_row(dataset_id, draft)
        except InvalidArgument as error:
            raise InvalidArgument(f"Record {index}: {error}") from error
        before = found.get(row.record_id)
        found[row.record_id] = row if before is None else merged(before, row)
    return found


def merged(before: ContentRow, new: ContentRow) -> ContentRow:
    """Return a record with what was merged into it: outputs replaced, expectations and tags added, the source kept."""
    if before.digest == new.digest:
        return before
    return _row(
        before.record_id,
        before.inputs,
        before.outputs if new.outputs is None else new.outputs,
        _united(before.expectations, new.expectations, "expectations"),
        _united(before.tags, new.tags, "tags"),
        before.source,
    )


def record_from_row(dataset_id: str, row: Sequence[Any]) -> DatasetRecord:
    """Return a record from the columns that ``datasets`` selects for one."""
    record_id, digest, inputs, outputs, expectations, tags, source, position, born, since, *who = row
    source_type, source_data = from_json(source)
    return DatasetRecord(
        dataset_record_id=record_id,
        dataset_id=dataset_id,
        digest=digest,
        inputs=from_json(inputs),
        outputs=from_json(outputs),
        expectations=from_json(expectations),
        tags=from_json(tags),
        source=DatasetRecordSource(source_type, source_data),
        position=position,
        created_in=born,
        updated_in=since,
        created_by=who[0],
        created_time=who[1],
        last_updated_by=who[2],
        last_update_time=who[3],
    )


def digest_of_version(digests: Iterable[str]) -> str:
    """Return the digest of records in order, by their own."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _content_row(dataset_id: str, draft: RecordDraft) -> ContentRow:
    inputs = _mapping_text(draft.inputs, "inputs")
    if not draft.inputs:
        raise InvalidArgument("inputs is empty. What goes in is what identifies a record.")
    _check_session(draft.inputs)
    named = hashlib.sha256(dataset_id.encode() + _SEPARATOR + _canonical(inputs)).hexdigest()[:32]
    return _row(
        f"dr-{named}",
        inputs,
        to_json(draft.outputs, "outputs"),
        _mapping_text(draft.expectations, "expectations") if draft.expectations else "{}",
        to_json(check_words(draft.tags, "record tag", limit=MAX_TAG_VALUE), "tags") or "{}" if draft.tags else "{}",
        _source_text(draft),
    )


def _row(record_id: str, inputs: str, outputs: str | None, expectations: str, tags: str, source: str) -> ContentRow:
    parts = (inputs, outputs or "", expectations, tags, source)
    digest = hashlib.sha256(_SEPARATOR.join(map(_canonical, parts))).hexdigest()
    return ContentRow(record_id, digest, inputs, outputs, expectations, tags, source)


def _mapping_text(value: Any, what: str) -> str:
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{what} is a {type(value).__name__} ({str(value)[:60]!r}): give a dict.")
    odd = next((key for key in value if not isinstance(key, str)), None)
    if odd is not None:
        raise InvalidArgument(f"{what} has the key {odd!r}, a {type(odd).__name__}: keys must be texts.")
    return to_json(value, what) or "{}"


def _source_text(draft: RecordDraft) -> str:
    source = draft.source
    if source is None:
        return _SAID if draft.expectations else _MADE
    if source.source_type not in SOURCE_TYPES:
        raise InvalidArgument(f"The source type {source.source_type!r} is none of {', '.join(SOURCE_TYPES)}.")
    _mapping_text(source.source_data, "source_data")
    return to_json([source.source_type, source.source_data], "source") or ""


def _check_session(inputs: Mapping[str, Any]) -> None:
    if "goal" in inputs and not SESSION_FIELDS.issuperset(inputs):
        others = ", ".join(sorted(set(inputs) - SESSION_FIELDS))
        raise InvalidArgument(
            f"inputs has 'goal', which describes a conversation to be simulated ({', '.join(sorted(SESSION_FIELDS))}), "
            f"and cannot be mixed with: {others}."
        )


def _united(before: str, new: str, what: str) -> str:
    if new == "{}":
        return before
    return to_json({**from_json(before), **from_json(new)}, what) or "{}"


def _canonical(text: str) -> bytes:
    """Return a JSON text with its keys in order."""
    if len(text) < 3 or text is _SAID or text is _MADE:
        return text.encode()
    if text.startswith(_WRAP):
        return json.dumps(json.loads(_decode(text)["$steelyard"]), sort_keys=True).encode()
    try:
        return _ordered(_decode(text))
    except (OverflowError, UnicodeEncodeError):
        return json.dumps(json.loads(text), sort_keys=True).encode()
