"""Where raw rows come from: lists, frames, tables, objects and files, each read again on every pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from steelyard.data.json_values import evident, fields_of
from steelyard.data.rows.cells import Cells
from steelyard.errors import DataError, InvalidArgument, UnreadableFile

if TYPE_CHECKING:
    from steelyard.data.table import Table

BATCH_ROWS = 1024
HOLDERS = ("cases", "samples", "goldens", "test_cases", "examples", "items")
"""Where the datasets of other libraries keep their rows."""


class Source(Protocol):
    """Raw rows that can be read more than once, always in the same order."""

    @property
    def name(self) -> str: ...
    @property
    def columnar(self) -> bool:
        """Whether an empty cell means that nothing was said."""
        ...

    def __iter__(self) -> Iterator[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows that somebody holds; they are looked at where they lie."""

    rows: Iterable[Any]
    name: str = "dataset"
    columnar: bool = False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for index, row in enumerate(self.rows):
            yield row if type(row) is dict else as_mapping(row, index)


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of equal length, such as those of a pandas frame: the cells stay the objects that they are."""

    names: tuple[str, ...]
    columns: Callable[[], Sequence[Iterable[Any]]]
    name: str = "dataset"
    columnar: bool = True

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        cells = Cells(self.names)
        for values in zip(*self.columns(), strict=True):
            yield cells.row(values)


@dataclass(frozen=True, slots=True)
class Tabled:
    """Rows of an Arrow table or of Parquet files, a batch at a time."""

    table: Table
    name: str = "dataset"
    columnar: bool = True

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        cells = Cells(self.table.columns)
        for batch in self.table.batches(size=BATCH_ROWS):
            try:
                columns = [column.to_pylist(maps_as_pydicts="strict") for column in batch.columns]
            except ValueError as error:  # text that is none, and Arrow's own
                message = f"{self.name} is damaged: a value cannot be read ({error}). Write or copy the file again."
                raise UnreadableFile(message) from error
            for values in zip(*columns, strict=True):
                yield cells.row(values)


def as_mapping(row: Any, index: int) -> Mapping[str, Any]:
    """Return a row as a mapping: a trace under ``trace``, an object by its fields.

    Raises:
        DataError: it has no fields.
    """
    if isinstance(row, Mapping):
        return row
    if is_trace(row):
        return {"trace": row}
    fields = fields_of(row)
    if fields is None and hasattr(row, "__dict__") and not isinstance(row, type) and not callable(row):
        fields = vars(row)
    if not fields:
        message = (
            f"Row {index} is a {type(row).__name__} ({str(row)[:60]!r}): a row is a dict with 'inputs', a trace, or an "
            "object with such fields."
        )
        raise DataError(message)
    return {name: value for name, value in fields.items() if not name.startswith("_")}


def is_trace(value: Any) -> bool:
    """Say whether this is a trace, of ours or shaped like one."""
    return hasattr(value, "info") and hasattr(value, "data") and hasattr(value.info, "trace_id")


def in_mapping(data: Mapping[str, Any]) -> Source:
    """Return the rows that one mapping holds: a list of them under a name, or a dict of columns.

    Raises:
        DataError: the columns differ in length.
        InvalidArgument: it holds no rows.
    """
    for holder in (*HOLDERS, "tests", "data", "rows", "records"):
        if is_rows(data.get(holder)):
            return held_rows(data, holder)
    if data and all(isinstance(column, (list, tuple)) for column in data.values()):
        lengths = {len(column) for column in data.values()}
        if len(lengths) > 1:
            message = f"The columns have different lengths: { ({k: len(v) for k, v in data.items()}) }."
            raise DataError(message)
        return Columns(tuple(data), lambda: list(data.values()))
    if data and all(hasattr(split, "__getitem__") and hasattr(split, "column_names") for split in data.values()):
        splits = ", ".join(map(repr, data))
        message = f"data holds several splits ({splits}): choose one, such as data[{next(iter(data))!r}]."
        raise InvalidArgument(message)
    raise InvalidArgument("data is one dict: give a list of dicts, one a row (for a single row: [row]).")


def held_rows(data: Mapping[str, Any], holder: str) -> Source:
    """Return the rows that a mapping holds under a name, as files of tests do, with what it says about all of them."""
    common = evident(data.get("defaultTest"))
    name = data.get("name") if isinstance(data.get("name"), str) else None
    rows = data[holder]
    if holder == "tests" and isinstance(common, Mapping):
        rows = [_with_defaults(as_mapping(row, index), common) for index, row in enumerate(rows)]
    return Listed(rows, name or "dataset")


def _with_defaults(test: Mapping[str, Any], common: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a promptfoo test with what ``defaultTest`` says about every test."""
    merged = {**common, **test}
    if "vars" in common or "vars" in test:
        merged["vars"] = {**(common.get("vars") or {}), **(test.get("vars") or {})}
    if "assert" in common or "assert" in test:
        merged["assert"] = [*(common.get("assert") or ()), *(test.get("assert") or ())]
    return merged


def is_rows(value: Any) -> bool:
    """Say whether a value is a list of mappings or of objects with fields."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return all(
        isinstance(row, Mapping) or (not isinstance(row, (str, int, float)) and row is not None) for row in value
    )


@dataclass(frozen=True, slots=True)
class Named:
    """The rows of another source under a name of their own."""

    source: Source
    name: str

    @property
    def columnar(self) -> bool:
        return self.source.columnar

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return iter(self.source)
