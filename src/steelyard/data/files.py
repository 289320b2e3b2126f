"""Paths, globs and directories of files, read one after the other as one table."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from steelyard.data.families import family, unified
from steelyard.data.frames import refuse_duplicates
from steelyard.errors import DataError, UnreadableFile

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
READABLE = "Parquet (.parquet, .pq), CSV (.csv, .tsv) or JSONL (.jsonl, .ndjson, .json), the text formats also as .gz"


class DataFile(Protocol):
    """One file, opened once for its schema and read again on every pass."""

    @property
    def path(self) -> Path: ...
    @property
    def schema(self) -> pa.Schema: ...
    @property
    def n_rows(self) -> int: ...
    def read(self, columns: Sequence[str], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        """Yield these columns as the types of ``schema``, which is as wide as this file's or wider."""
        ...


@dataclass(frozen=True, slots=True)
class Files:
    """Files read as one table, in order, a batch at a time."""

    files: tuple[DataFile, ...]
    schema: pa.Schema
    stamps: tuple[tuple[int, int], ...]

    @property
    def n_rows(self) -> int:
        return sum(f.n_rows for f in self.files)

    @property
    def in_memory(self) -> bool:
        return False

    def read(self, columns: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
        schema = pa.schema([self.schema.field(name) for name in columns])
        for file, stamp in zip(self.files, self.stamps, strict=True):
            if _stamp(file.path) != stamp:
                message = f"{file.path} has changed since it was opened: open the data again."
                raise UnreadableFile(message)
            yield from file.read(columns, schema, size)
        _give_memory_back()

    def to_pandas(self) -> pd.DataFrame | None:
        return None


def open_files(data: Any) -> tuple[Files, str, str]:
    """Open a path, a glob, a directory or a list of paths; return the rows, the source and a name.

    Raises:
        DataError: nothing is there, the formats differ, or the schemas do.
        UnreadableFile: a file is damaged or of another format than its name says.
    """
    given = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    paths = [path for item in given for path in _found(os.fspath(item))]
    source = ", ".join(os.fspath(item) for item in given)
    formats = {_format(path): path for path in paths}
    if len(formats) > 1:
        shown = ", ".join(f"{kind} ({path})" for kind, path in sorted(formats.items()))
        message = f"The files are of different formats: {shown}. Give files of one format."
        raise DataError(message)
    # An empty file among others is a mistake to hear about, but a part without rows (a header alone) is not.
    stamps = tuple(_stamp(path) for path in paths)
    files = tuple(_opened(path) for path in paths)
    for file in files:
        refuse_duplicates(file.schema.names, str(file.path))
    return Files(files, _one_schema(files), stamps), source, _label(given, paths)


def names_a_file(item: object) -> bool:
    """Return whether this is a path: any path object, or text that ends as a data file's name does."""
    return isinstance(item, os.PathLike) or (isinstance(item, str) and _suffix(Path(item)) in SUFFIXES)


def _found(text: str) -> list[Path]:
    if "://" in text:
        message = (
            f"{text!r} is an address, and only files of this machine are read: download it first, then give its path."
        )
        raise DataError(message)
    path = Path(text).expanduser()
    if path.is_dir():
        return _in_directory(path)
    if path.exists():
        return [path]
    if not glob.has_magic(text):
        message = f"There is no file {text!r} (looked in {Path.cwd()}). Check the path."
        raise DataError(message)
    found = glob.glob(str(path), recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    matches = sorted(Path(p) for p in found if Path(p).is_file())
    if not matches:
        message = f"No file matches {text!r} (looked in {Path.cwd()}). Check the pattern; ** also enters folders."
        raise DataError(message)
    return matches


def _in_directory(path: Path) -> list[Path]:
    files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith((".", "_")))
    readable = [p for p in files if _suffix(p) in SUFFIXES]
    if not readable:
        message = f"The directory {str(path)!r} holds no {READABLE} files."
        raise DataError(message)
    for file in readable:
        keyed = next((part for part in file.relative_to(path).parts[:-1] if "=" in part), None)
        if keyed:
            message = (
                f"{str(path)!r} is partitioned by folder names such as {keyed!r}, which are not read as columns: "
                f"write the column into the files, or give a glob such as {str(path / keyed / '*')!r}."
            )
            raise DataError(message)
    return readable


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def _format(path: Path) -> str:
    """Return a file's format by its name, refusing a name that its first bytes contradict."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise UnreadableFile(message) from error
    if not start:
        message = f"{path} is empty (0 bytes): write it again, or leave it out."
        raise UnreadableFile(message)
    kind = SUFFIXES.get(_suffix(path))
    if kind is None:
        message = f"{path}: the name does not say what the file is. Readable are {READABLE}; rename it."
        raise UnreadableFile(message)
    if kind != "parquet" and start == b"PAR1":
        message = f"{path} is named {_suffix(path)} but holds Parquet: rename it to end in .parquet."
        raise UnreadableFile(message)
    if kind == "parquet" and start != b"PAR1":
        message = f"{path} is named as Parquet but does not begin as Parquet does: it is damaged or of another format."
        raise UnreadableFile(message)
    return kind


def _opened(path: Path) -> DataFile:
    kind = SUFFIXES[_suffix(path)]
    if kind == "parquet":
        from steelyard.data.parquet import ParquetData

        return ParquetData.open(path)
    if kind == "csv":
        from steelyard.data.delimited import CsvData

        return CsvData.open(path)
    from steelyard.data.json_lines import JsonLinesData

    return JsonLinesData.open(path)


def _one_schema(files: Sequence[DataFile]) -> pa.Schema:
    """Return the schema that all files fit, in the order of the first.

    Text files have no types of their own, so integers in one and floats in another make a column of floats.

    Raises:
        DataError: a column is missing from a file, or is of another type there.
    """
    first = files[0]
    in_types = _suffix(first.path) in {".parquet", ".pq"}
    fields = {f.name: f.type for f in first.schema}
    for file in files[1:]:
        for absent in [n for n in fields if n not in file.schema.names] + [
            n for n in file.schema.names if n not in fields
        ]:
            lacking, having = (file, first) if absent in fields else (first, file)
            message = (
                f"The files' columns differ: {having.path} has a column {absent!r} and {lacking.path} has not. "
                f"Give files with the same columns."
            )
            raise DataError(message)
        for name, known in fields.items():
            other = file.schema.field(name).type
            wide = unified(known, other)
            if wide is None and not in_types and {family(known), family(other)} == {"integer", "float"}:
                wide = pa.float64()
            if wide is None:
                message = (
                    f"Column {name!r} is {known} ({family(known)}) in {first.path} and {other} ({family(other)}) in "
                    f"{file.path}: write it as one type in all files."
                )
                raise DataError(message)
            fields[name] = wide
    return pa.schema(list(fields.items()))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise UnreadableFile(message) from error
    return status.st_size, status.st_mtime_ns


def _label(given: Sequence[Any], paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        name = paths[0].name
        return name[: len(name) - sum(len(s) for s in paths[0].suffixes if s.lower() in {*SUFFIXES, ".gz"})]
    stem = Path(os.fspath(given[0])).name
    return "dataset" if glob.has_magic(stem) or len(given) > 1 else stem


def _give_memory_back() -> None:
    pa.default_memory_pool().release_unused()
