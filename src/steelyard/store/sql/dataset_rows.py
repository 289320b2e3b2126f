"""Records of datasets as rows: what identifies them, what they amount to, and how two of them become one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import (
    SAID_BY,
    DatasetRecord,
    DatasetRecordSource,
    RecordDraft,
    Statement,
)
from steelyard.store.dataset_form import check_record
from steelyard.store.limits import MAX_KEY, MAX_TAG_VALUE, check_value
from steelyard.store.sql.json_text import from_json, from_text, to_json, to_text

_decode = msgspec.json.Decoder().decode
_ordered = msgspec.json.Encoder(order="deterministic").encode
_DEEPEST = 200
_BRACKET = re.compile(r"[{}\[\]]")
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


@dataclass(frozen=True, slots=True)
class MergeRows:
    """What is to be merged: rows by record, in order; and of each draft which record it is and who said what.

    Args:
        by_id: rows by record, in order.
        record_ids: of each draft which record it is.
        said: who said what, by record and digest.
        overruled: by record, what a draft expects and a later draft of the same record expects otherwise; whoever
            merges them says it.
    """

    by_id: dict[str, ContentRow]
    record_ids: list[str]
    said: dict[tuple[str, str], StatementRow]
    overruled: list[tuple[str, StatementRow]]

    @property
    def repeated(self) -> int:
        """How many drafts are the same record as another."""
        return len(self.record_ids) - len(self.by_id)

    def placed(self, rows: Iterable[ContentRow]) -> Iterator[tuple[int, ContentRow]]:
        """Yield rows, each with the place of the first draft that it comes from, counted from 0."""
        places = {one: n for n, one in reversed(list(enumerate(self.record_ids)))}
        return ((places[row.record_id], row) for row in rows)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What somebody said is expected, in the form of its row."""

    name: str
    value: str | None
    by: str
    source_type: str
    trace_id: str | None
    time: int


def merge_rows(dataset_id: str, drafts: Iterable[RecordDraft]) -> MergeRows:
    """Return what is to be merged; drafts with equal inputs are one record.

    Raises:
        InvalidArgument: a record cannot be kept; the message says which, counted from 0.
    """
    found: dict[str, ContentRow] = {}
    record_ids: list[str] = []
    said: dict[tuple[str, str], StatementRow] = {}
    overruled: list[tuple[str, StatementRow]] = []
    for index, draft in enumerate(drafts):
        try:
            row = _content_row(dataset_id, draft)
            for one in draft.said:
                statement = _statement_row(one)
                said.setdefault((row.record_id, statement_digest(statement)), statement)
        except InvalidArgument as error:
            raise InvalidArgument(f"Record {index}: {error}") from error
        before = found.get(row.record_id)
        if before is not None:
            overruled += [(row.record_id, one) for one in _overruled(before, row)]
        found[row.record_id] = row if before is None else merged(before, row)
        record_ids.append(row.record_id)
    told = {(record_id, one.name, one.value) for (record_id, _), one in said.items()}
    overruled = [(record_id, one) for record_id, one in overruled if (record_id, one.name, one.value) not in told]
    return MergeRows(found, record_ids, said, overruled)


def statement_digest(row: StatementRow, *, again_in: int | None = None) -> str:
    """Return what tells a statement from others of a record; ``again_in`` is a version in which it came once more."""
    parts = (row.name, row.value or "", row.by, row.source_type, row.trace_id or "")
    more = () if again_in is None else (str(again_in),)
    return hashlib.sha256(_SEPARATOR.join(part.encode() for part in (*parts, *more))).hexdigest()


def takes_effect(one: StatementRow, before: ContentRow | None, after: ContentRow) -> bool:
    """Whether an expectation came to be what a statement says."""
    name, value = from_text(one.name), from_json(one.value)
    then, now = {} if before is None else from_json(before.expectations), from_json(after.expectations)
    return name in now and now[name] == value and not (name in then and then[name] == value)


def revised_row(dataset_id: str, draft: RecordDraft) -> ContentRow:
    """Return what a record becomes; its source is empty if the draft names none, and that of the record counts."""
    row = _content_row(dataset_id, draft)
    return row if draft.source is not None else replace(row, source="")


def with_source_of(before: ContentRow, new: ContentRow) -> ContentRow:
    """Return what a record becomes, with the source that it had unless it names one."""
    if new.source:
        return new
    return _row(new.record_id, new.inputs, new.outputs, new.expectations, new.tags, before.source)


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
    check_record(draft)
    named = hashlib.sha256(dataset_id.encode() + _SEPARATOR + _canonical(inputs)).hexdigest()[:32]
    return _row(
        f"dr-{named}",
        inputs,
        to_json(draft.outputs, "outputs"),
        _mapping_text(draft.expectations, "expectations") if draft.expectations else "{}",
        _mapping_text(draft.tags, "tags") if draft.tags else "{}",
        _source_text(draft),
    )


def _row(record_id: str, inputs: str, outputs: str | None, expectations: str, tags: str, source: str) -> ContentRow:
    parts = (inputs, outputs or "", expectations, tags, source)
    for part in parts:
        if part.count("{") + part.count("[") > _DEEPEST and _depth(part) > _DEEPEST:
            raise InvalidArgument(f"A record is nested more than {_DEEPEST} levels deep, so it could not be sent on.")
    digest = hashlib.sha256(_SEPARATOR.join(map(_canonical, parts))).hexdigest()
    return ContentRow(record_id, digest, inputs, outputs, expectations, tags, source)


def _depth(text: str) -> int:
    """Return how deep a JSON text may be nested at most: brackets inside of texts count too."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found[0] in "{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _statement_row(one: Statement) -> StatementRow:
    kind = check_value(one.source_type, "source type", limit=MAX_KEY)
    by = check_value(one.by, "source of an expectation", limit=MAX_TAG_VALUE)
    trace_id = None if one.trace_id is None else check_value(one.trace_id, "trace id", limit=MAX_KEY)
    name = to_text(check_value(one.name, "expectation", limit=MAX_TAG_VALUE))
    return StatementRow(name, to_json(one.value, "expectation"), by, kind, trace_id, int(one.time))


def _overruled(before: ContentRow, new: ContentRow) -> list[StatementRow]:
    """Return what a record expects and one that is merged into it expects otherwise."""
    if new.expectations == "{}" or before.expectations in ("{}", new.expectations):
        return []
    then, now = from_json(before.expectations), from_json(new.expectations)
    kind = from_json(before.source)[0]
    return [
        StatementRow(to_text(name), to_json(value, "expectation"), "", SAID_BY.get(kind, kind), None, 0)
        for name, value in then.items()
        if name in now and now[name] != value
    ]


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
    _mapping_text(source.source_data, "source_data")
    return to_json([source.source_type, source.source_data], "source") or ""


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
