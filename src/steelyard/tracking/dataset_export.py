"""Datasets as files that import back as what they were: JSONL, JSON, CSV, Parquet.

A record is written with its id, inputs, outputs, expectations, tags and source. In CSV and Parquet every cell but the
id is JSON, texts too: numbers stay numbers and texts texts, and no cell of a CSV file can be a formula to a
spreadsheet, for a JSON text begins with a brace, a bracket, a quotation mark, a digit, a minus sign before digits, or a
word of JSON.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetRecord

_COLUMNS = ("dataset_record_id", "inputs", "outputs", "expectations", "tags", "source")
_GROUP = 10_000


class Exported(Protocol):
    """What can be exported: a dataset at a version, or a subset of one."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def digest(self) -> str: ...
    def iter_records(self) -> Iterator[DatasetRecord]: ...


def export_records(dataset: Exported, path: str | os.PathLike[str], *, overwrite: bool = False) -> int:
    """Write records into a file and return how many; a file that could not be written whole is not there.

    Args:
        dataset: which.
        path: the file; its name ends with .jsonl, .json, .csv or .parquet.
        overwrite: whether a file that is there is replaced.

    Raises:
        InvalidArgument: the name says no format, or a file is there.
    """
    target = Path(path)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise InvalidArgument(f"{target.name}: the name must end with .jsonl, .json, .csv or .parquet.")
    if target.exists() and not overwrite:
        raise InvalidArgument(f"{target} is there already. Choose another name, or give overwrite=True.")
    if not target.parent.is_dir():
        raise InvalidArgument(f"There is no folder {str(target.parent)!r} to write {target.name} into.")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    os.close(handle)
    draft = Path(name)
    try:
        n = write(dataset, draft)
        draft.chmod(0o666 & ~_umask())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return n


def record_row(record: DatasetRecord) -> dict[str, Any]:
    """Return a record as a file holds it."""
    return {
        "dataset_record_id": record.dataset_record_id,
        "inputs": dict(record.inputs),
        "outputs": record.outputs,
        "expectations": dict(record.expectations),
        "tags": dict(record.tags),
        "source": {"source_type": record.source.source_type, "source_data": dict(record.source.source_data)},
    }


def record_cells(record: DatasetRecord) -> list[str | None]:
    """Return a record as a line of a table, in which every cell but the first is JSON."""
    first, *others = record_row(record).values()
    return [first, *(None if one is None else _json(one) for one in others)]


def _write_lines(dataset: Exported, path: Path) -> int:
    with _opened(path) as file:
        return _counted(dataset, lambda record: file.write(_json(record_row(record)) + "\n"))


def _write_document(dataset: Exported, path: Path) -> int:
    told = {"name": dataset.name, "version": dataset.version, "digest": dataset.digest}
    with _opened(path) as file:
        file.write(_json(told)[:-1] + ', "records": [')
        first = True

        def write(record: DatasetRecord) -> None:
            nonlocal first
            file.write(("\n" if first else ",\n") + _json(record_row(record)))
            first = False

        n = _counted(dataset, write)
        file.write("\n]}\n")
    return n


def _write_csv(dataset: Exported, path: Path) -> int:
    with _opened(path, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        return _counted(
            dataset, lambda record: writer.writerow(["" if one is None else one for one in record_cells(record)])
        )


def _write_parquet(dataset: Exported, path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in _COLUMNS])
    n, records = 0, dataset.iter_records()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(records, _GROUP)):
            columns = zip(*map(record_cells, group), strict=True)
            arrays = [pa.array(list(column), pa.string()) for column in columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            n += len(group)
    return n


_WRITERS: dict[str, Callable[[Exported, Path], int]] = {
    ".jsonl": _write_lines,
    ".ndjson": _write_lines,
    ".json": _write_document,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}


def _counted(dataset: Exported, write: Callable[[DatasetRecord], object]) -> int:
    n = 0
    for record in dataset.iter_records():
        write(record)
        n += 1
    return n


def _opened(path: Path, newline: str | None = None) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="\n" if newline is None else newline)


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value)
    return text


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
