"""Read test data of any shape: `read_rows(anything)` gives rows that can be read as often as wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from steelyard.data.json_values import canonical, evident, lenient, shown
from steelyard.data.rows.opening import open_source
from steelyard.data.rows.sources import Source
from steelyard.data.shapes.catalogue import shape_of
from steelyard.data.shapes.parts import Parts, Raw, Shape
from steelyard.errors import DataError
from steelyard.evaluation.genai.rows.ids import FieldIds, HashIds, IdsBuilder, refuse_empty
from steelyard.evaluation.genai.rows.kept import Kept
from steelyard.evaluation.genai.rows.traces import FindTraces, own_ids, traced, with_traces
from steelyard.records import Row, Rows, Trace
from steelyard.tracking.dataset_subset import DatasetSubset
from steelyard.tracking.evaluation_dataset import EvaluationDataset

_SHAPE_ROWS = 100
_STEP = 64


def read_rows(
    data: Any, *, name: str | None = None, session: str | None = None, find_traces: FindTraces | None = None
) -> Rows:
    """Open test data, whatever holds it and whichever tool wrote it.

    It is read through once, which checks every row, names it and takes the digest; files are never held whole.

    Args:
        data: a list of dicts, traces or objects; a pandas or polars frame (also one of ``search_traces``); an Arrow
            table, or one of ``steelyard.data.open_data``; a dict of columns; a dataset of another library; or a path,
            glob, folder or list of paths of JSONL, JSON, CSV, Parquet or YAML files. The shapes of rows that are known
            are listed in ``steelyard.data.shapes``.
        name: what to call the data; the file's or the dataset's own name unless given.
        session: the field by which rows belong together (a conversation, a document), such as ``metadata.document`` or
            ``tags.customer``. Unless given: ``session``, ``session_id`` or ``conversation_id``, or the trace's session.
        find_traces: returns traces by their ids, for rows that name a trace instead of holding it.

    Raises:
        InvalidArgument: this cannot be read as rows.
        DataError: the data is empty, or a row cannot be used; the message names the row and the field.
        UnreadableFile: a file is damaged.

    Examples:
        >>> rows = read_rows([{"inputs": {"question": "Why?"}, "expectations": {"expected_response": "So."}}])
        >>> len(rows), rows.has_outputs
        (1, False)
        >>> row = next(iter(rows))
        >>> row.inputs, row.expectations, row.row_id
        ({'question': 'Why?'}, {'expected_response': 'So.'}, 'ed81e36eccf32ce4')
        >>> [row.inputs for row in read_rows([{"input": "2+2", "expected": "4"}])]  # Braintrust's shape
        [{'input': '2+2'}]
    """
    source = _stored(data) or open_source(data)
    label = name or source.name
    first = list(islice(iter(source), _SHAPE_ROWS))
    refuse_empty(len(first), label)
    _refuse_keyless(first)
    reader = _Reader(source=source, shape=shape_of(first), name=label, session=session, find_traces=find_traces)
    return reader.opened()


def _stored(data: Any) -> Kept | None:
    """Open a stored dataset at its version, whatever is merged meanwhile, or some of its records."""
    if isinstance(data, EvaluationDataset):
        return Kept(data.at(data.version))
    return Kept(data) if isinstance(data, DatasetSubset) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """Rows that have been read through once."""

    reader: _Reader
    name: str
    digest: str
    has_outputs: bool
    has_traces: bool
    rows: int
    ids: FieldIds | HashIds

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Row]:
        for row, _ in self.reader.rows(self.ids):
            if row.index >= self.rows:  # a list that has grown since
                break
            yield row if row.has_outputs == self.has_outputs else replace(row, has_outputs=self.has_outputs)

    @property
    def dataset(self) -> EvaluationDataset | DatasetSubset | None:
        """The stored dataset that this is, at a version."""
        source = self.reader.source
        return source.dataset if isinstance(source, Kept) else None

    @property
    def shape(self) -> str:
        """Whose shape the rows have, such as ``MLflow``."""
        return self.reader.shape.name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    source: Source
    shape: Shape
    name: str
    session: str | None
    find_traces: FindTraces | None

    def opened(self) -> Rows:
        """Read every row once."""
        builder, digest = IdsBuilder((*self.shape.ids, *own_ids())), hashlib.sha256()
        outputs, traces = _Outputs(), False
        count = 0
        for row, own in self.rows():
            try:
                inputs, truth = _texts(row)
                digest.update(_content(row, inputs, truth))
            except DataError as error:
                raise self._at(row.index, error) from None
            builder.add(inputs, truth, own)
            outputs.add(row)
            traces = traces or row.trace is not None
            count += 1
        refuse_empty(count, self.name)
        return _Opened(
            reader=self,
            name=self.name,
            digest=digest.hexdigest()[:32],
            has_outputs=outputs.all_given(self.name),
            has_traces=traces,
            rows=count,
            ids=builder.finish(),
        )

    def rows(self, ids: FieldIds | HashIds | None = None) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Yield rows, and the fields that may be ids; without ids their names are empty and their shape is checked."""
        for first, raws in _steps(self.source):
            taken = [self._parts(first + place, raw, checking=ids is None) for place, raw in enumerate(raws)]
            try:
                found = with_traces(taken, self.find_traces, first)
            except DataError as error:
                raise DataError(f"{self.name}: {error}") from None
            for place, (raw, parts) in enumerate(zip(raws, found, strict=True)):
                own = _own(raw, self.shape, parts.trace)
                row_id = "" if ids is None else ids.of(first + place, own)
                yield self._row(first + place, row_id, raw, parts), own

    def _parts(self, index: int, raw: Raw, *, checking: bool) -> Parts:
        try:
            if checking:
                self.shape.check(raw)
            parts = self.shape.read(raw)
        except DataError as error:
            raise self._at(index, error) from None
        return parts

    def _row(self, index: int, row_id: str, raw: Raw, parts: Parts) -> Row:
        try:
            row = Row(
                index=index,
                row_id=row_id,
                inputs=parts.inputs,
                outputs=parts.outputs,
                has_outputs=parts.given and not (parts.outputs is None and self.source.columnar),
                expectations=parts.expectations,
                tags=_tags(parts.tags),
                metadata=parts.metadata,
            )
            if parts.trace is not None:
                row = traced(row, parts.trace)
            else:
                _check_inputs(row.inputs)
            session = self._session(raw, row)
            return row if session is None else replace(row, session=session)
        except DataError as error:
            raise self._at(index, error) from None

    def _session(self, raw: Raw, row: Row) -> str | None:
        if self.session is not None:
            found = _field(self.session, raw, row)
            if found is None:
                message = f"there is no {self.session!r} (session={self.session!r}); every row needs one."
                raise DataError(message)
            return _name(found, self.session)
        for key in self.shape.session:
            if raw.get(key) is not None:
                return _name(raw[key], key)
        return row.trace.info.session if row.trace is not None else None

    def _at(self, index: int, error: DataError) -> DataError:
        return DataError(f"Row {index} of {self.name}: {error}")


class _Outputs:
    """Counts which rows have outputs: all, none, or some, which is refused."""

    def __init__(self) -> None:
        self._rows = self._there = self._told = 0
        self._first_with = self._first_without = -1

    def add(self, row: Row) -> None:
        self._rows += 1
        self._told += row.outputs is not None
        if row.has_outputs:
            self._there += 1
            self._first_with = row.index if self._first_with < 0 else self._first_with
        elif self._first_without < 0:
            self._first_without = row.index

    def all_given(self, name: str) -> bool:
        """Say whether outputs are given; a field that is null in every row gives none."""
        if self._told == 0:
            return False
        if self._there < self._rows:
            message = (
                f"Row {self._first_without} of {name} has no outputs, and row {self._first_with} has: give outputs "
                "(or a trace) in every row, or in none and a predict_fn."
            )
            raise DataError(message)
        return True


def _steps(source: Source) -> Iterator[tuple[int, list[Raw]]]:
    """Yield raw rows a few at a time, so that traces can be looked up together, with the place of the first."""
    rows, first = iter(source), 0
    while step := list(islice(rows, _STEP)):
        yield first, step
        first += len(step)


def _refuse_keyless(rows: Sequence[Raw]) -> None:
    for index, raw in enumerate(rows):
        for key in raw:
            if not isinstance(key, str):
                message = f"Row {index} has the key {key!r}, a {type(key).__name__}: keys must be texts."
                raise DataError(message)


def _check_inputs(inputs: Any) -> None:
    if isinstance(inputs, Mapping):
        return
    if inputs is None:
        raise DataError("inputs is missing: give a dict of predict_fn's arguments, or a trace.")
    message = (
        f"inputs is a {type(inputs).__name__} ({str(inputs)[:60]!r}): give a dict of predict_fn's arguments, such as "
        f"{{'question': {str(inputs)[:20]!r}}}."
    )
    raise DataError(message)


def _texts(row: Row) -> tuple[str, str]:
    if row.trace is not None and not isinstance(row.inputs, Mapping):
        inputs = lenient(row.trace.info.trace_id if row.inputs is None else row.inputs)
    else:
        inputs = lenient(row.inputs) if row.trace is not None else canonical(row.inputs, "inputs")
    return inputs, canonical(row.expectations, "expectations")


def _content(row: Row, inputs: str, truth: str) -> bytes:
    if row.trace is not None:
        outputs = lenient(row.outputs)
    else:
        outputs = canonical(row.outputs, "outputs") if row.has_outputs else ""
    trace = "" if row.trace is None else row.trace.info.trace_id
    parts = (inputs, outputs, truth, lenient(row.tags), lenient(row.metadata), row.session or "", trace)
    return "\x1f".join(parts).encode("utf-8", "surrogatepass") + b"\n"


def _tags(value: Any) -> Mapping[str, str]:
    """Return tags as texts; a list of words tags a row with each of them."""
    if value is None:
        return {}
    if type(value) is dict and all(type(k) is str and type(v) is str for k, v in value.items()):
        return value
    if isinstance(value, str):
        return {value: "true"}
    if isinstance(value, (list, tuple, set, frozenset)):
        if not all(isinstance(word, str) for word in value):
            message = f"tags is a list that holds more than texts ({str(value)[:60]}): give words, or a dict."
            raise DataError(message)
        return dict.fromkeys(value if isinstance(value, (list, tuple)) else sorted(value), "true")
    plain = evident(value)
    if not isinstance(plain, Mapping):
        message = f"tags is a {type(value).__name__}: give a dict of texts, or a list of words."
        raise DataError(message)
    for key in plain:
        if not isinstance(key, str):
            message = f"tags has the key {key!r}, a {type(key).__name__}: keys must be texts."
            raise DataError(message)
    return {key: shown(text) for key, text in plain.items() if text is not None}


def _own(raw: Raw, shape: Shape, trace: Trace | None) -> Mapping[str, Any]:
    own = {key: raw[key] for key in shape.ids if key in raw}
    for key, value in own.items():
        if not isinstance(value, (str, int)) and value is not None:
            own[key] = str(evident(value)) if type(value).__name__ == "UUID" else value
    return own if trace is None else {**own, **own_ids(trace)}


def _field(path: str, raw: Raw, row: Row) -> Any:
    """Find a field by its path in the row, or by its bare name in the metadata, tags, inputs or expectations."""
    places: dict[str, Any] = {
        "metadata": row.metadata,
        "tags": row.tags,
        "inputs": row.inputs,
        "expectations": row.expectations,
    }
    head, _, tail = path.partition(".")
    if tail and head in places and (found := _walk(places[head], tail)) is not None:
        return found
    if (found := _walk(raw, path)) is not None:
        return found
    return next((found for place in places.values() if (found := _walk(place, path)) is not None), None)


def _walk(value: Any, path: str) -> Any:
    """Follow a dotted path; a key that has dots itself is found too."""
    plain = value if isinstance(value, Mapping) else evident(value)
    if not isinstance(plain, Mapping):
        return None
    if plain.get(path) is not None:
        return plain[path]
    head, dot, tail = path.partition(".")
    return _walk(plain[head], tail) if dot and plain.get(head) is not None else None


def _name(value: Any, field: str) -> str:
    plain = evident(value)
    if isinstance(plain, (str, int, float, bool)):
        return shown(plain)
    message = f"{field} is a {type(value).__name__}, which cannot name a session: give a text or a number."
    raise DataError(message)
