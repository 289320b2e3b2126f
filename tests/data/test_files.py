"""Parquet, CSV and JSONL, one or many: read in batches, and their faults named by file and row."""

from __future__ import annotations

import gzip
import itertools
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steelyard.data import Fingerprint, delimited, digest_of, json_lines, open_data
from steelyard.errors import DataError, UnreadableFile

FRAME = pd.DataFrame(
    {"n": [1, 2, 3], "x": [0.5, None, 2.0], "t": ["a, b", "zwei\nZeilen", "ü"], "b": [True, False, True]}
)


def write(path: Path, text: str | bytes) -> Path:
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def rows(path: object) -> list[dict[str, object]]:
    return [row for batch in open_data(path).batches() for row in batch.to_pylist()]


def test_every_format_holds_the_same_rows(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "f.parquet")
    FRAME.to_csv(tmp_path / "f.csv", index=False)
    FRAME.to_csv(tmp_path / "f.tsv", index=False, sep="\t")
    FRAME.to_csv(tmp_path / "f.csv.gz", index=False)
    FRAME.to_csv(tmp_path / "semicolons.csv", index=False, sep=";")
    FRAME.to_json(tmp_path / "f.jsonl", orient="records", lines=True)
    FRAME.to_json(tmp_path / "f.ndjson.gz", orient="records", lines=True)
    paths = sorted(tmp_path.iterdir())
    assert len({digest_of(open_data(path)) for path in paths} | {digest_of(open_data(FRAME))}) == 1
    for path in paths:
        table = open_data(str(path))
        assert (table.n_rows, table.in_memory, table.source) == (3, False, str(path))
        assert [b.num_rows for b in table.batches(["t", "n"], size=2)] == [2, 1]
        assert next(table.batches(["t", "n"])).schema.names == ["t", "n"]
        assert table.head(1).num_rows == 1
        assert len(table.to_pandas()) == 3
    assert {open_data(p).name for p in paths} == {"f", "semicolons"}


def test_globs_lists_and_directories_are_one_table_in_order(tmp_path: Path) -> None:
    whole = pa.table({"n": list(range(10))})
    paths = []
    for i in range(5):
        paths.append(tmp_path / f"part-{i}.parquet")
        pq.write_table(whole.slice(2 * i, 2), paths[-1])
    (tmp_path / "_SUCCESS").touch()
    for given in (str(tmp_path / "part-*.parquet"), tmp_path, paths, [str(p) for p in paths]):
        assert digest_of(open_data(given)) == digest_of(open_data(whole))
    assert open_data(tmp_path).name == tmp_path.name


def test_narrow_and_wide_integers_and_empty_columns_join(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([1], pa.int8()), "t": pa.nulls(1)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"t": ["x"], "n": pa.array([2**40])}), tmp_path / "b.parquet")
    assert rows(tmp_path) == [{"n": 1, "t": None}, {"n": 2**40, "t": "x"}]
    write(tmp_path / "a.csv", "v\n1\n")
    write(tmp_path / "b.csv", "v\n1.5\n")
    assert rows(str(tmp_path / "*.csv")) == [{"v": 1.0}, {"v": 1.5}]


def test_files_whose_schemas_differ_are_named_with_the_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1], "m": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": ["x"], "m": [1]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"'n' is int64 \(integer\) in .*a.parquet and string \(text\) in .*b.parquet"):
        open_data(tmp_path)
    pq.write_table(pa.table({"n": [1]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"a.parquet has a column 'm' and .*b.parquet has not"):
        open_data(tmp_path)
    write(tmp_path / "c.csv", "n\n1\n")
    with pytest.raises(DataError, match="different formats: csv"):
        open_data(tmp_path)


def test_paths_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        open_data(tmp_path / "nothing.parquet")
    with pytest.raises(DataError, match="No file matches"):
        open_data(str(tmp_path / "*.parquet"))
    with pytest.raises(DataError, match="holds no Parquet"):
        open_data(tmp_path)
    with pytest.raises(DataError, match="is an address"):
        open_data("https://example.org/data.csv")
    (tmp_path / "year=2024").mkdir()
    FRAME.to_parquet(tmp_path / "year=2024" / "p.parquet")
    with pytest.raises(DataError, match="partitioned by folder names such as 'year=2024'"):
        open_data(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"", "is empty"),
        ("a.csv", b"", "is empty"),
        ("a.jsonl", b"", "is empty"),
        ("a.parquet", b"n,t\n1,a\n", "named as Parquet but does not begin"),
        ("a.csv", b"PAR1....", "named .csv but holds Parquet"),
        ("a.data", b"n\n1\n", "name does not say what the file is"),
        ("a.csv", b"n,t\n1,a\n2\n", r"a.csv, row 3 \(the header is row 1\): Expected 2 columns, got 1"),
        (
            "a.csv",
            b"n,t\n1,a\n" * 300_000 + b"2,b,c\n",
            r"row 600001 \(the header is row 1\): Expected 2 columns, got 3",
        ),
        ("a.csv", b"n,n\n1,2\n", "more than one column named 'n'"),
        ("a.csv", b"n,t\n1,\xff\xfe\n", "not UTF-8"),
        ("a.csv", b"n,t\n" + b"1,abcdefgh\n" * 200_000 + b"1,\xff\n", "not UTF-8"),
        ("a.jsonl", b'{"n": 1}\n{"n": 2\n{"n": 3}\n', r"a.jsonl, line 2: .*begins '\{\"n\": 2'"),
        ("a.jsonl", b'{"n": 1}\n\n[1]\n', "a.jsonl, line 3: a list, not an object"),
        ("a.json", b'[{"n": 1}]\n', "line 1: a list, not an object"),
        ("a.jsonl", b'{"n": 1}\n\n{"n": "x"}\n', "a.jsonl, line 3: column 'n' changed from number to string"),
        ("a.jsonl", b'{"n": 1, "n": 2}\n', "line 1: the key 'n' stands twice"),
        ("a.jsonl", b'{"t": "\xff"}\n', "line 1: the text is not UTF-8"),
        ("a.jsonl", b'{"n": {"k": 1}}\n{"n": {"k": "x"}}\n', "line 2: column 'n.k' changed from number to string"),
        (
            "a.csv.gz",
            gzip.compress(b"n\n" + random.Random(3).randbytes(9000).hex().encode() + b"\n", mtime=0)[:-2000],
            "cut short|cannot be read",
        ),
        ("a.jsonl.gz", gzip.compress(b'{"n": 1}\n' * 1000, mtime=0)[:-12], "cut short"),
    ],
    ids=itertools.count(1),  # contents as names would be unreadable, and compressed ones hold the time of day
)
def test_a_damaged_file_is_named_with_its_row(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        open_data(path)
    assert str(path) in str(raised.value)


def test_headers_alone_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no rows"):
        open_data(write(tmp_path / "a.csv", "n,t\n"))
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has no rows"):
        open_data(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"no columns|no rows"):
        open_data(write(tmp_path / "a.jsonl", "\n\n"))


def test_truncated_parquet_is_refused_on_opening(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for cut in (5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(UnreadableFile, match="not a whole Parquet file"):
            open_data(write(tmp_path / "b.parquet", whole[:cut]))


def test_a_damaged_row_group_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"n": np.random.default_rng(0).random(4000)}), path, row_group_size=1000, use_dictionary=False
    )
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 40] = b"\xff" * 40
    table = open_data(write(path, bytes(content)))
    with pytest.raises(UnreadableFile, match=r"row group 2 of 4, after row 2000"):
        list(table.batches(size=500))


def test_a_file_that_changes_after_opening_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "n\n1\n")
    table = open_data(path)
    write(path, "n\n1\n2\n")
    with pytest.raises(UnreadableFile, match="has changed since it was opened"):
        list(table.batches())
    path.unlink()
    with pytest.raises(UnreadableFile, match="cannot be read"):
        list(table.batches())


@pytest.mark.parametrize(
    ("first", "later", "kind"),
    [
        ("1", "2.5", pa.float64()),
        ("1", "1e3", pa.float64()),
        ("1", "word", pa.string()),
        ("1.5", "word", pa.string()),
        ("", "7", pa.int64()),
        ("", "7.5", pa.float64()),
        ("NA", "true", pa.bool_()),
        ("", "word", pa.string()),
        ("true", "maybe", pa.string()),
        ("2020-01-01", "soon", pa.string()),
        ("1", "12345678901234567890", pa.float64()),
    ],
)
def test_csv_types_fit_the_whole_file_though_the_first_block_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, later: str, kind: pa.DataType
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 64)
    path = write(tmp_path / "a.csv", "v,w\n" + f"{first},0\n" * 50 + f"{later},0\n")
    table = open_data(path)
    assert table.schema.field("v").type == kind
    assert table.n_rows == 51
    values = [v for batch in table.batches(["v"]) for v in batch.column(0).to_pylist()]
    assert len(values) == 51
    if kind == pa.string():
        assert values == [first or None] * 50 + [later]


def test_csv_text_keeps_na_and_reads_an_empty_cell_as_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "t,n\nNA,NA\n,\nx,2\n")
    assert rows(path) == [{"t": "NA", "n": None}, {"t": None, "n": None}, {"t": "x", "n": 2}]


def test_a_csv_row_longer_than_a_block_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 64)
    path = write(tmp_path / "a.csv", 't,n\n"' + "long\n" * 500 + '",1\n"b",2\n')
    assert [r["n"] for r in rows(path)] == [1, 2]


def test_a_quotation_mark_that_is_never_closed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 64)
    monkeypatch.setattr(delimited, "LONGEST_ROW_BYTES", 512)
    path = write(tmp_path / "a.csv", 't,n\n"open,1\n' + "b,2\n" * 3000)
    with pytest.raises(UnreadableFile, match="quotation mark is never closed"):
        open_data(path)


def test_jsonl_of_many_blocks_joins_its_keys_and_widens_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 40)
    path = write(
        tmp_path / "a.jsonl",
        '{"n": 1, "d": "2020-01-01"}\n\n{"n": 2.5, "o": {"k": [1]}}\n{"d": "soon", "o": {"k": [], "j": "x"}}',
    )
    assert rows(path) == [
        {"n": 1.0, "d": "2020-01-01", "o": None},
        {"n": 2.5, "d": None, "o": {"k": [1], "j": None}},
        {"n": None, "d": "soon", "o": {"k": [], "j": "x"}},
    ]
    write(path, '{"n": 1, "d": "2020-01-01"}\n' * 3 + '{"n": null, "d": "' + "-" * 50 + '"}\n{"n": "x"}\n')
    with pytest.raises(DataError, match=r"line 5: column 'n' is 'x' \(str\), and lines before it hold integer"):
        open_data(path)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "BLOCK_BYTES", 64)
    monkeypatch.setattr(json_lines, "LONGEST_LINE_BYTES", 256)
    with pytest.raises(UnreadableFile, match="line 2: longer than"):
        open_data(write(tmp_path / "a.jsonl", '{"n": 1}\n{"t": "' + "x" * 1000))


def test_files_are_never_held_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    path = tmp_path / "a.parquet"
    table = pa.table({"x": rng.random(n), "y": rng.random(n), "k": rng.integers(0, 9, n)})
    pq.write_table(table, path, row_group_size=n)
    del table
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    opened = open_data(path)
    fingerprint = Fingerprint(opened.schema)
    most = 0
    for batch in opened.batches():
        fingerprint.update(batch)
        most = max(most, pa.total_allocated_bytes() - before)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del batch
    assert most < 16e6  # the file's values are 24 MB
    assert peak < 70e6  # the hashes of a million rows, and the filter's 32 MB
    assert pa.total_allocated_bytes() - before < 1e6


def test_a_long_csv_is_never_held_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w") as file:
        file.write("n,t\n")
        file.writelines(f"{i},{'some text that is not short ' * 4}{i}\n" for i in range(400_000))
    before = pa.total_allocated_bytes()
    most, count = 0, 0
    for batch in open_data(path).batches():
        most, count = max(most, pa.total_allocated_bytes() - before), count + batch.num_rows
    assert count == 400_000
    assert most < 40e6  # of 50 MB: Arrow reads some blocks ahead
