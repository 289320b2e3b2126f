"""CSV and its kin, a block at a time, with column types that fit the whole file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv

from steelyard.data.families import is_bytes, is_text
from steelyard.data.frames import refuse_duplicates
from steelyard.data.table import resized
from steelyard.errors import UnreadableFile

BLOCK_BYTES = 1 << 18
LONGEST_ROW_BYTES = 1 << 26

MISSING_WORDS = ["", "NA", "N/A", "#N/A", "NULL", "null", "None"]
"""What stands for a missing number, date or truth value; in a column of text only the empty cell is missing."""

_CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to ([^:]+): (.*)", re.DOTALL)
_ROW = re.compile(r"Row #(\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CsvData:
    """A CSV file, read through once for the types of its columns and the number of its rows.

    An integer column in which a later row holds 2.5 becomes float; one in which a later row holds a word becomes text.
    """

    path: Path
    schema: pa.Schema
    n_rows: int
    delimiter: str
    block_bytes: int

    @classmethod
    def open(cls, path: Path) -> CsvData:
        """Read the file through.

        Raises:
            UnreadableFile: a row has more or fewer cells than the header, or the text is not UTF-8.
        """
        header = _header(path)
        delimiter = _delimiter(path, header)
        block = BLOCK_BYTES
        kinds: dict[str, pa.DataType] = {}
        while True:
            try:
                schema, rows = _scan(path, delimiter, block, kinds)
            except pa.ArrowInvalid as error:
                if "straddl" in str(error) and block < LONGEST_ROW_BYTES:
                    block *= 8  # one row is longer than a block
                    continue
                if not _widened(kinds, error, _names(path, delimiter, block)):
                    raise _unreadable(path, error, block) from error
                continue
            except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
                raise _unreadable(path, error, block) from error
            unsure = [f.name for f in schema if is_bytes(f.type)]
            if unsure:
                message = f"{path}: column {unsure[0]!r} is not UTF-8 text. Save the file as UTF-8."
                raise UnreadableFile(message)
            return cls(path, schema, rows, delimiter, block)

    def read(self, columns: Sequence[str], schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
        wanted = {name: schema.field(name).type for name in columns}
        try:
            yield from resized(_blocks(self.path, self.delimiter, self.block_bytes, wanted, list(columns)), size)
        except (pa.ArrowException, OSError, EOFError) as error:
            raise _unreadable(self.path, error, self.block_bytes) from error


def _scan(path: Path, delimiter: str, block: int, kinds: Mapping[str, pa.DataType]) -> tuple[pa.Schema, int]:
    """Read the file through; return its schema under these types (inferred where none is given) and its rows."""
    with _reader(path, delimiter, block, kinds, None) as reader:
        schema = reader.schema
        refuse_duplicates(schema.names, str(path))
        return schema, sum(batch.num_rows for batch in reader)


def _blocks(
    path: Path, delimiter: str, block: int, kinds: Mapping[str, pa.DataType], columns: list[str]
) -> Iterator[pa.RecordBatch]:
    with _reader(path, delimiter, block, kinds, columns) as reader:
        for batch in reader:
            yield _empty_is_null(batch)


def _reader(
    path: Path, delimiter: str, block: int, kinds: Mapping[str, pa.DataType], columns: list[str] | None
) -> pc_csv.CSVStreamingReader:
    return pc_csv.open_csv(
        pa.input_stream(str(path), compression="detect"),
        read_options=pc_csv.ReadOptions(block_size=block, use_threads=False),
        parse_options=pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pc_csv.ConvertOptions(
            column_types=dict(kinds), null_values=MISSING_WORDS, strings_can_be_null=False, include_columns=columns
        ),
    )


def _empty_is_null(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [
        pc.if_else(pc.equal(array, ""), pa.scalar(None, array.type), array) if is_text(array.type) else array
        for array in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _names(path: Path, delimiter: str, block: int) -> list[str]:
    options = pc_csv.ReadOptions(block_size=block, use_threads=False)
    parse = pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    everything_as_text = pc_csv.ConvertOptions(column_types={}, strings_can_be_null=False)
    try:
        with pc_csv.open_csv(
            pa.input_stream(str(path), compression="detect"),
            read_options=options,
            parse_options=parse,
            convert_options=everything_as_text,
        ) as reader:
            return list(reader.schema.names)
    except pa.ArrowInvalid:
        return []


def _widened(kinds: dict[str, pa.DataType], error: pa.ArrowInvalid, names: Sequence[str]) -> bool:
    """Widen the type of the column that a value did not fit; False if the error is of another sort."""
    found = _CONVERSION.search(str(error))
    if found is None or int(found[1]) >= len(names) or "UTF8" in found[4]:
        return False
    value = found[4].partition("invalid value '")[2].rstrip("'")
    kinds[names[int(found[1])]] = _type_for(value, found[3])
    return True


def _type_for(value: str, was: str) -> pa.DataType:
    """Return the narrowest type for a column that was of another type until this value came."""
    if was == "null":
        if value.strip().lower() in {"true", "false"}:
            return pa.bool_()
        if re.fullmatch(r"[+-]?\d{1,18}", value.strip()):
            return pa.int64()
    if was in {"null", "int64"} and _is_number(value):
        return pa.float64()
    if was == "timestamp[s]":
        return pa.timestamp("ns")
    return pa.string()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _header(path: Path) -> bytes:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            return stream.read(1 << 16).split(b"\n", 1)[0]
    except (pa.ArrowException, OSError, EOFError) as error:
        raise _unreadable(path, error, BLOCK_BYTES) from error


def _delimiter(path: Path, header: bytes) -> str:
    """Return tab for .tsv; for .csv a comma, unless the header has none but has semicolons or tabs."""
    if ".tsv" in {s.lower() for s in path.suffixes}:
        return "\t"
    return next((d for d in (",", ";", "\t") if d.encode() in header), ",")


def _unreadable(path: Path, error: Exception, block: int) -> UnreadableFile:
    text = str(error)
    if "UTF8" in text or isinstance(error, UnicodeDecodeError):
        row = _ROW.search(text)
        where = f", row {row[1]} (the header is row 1)" if row else ""
        return UnreadableFile(f"{path}{where}: the text is not UTF-8. Save the file as UTF-8.")
    if "straddl" in text:
        advice = f"a row is longer than {block >> 20} MB: probably a quotation mark is never closed."
        return UnreadableFile(f"{path}: {advice} Close it, or write the file as Parquet.")
    row = _ROW.search(text)
    if row:
        what = row[2].strip().splitlines()[0][:200]
        return UnreadableFile(
            f"{path}, row {row[1]} (the header is row 1): {what}. Give every row as many cells as the header, and put "
            f"cells that hold the delimiter or a line break in quotation marks."
        )
    return UnreadableFile(f"{path} cannot be read as CSV: {text.strip()[:300]}. It may be cut short: write it again.")
