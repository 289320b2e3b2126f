"""Rows in files: JSONL, JSON, CSV, Parquet and YAML, gzipped or not; JSONL, CSV and Parquet are never held whole."""

from __future__ import annotations

import csv
import glob
import gzip
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from steelyard.data.rows.cells import Cells
from steelyard.data.rows.sizes import measured
from steelyard.data.rows.sources import Listed, Source, Tabled, held_rows, in_mapping, is_rows
from steelyard.errors import DataError, MissingDependency, UnreadableFile

_FORMATS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet",
    ".pq": "parquet", ".yaml": "yaml", ".yml": "yaml",
}  # fmt: skip
READABLE = "JSONL (.jsonl, .ndjson), JSON (.json), CSV (.csv, .tsv), Parquet (.parquet, .pq) or YAML (.yaml, .yml)"
_HOLDERS = ("cases", "tests", "examples", "samples", "goldens", "items", "rows", "records", "data")
_CSV_CELL = 1 << 27
_START = 1 << 16
_YAML_VALUES = 20_000_000  # characters and values, those that aliases stand for too


@dataclass(frozen=True, slots=True)
class Files:
    """The rows of several files, one after the other; a file that changes after it was opened is refused."""

    parts: tuple[Source, ...]
    stamps: tuple[tuple[Path, int, int], ...]
    name: str

    @property
    def columnar(self) -> bool:
        return all(part.columnar for part in self.parts)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for part, stamp in zip(self.parts, self.stamps, strict=True):
            if _stamp(stamp[0]) != stamp:
                message = f"{stamp[0]} has changed since it was opened: open the data again."
                raise UnreadableFile(message)
            yield from part


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object a line."""

    path: Path
    name: str
    columnar: bool = False

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        with _text(self.path) as file:
            for number, line in _lines(file, self.path):
                if line.strip():
                    yield _parsed_line(line, self.path, number)


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV or TSV file: every cell is text, an empty one says nothing, and JSON is read where a column needs it.

    Cells are parted by commas (of .tsv by tabs), or by semicolons where these part the header and commas do not.
    """

    path: Path
    name: str
    columnar: bool = True

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        csv.field_size_limit(max(csv.field_size_limit(), _CSV_CELL))  # a cell may hold a whole document
        with _text(self.path, newline="") as file:
            reader = csv.reader(
                file, delimiter="\t" if ".tsv" in self.path.suffixes else _delimiter(file, self.path), strict=True
            )
            try:
                yield from self._rows(reader)
            except csv.Error as error:
                message = f"{self.path}, line {reader.line_num}: {error}. Is a quotation mark missing?"
                raise UnreadableFile(message) from error
            except UnicodeDecodeError as error:
                raise _not_utf8(self.path, reader.line_num + 1) from error
            except (OSError, EOFError) as error:
                raise _cut_short(self.path, reader.line_num, error) from error

    def _rows(self, reader: Any) -> Iterator[Mapping[str, Any]]:
        names = next(reader, None)
        if not names:
            return
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"{self.path} has more than one column named {', '.join(map(repr, twice))}: rename one."
            raise DataError(message)
        cells = Cells(names)
        for values in reader:
            if not values:
                continue
            if len(values) != len(names):
                message = (
                    f"{self.path}, line {reader.line_num}: {len(values)} cells, and the header has {len(names)}. "
                    "Quote cells that hold commas or line breaks."
                )
                raise UnreadableFile(message)
            yield cells.row([value if value != "" else None for value in values])


def _delimiter(file: IO[str], path: Path) -> str:
    """Return what parts the cells of the first line, and go back to its start."""
    try:
        line = file.readline(_START).rstrip("\r\n")
        file.seek(0)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, 1) from error
    except (OSError, EOFError) as error:
        raise _cut_short(path, 0, error) from error
    return ";" if ";" in line and len(_cells(line, ",")) < 2 <= len(_cells(line, ";")) else ","


def _cells(line: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), ())
    except csv.Error:
        return ()


def open_paths(data: Any) -> Source:
    """Open a path, a glob, a folder or a list of paths.

    Raises:
        DataError: nothing is there.
        UnreadableFile: a file is damaged or of a format that is not read.
    """
    given = [data] if isinstance(data, (str, os.PathLike)) else list(data)
    paths = [path for item in given for path in _found(os.fspath(item))]
    stamps = tuple(_stamp(path) for path in paths)
    parts = tuple(_opened(path) for path in paths)
    named = parts[0].name if len(parts) == 1 else Path(os.fspath(given[0])).name
    return Files(parts, stamps, named)


def _found(text: str) -> Sequence[Path]:
    if "://" in text:
        message = (
            f"{text!r} is an address, and only files of this machine are read: download it first, then give its path."
        )
        raise DataError(message)
    path = Path(text).expanduser()
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if _format(p) and p.is_file() and not p.name.startswith((".", "_")))
        if not found:
            message = f"The folder {text!r} holds no {READABLE} files."
            raise DataError(message)
        return found
    if path.exists():
        return [path]
    matches = [Path(p) for p in glob.glob(str(path), recursive=True)] if glob.has_magic(text) else []  # noqa: PTH207
    if not matches:
        message = f"There is no file {text!r} (looked in {Path.cwd()}). Check the path."
        raise DataError(message)
    return sorted(p for p in matches if p.is_file())


def _format(path: Path) -> str | None:
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    return _FORMATS.get(suffix.lower())


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise UnreadableFile(message) from error
    return path, status.st_mtime_ns, status.st_size


def _opened(path: Path) -> Source:
    kind, name = _format(path), path.name
    if kind is None:
        message = f"{path}: the name does not say what the file is. Readable are {READABLE}, also as .gz; rename it."
        raise UnreadableFile(message)
    if kind == "parquet":
        from steelyard.data.opening import open_data

        return Tabled(open_data(path), name)
    if kind == "csv":
        return Delimited(path, name)
    if kind == "jsonl" or (kind == "json" and _is_lines(path)):
        return JsonLines(path, name)
    return _document(_yaml(path) if kind == "yaml" else _json(path), path)


def _document(value: Any, path: Path) -> Source:
    """Find the rows in a file that is read whole: a list of them, or what holds one."""
    if isinstance(value, list):
        return Listed(value, path.name)
    if not isinstance(value, Mapping):
        message = f"{path} holds a {type(value).__name__}: give a list of rows, or an object with a list of 'cases'."
        raise DataError(message)
    holder = next((key for key in _HOLDERS if is_rows(value.get(key))), None)
    if holder is None:
        return in_mapping(value)
    found = held_rows(value, holder)
    return Listed(list(found), path.name if found.name == "dataset" else found.name)


def _json(path: Path) -> Any:
    with _text(path) as file:
        try:
            return json.load(file)
        except UnicodeDecodeError as error:
            raise _not_utf8(path) from error
        except (ValueError, RecursionError) as error:
            message = f"{path} is not JSON: {error}."
            raise UnreadableFile(message) from error
        except (OSError, EOFError) as error:
            raise _cut_short(path, 0, error) from error


def _yaml(path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingDependency("pyyaml", extra="yaml", purpose=f"read {path.name}") from None
    with _text(path) as file:
        try:
            found = yaml.safe_load(file)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            message = f"{path} is not YAML: {error}."
            raise UnreadableFile(message) from error
    try:
        size, _ = measured(found)
    except DataError as error:
        raise UnreadableFile(f"{path} cannot be used: {error}") from error
    if size > _YAML_VALUES:
        message = f"{path} stands for more than {_YAML_VALUES:,} characters and values. Write it as JSONL."
        raise UnreadableFile(message)
    return found


def _is_lines(path: Path) -> bool:
    """Say whether a .json file is one object a line, by its first lines."""
    with _text(path) as file:
        try:
            start = file.read(_START).lstrip()
        except (OSError, EOFError, UnicodeDecodeError):
            return False
    first, _, more = start.partition("\n")
    if not first.startswith("{") or not more.lstrip().startswith("{"):
        return False
    try:
        json.loads(first)
    except ValueError:
        return False
    return True


def _text(path: Path, newline: str | None = None) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline=newline)
    try:
        return path.open(encoding="utf-8-sig", newline=newline)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise UnreadableFile(message) from error


def _lines(file: IO[str], path: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(file, start=1):
            yield number, line
    except UnicodeDecodeError as error:
        raise _not_utf8(path, number + 1) from error
    except (OSError, EOFError) as error:
        raise _cut_short(path, number, error) from error


def _parsed_line(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", str(error))
        message = (
            f"{path}, line {number}: {reason} (the line begins {line.strip()[:60]!r}). Each line must be one whole "
            "JSON object; the file may be cut short."
        )
        raise UnreadableFile(message) from error
    if not isinstance(value, dict):
        message = f"{path}, line {number}: a {type(value).__name__}, not an object. Each line must be one JSON object."
        raise UnreadableFile(message)
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice!r} stands twice in one object"
        raise ValueError(message)
    return found


def _not_utf8(path: Path, line: int | None = None) -> UnreadableFile:
    where = f", about line {line}" if line else ""
    return UnreadableFile(f"{path}{where}: the text is not UTF-8. Save the file as UTF-8.")


def _cut_short(path: Path, line: int, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{path} cannot be read after line {line}: {str(error).strip()[:200]}. It may be cut short.")
