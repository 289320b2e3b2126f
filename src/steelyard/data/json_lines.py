"""JSONL, one object a line, a block of lines at a time."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pa_json
from pyarrow import types

from steelyard.data.columns import shown
from steelyard.data.families import family, is_list, unified
from steelyard.data.table import resized
from steelyard.errors import DataError, UnreadableFile

BLOCK_BYTES = 1 << 22
LONGEST_LINE_BYTES = 1 << 26

_COLUMN = re.compile(r"Column\(/?([^)]*)\) (.*?)(?: in row (\d+))?$")


@dataclass(frozen=True, slots=True)
class JsonLinesData:
    """A JSONL file, read through once for its columns, their types and the number of rows.

    A key that a line lacks is null there; integers and floats in one column make a float column; text stays text,
    dates too. Other mixtures are refused, naming the column and the line.
    """

    path: Path
    schema: pa.Schema
    n_rows: int

    @classmethod
    def open(cls, path: Path) -> JsonLinesData:
        """Read the file through.

        Raises:
            UnreadableFile: a line is not a JSON object.
            DataError: a column mixes types.
        """
        fields: dict[str, pa.DataType] = {}
        rows = 0
        for first_line, block in _blocks(path):
            table = _parsed(path, first_line, block, None)
            rows += table.num_rows
            for field in table.schema:
                kind = _textual(field.type)
                known = fields.setdefault(field.name, kind)
                wide = _wider(known, kind)
                if wide is None:
                    raise _mixed(path, first_line, block, field.name, known, kind)
                fields[field.name] = wide
        return cls(path, pa.schema(list(fields.items())), rows)

    def read(self, columns: Sequence[str], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        wanted = pa.schema([schema.field(name) for name in columns])

        def parts() -> Iterator[pa.RecordBatch]:
            for first_line, block in _blocks(self.path):
                table = _parsed(self.path, first_line, block, wanted)
                yield from table.select(list(columns)).combine_chunks().to_batches()

        return resized(parts(), size)


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines, each with the number of its first line, counting from 1."""
    line, kept = 1, b""
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            while True:
                more = stream.read(BLOCK_BYTES)
                cut = more.rfind(b"\n") + 1
                if not more:
                    break
                if cut == 0:
                    kept += more
                    if len(kept) > LONGEST_LINE_BYTES:
                        message = (
                            f"{path}, line {line}: longer than {LONGEST_LINE_BYTES >> 20} MB. Is it one object a line?"
                        )
                        raise UnreadableFile(message)
                    continue
                block = kept + more[:cut]
                yield line, block
                line += block.count(b"\n")
                kept = more[cut:]
    except (pa.ArrowException, OSError, EOFError) as error:
        if isinstance(error, UnreadableFile):
            raise
        reason = str(error).strip()[:200]
        message = f"{path} cannot be read after line {line - 1}: {reason}. It may be cut short: write it again."
        raise UnreadableFile(message) from error
    if kept.strip():
        yield line, kept


def _parsed(path: Path, first_line: int, block: bytes, schema: pa.Schema | None) -> pa.Table:
    """Return a block's rows, under a schema if there is one."""
    if not block.strip():
        return pa.table({}) if schema is None else schema.empty_table()
    unknown = "infer" if schema is None else "ignore"
    options = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unknown)
    reading = pa_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
    try:
        if schema is None and not block.isascii():
            block.decode()  # Arrow's parser lets bytes pass that are not UTF-8
        return pa_json.read_json(io.BytesIO(block), read_options=reading, parse_options=options)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        _refuse_broken_line(path, first_line, block)
        raise _explained(path, first_line, block, error) from error


def _refuse_broken_line(path: Path, first_line: int, block: bytes) -> None:
    """Raise for the first line that is not one JSON object; Arrow's parser does not name it."""
    for number, line in enumerate(block.split(b"\n"), start=first_line):
        if not line.strip():
            continue
        start = line.strip()[:60].decode("utf-8", "replace")
        advice = "Each line must be one whole JSON object; the file may be cut short."
        try:
            value = json.loads(line)
        except UnicodeDecodeError as error:
            message = f"{path}, line {number}: the text is not UTF-8. Save the file as UTF-8."
            raise UnreadableFile(message) from error
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", str(error))
            message = f"{path}, line {number}: {reason} (the line begins {start!r}). {advice}"
            raise UnreadableFile(message) from error
        if not isinstance(value, dict):
            message = (
                f"{path}, line {number}: a {type(value).__name__}, not an object (the line begins {start!r}). {advice}"
            )
            raise UnreadableFile(message)


def _explained(path: Path, first_line: int, block: bytes, error: Exception) -> DataError:
    found = _COLUMN.search(str(error).strip())
    if found is None or found[3] is None:
        return UnreadableFile(f"{path}, from line {first_line}: {str(error).strip()[:300]}.")
    lines = [n for n, line in enumerate(block.split(b"\n"), start=first_line) if line.strip()]
    line = lines[min(int(found[3]), len(lines) - 1)]
    column = found[1].replace("/", ".")
    if found[2].startswith("was specified twice"):
        return UnreadableFile(f"{path}, line {line}: the key {column!r} stands twice in one object. Keep one of them.")
    return DataError(
        f"{path}, line {line}: column {column!r} {found[2]}. Write the column as one type in all lines (a key that is "
        f"left out, or null, is fine)."
    )


def _mixed(path: Path, first_line: int, block: bytes, column: str, known: pa.DataType, kind: pa.DataType) -> DataError:
    """Say which line first has another type than the blocks before it."""
    for number, line in enumerate(block.split(b"\n"), start=first_line):
        value = json.loads(line).get(column) if line.strip() else None
        if value is not None and _wider(known, _textual(pa.array([value]).type)) is None:
            return DataError(
                f"{path}, line {number}: column {column!r} is {shown(value)}, and lines before it hold "
                f"{family(known)}. Write the column as one type in all lines."
            )
    return DataError(f"{path}, from line {first_line}: column {column!r} is {kind}, and {known} in lines before.")


def _textual(kind: pa.DataType) -> pa.DataType:
    """Return the type with text where Arrow saw dates: whether text looks like a date must not decide what it is."""
    if types.is_timestamp(kind):
        return pa.string()
    if types.is_struct(kind):
        return pa.struct([(f.name, _textual(f.type)) for f in kind])
    if is_list(kind):
        return pa.list_(_textual(kind.value_type))
    return kind


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type that holds both, as JSON means them: integer and float make float, objects join their keys."""
    if types.is_struct(one) and types.is_struct(other):
        fields = {f.name: f.type for f in one}
        for field in other:
            wide = _wider(fields.get(field.name, field.type), field.type)
            if wide is None:
                return None
            fields[field.name] = wide
        return pa.struct(list(fields.items()))
    if is_list(one) and is_list(other):
        inner = _wider(one.value_type, other.value_type)
        return None if inner is None else pa.list_(inner)
    if {family(one), family(other)} == {"integer", "float"}:
        return pa.float64()
    return unified(one, other)
