"""The row-level results of an evaluated application: lines go into a Parquet file, some thousand at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from steelyard.data.json_values import json_text, shown
from steelyard.records import Feedback, Line, NamedFeedback, RowsColumn, Verdict

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_COLUMNS = 500
"""Tags and expectations that get a column; words that are different in every row would fill the file with columns."""

_LINES = 2048
_TEXT = 1 << 24
_OWN: tuple[tuple[str, pa.DataType], ...] = (
    (RowsColumn.ROW_ID, pa.string()),
    (RowsColumn.ROW_INDEX, pa.int64()),
    (RowsColumn.REPEAT, pa.int64()),
    (RowsColumn.SESSION, pa.string()),
    (RowsColumn.TRACE_ID, pa.string()),
    (RowsColumn.INPUTS, pa.string()),
    (RowsColumn.OUTPUT, pa.string()),
    (RowsColumn.OUTCOME, pa.string()),
    (RowsColumn.ERROR, pa.string()),
    (RowsColumn.LATENCY, pa.float64()),
    (RowsColumn.TOKENS, pa.int64()),
    (RowsColumn.COST, pa.float64()),
)


class RowsFile:
    """A Parquet file with one line a row and repeat; its columns are those of ``RowsColumn``.

    Lines are written in groups of some thousand, so memory does not grow with them. A tag or an expectation that comes
    up only later gets its column in a second part of the file; the parts are joined on closing.

    Args:
        path: the file to write.
        feedback: what was said under each name, which gives the columns and their types.
        names: (place of the scorer, name of its feedback) to the name in ``feedback``, where two scorers give feedback
            of one name; otherwise a feedback's own name is taken.
        slices: columns of the lines' slices, one word a line in the order of writing.

    Examples:
        >>> from steelyard.records import Prediction, Row
        >>> path = Path(tmp_folder) / "rows.parquet"
        >>> with RowsFile(path, feedback=[NamedFeedback(name="exact", scorer="exact", kind="boolean")]) as file:
        ...     verdict = Verdict(row=0, scorer=0, feedbacks=(Feedback("exact", True),))
        ...     row = Row(index=0, row_id="a", inputs={"q": "2+2"})
        ...     file.write(Line(row=row, repeat=0, prediction=Prediction(row=0, output="4"), verdicts=(verdict,)))
        >>> import pyarrow.parquet
        >>> pyarrow.parquet.read_table(path).select(["output", "exact/value", "exact/outcome"]).to_pylist()
        [{'output': '4', 'exact/value': 1.0, 'exact/outcome': 'scored'}]
    """

    def __init__(
        self,
        path: Path,
        *,
        feedback: Sequence[NamedFeedback] = (),
        names: Mapping[tuple[int, str], str] | None = None,
        slices: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.path = path
        self._slices = slices or {}
        self._written = 0
        self.left_out: dict[str, None] = {}
        """Tags and expectations that got no column, because there are too many."""
        self._feedback = _Feedbacks(feedback, names or {})
        self._fixed = dict(_OWN) | self._feedback.columns() | dict.fromkeys(self._slices, pa.string())
        self._extra: dict[str, None] = {}
        self._lines: list[dict[str, Any]] = []
        self._size = 0
        self._parts: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._columns = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, place: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()

    def write(self, line: Line) -> None:
        """Take a line."""
        told = _own(line) | {name: column[self._written] for name, column in self._slices.items()}
        self._written += 1
        self._feedback.tell(line.verdicts, told)
        self._add_named(RowsColumn.TAG, line.row.tags, told)
        self._add_named(RowsColumn.EXPECTATION, line.row.expectations, told)
        self._lines.append(told)
        self._size += sum(len(value) for value in told.values() if isinstance(value, str))
        if len(self._lines) >= _LINES or self._size >= _TEXT:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        if self._lines or not self._parts:
            self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if len(self._parts) == 1:
            self._parts[0].replace(self.path)
        elif self._parts:
            self._join()
        self._parts = []

    def _add_named(self, prefix: str, values: Mapping[str, Any], told: dict[str, Any]) -> None:
        for name, value in values.items():
            column = prefix + name
            if column not in self._extra:
                if len(self._extra) >= MOST_COLUMNS or column in self._fixed:
                    self.left_out[column] = None
                    continue
                self._extra[column] = None
            told[column] = shown(value)

    def _kinds(self) -> dict[str, pa.DataType]:
        words = dict.fromkeys((*self._extra, *self._slices), pa.string())
        return {**dict(_OWN), **words, **self._feedback.columns()}

    def _schema(self) -> pa.Schema:
        return pa.schema([(_sound(name), kind) for name, kind in self._kinds().items()])

    def _flush(self) -> None:
        if self._writer is None or len(self._extra) != self._columns:
            self._begin_part()
        assert self._writer is not None  # noqa: S101  it was just opened
        columns = [_array([line.get(name) for line in self._lines], kind) for name, kind in self._kinds().items()]
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema()))
        self._lines, self._size = [], 0

    def _begin_part(self) -> None:
        import pyarrow.parquet as pq

        if self._writer is not None:
            self._writer.close()
        part = self.path.with_name(f"{self.path.name}.part{len(self._parts)}")
        self._parts.append(part)
        self._columns = len(self._extra)
        self._writer = pq.ParquetWriter(part, self._schema(), compression="snappy")

    def _join(self) -> None:
        """Write the parts as one file under the columns of the last, which has them all."""
        import pyarrow.parquet as pq

        schema = self._schema()
        with pq.ParquetWriter(self.path, schema, compression="snappy") as writer:
            for part in self._parts:
                with pq.ParquetFile(part) as file:
                    for batch in file.iter_batches(batch_size=_LINES):
                        writer.write_batch(_widened(batch, schema))
                part.unlink()

    def _abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()
        for part in self._parts:
            part.unlink(missing_ok=True)


class _Feedbacks:
    """The columns of feedback, and what verdicts say in them."""

    def __init__(self, feedback: Sequence[NamedFeedback], names: Mapping[tuple[int, str], str]) -> None:
        self._kinds = {one.name: one.kind for one in feedback}
        self._names = names
        self._by_place: dict[int, list[str]] = {}
        for (place, _), full in names.items():
            self._by_place.setdefault(place, []).append(full)
        self._by_scorer: dict[str, list[str]] = {}
        for one in feedback:
            self._by_scorer.setdefault(one.scorer, []).append(one.name)
        self._order = list(self._by_scorer.values())

    def columns(self) -> dict[str, pa.DataType]:
        found: dict[str, pa.DataType] = {}
        for name, kind in self._kinds.items():
            found[name + RowsColumn.VALUE] = pa.float64() if kind in ("boolean", "number") else pa.string()
            for suffix in (RowsColumn.RATIONALE, RowsColumn.VERDICT, RowsColumn.VERDICT_ERROR):
                found[name + suffix] = pa.string()
        return found

    def tell(self, verdicts: Iterable[Verdict], told: dict[str, Any]) -> None:
        for verdict in verdicts:
            said: dict[str, list[Feedback]] = {name: [] for name in self._given_by(verdict)}
            for one in verdict.feedbacks:
                said.setdefault(self._names.get((verdict.scorer, one.name), one.name), []).append(one)
            for name, feedbacks in said.items():
                if name in self._kinds:
                    self._tell_one(name, verdict, feedbacks, told)

    def _given_by(self, verdict: Verdict) -> Sequence[str]:
        """Return the names under which a scorer speaks, also where it did not."""
        if self._names:
            return self._by_place.get(verdict.scorer, ())
        return self._order[verdict.scorer] if verdict.scorer < len(self._order) else ()

    def _tell_one(self, name: str, verdict: Verdict, feedbacks: Sequence[Feedback], told: dict[str, Any]) -> None:
        errors = [verdict.error, *(one.error_message or one.error_code or "" for one in feedbacks if one.error)]
        told[name + RowsColumn.VERDICT] = verdict.outcome
        told[name + RowsColumn.VERDICT_ERROR] = "\n".join(filter(None, dict.fromkeys(errors))) or None
        told[name + RowsColumn.RATIONALE] = "\n".join(one.rationale for one in feedbacks if one.rationale) or None
        numeric = self._kinds[name] in ("boolean", "number")
        values = [one.value for one in feedbacks]
        told[name + RowsColumn.VALUE] = _mean(values) if numeric else _words(values)


def _own(line: Line) -> dict[str, Any]:
    row, prediction = line.row, line.prediction
    usage = prediction.usage
    trace_id = prediction.trace_id or (row.trace.info.trace_id if row.trace is not None else None)
    return {
        RowsColumn.ROW_ID: row.row_id,
        RowsColumn.ROW_INDEX: row.index,
        RowsColumn.REPEAT: line.repeat,
        RowsColumn.SESSION: row.session,
        RowsColumn.TRACE_ID: trace_id,
        RowsColumn.INPUTS: json_text(row.inputs),
        RowsColumn.OUTPUT: shown(prediction.output) if prediction.outcome == "predicted" else None,
        RowsColumn.OUTCOME: prediction.outcome,
        RowsColumn.ERROR: prediction.error or None,
        RowsColumn.LATENCY: prediction.latency,
        RowsColumn.TOKENS: None if usage is None else usage.total_tokens,
        RowsColumn.COST: None if usage is None else usage.cost,
    }


def _mean(values: Sequence[Any]) -> float | None:
    """Return the mean of a line's values of one name, as the metrics take them; none if any of them is missing."""
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(numbers) else None


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return {"yes": 1.0, "no": 0.0}.get(value.strip().casefold())
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _words(values: Sequence[Any]) -> str | None:
    there = [value for value in values if value is not None]
    if not there:
        return None
    return shown(there[0]) if len(there) == 1 else json_text(there)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot say
        return pa.array([_sound(v) if isinstance(v, str) else v for v in values], kind)


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _widened(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    def columns() -> Iterator[pa.Array]:
        for field in schema:
            there = field.name in batch.schema.names
            yield batch.column(field.name) if there else pa.nulls(batch.num_rows, field.type)

    return pa.RecordBatch.from_arrays(list(columns()), schema=schema)
