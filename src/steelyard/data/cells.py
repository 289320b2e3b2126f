"""A 64-bit word for every cell of a column, the same whichever library or layout holds the value.

Numbers are hashed by value: 3 as int8, as int64 and as 3.0 are one, because pandas makes floats of integers as soon as
one is missing. (The digest tells integer columns from float columns all the same, by the schema.) A float32 is hashed
as the value it holds, so 0.1 stored as float32 differs from 0.1 stored as float64. Null and NaN are one, "missing",
because libraries turn one into the other (pandas writes NaN to Parquet as null). True is not 1, "3" is not 3, and text
is not bytes. Times are hashed by the instant, whatever the unit or the name of the zone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import types

from steelyard.data.families import is_bytes, is_list, is_text
from steelyard.data.mixing import GOLDEN, Words, mixed, salt_of
from steelyard.data.texts import text_words

Missing = NDArray[np.bool_]

MISSING = np.uint64(salt_of("missing"))
_FLOAT = np.uint64(salt_of("float"))
_BIG = np.uint64(salt_of("beyond int64"))
_TRUE = np.uint64(salt_of("true"))
_FALSE = np.uint64(salt_of("false"))
_NANOS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def cell_words(array: pa.Array) -> Words:
    """Return a word for each cell, shape (n,); every missing cell has the word ``MISSING``.

    Words of numbers are not yet mixed: mix them with a salt of the column before adding any together.
    """
    kind = array.type
    if types.is_null(kind):
        return np.full(len(array), MISSING, dtype=np.uint64)
    if isinstance(kind, pa.BaseExtensionType):
        return cell_words(array.storage)
    words = _reader(kind)(array)
    if array.null_count:
        words[array.is_null().to_numpy(zero_copy_only=False)] = MISSING
    return words


def _reader(kind: pa.DataType) -> Callable[[pa.Array], Words]:
    """Return what makes words of arrays of this type; its words for null cells are of no matter."""
    if types.is_integer(kind):
        return _integers
    if types.is_floating(kind):
        return _floats
    if types.is_dictionary(kind):
        return _dictionary
    if types.is_boolean(kind):
        return _booleans
    if is_text(kind):
        return lambda array: text_words(array, salt_of("text"))
    if is_bytes(kind):
        return lambda array: text_words(array, salt_of("binary"))
    if types.is_temporal(kind) and not types.is_interval(kind):
        return _times
    if types.is_struct(kind):
        return _structs
    if is_list(kind):
        return _lists
    if types.is_decimal(kind):
        return _decimals
    if types.is_run_end_encoded(kind):
        return lambda array: cell_words(pc.run_end_decode(array))
    return _anything


def _raw(array: pa.Array, dtype: str) -> NDArray:
    """Return an array's fixed-width values without a copy, whatever lies under its nulls."""
    buffer = array.buffers()[1]
    if buffer is None:
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype, count=array.offset + len(array))[array.offset :]


def _integers(array: pa.Array) -> Words:
    values = _raw(array, array.type.to_pandas_dtype()().dtype.name)
    if values.dtype != np.uint64:
        return values.astype(np.int64).view(np.uint64)
    return np.where(values >> np.uint64(63), values ^ _BIG, values)


def _floats(array: pa.Array) -> Words:
    values = _raw(array, f"float{array.type.bit_width}")
    values = values if values.dtype == np.float64 else values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # NaN and what is beyond int64 are told apart below
        whole = values.astype(np.int64)
    is_whole = (whole.astype(np.float64) == values) & (np.abs(values) < 2.0**63)
    words = np.where(is_whole, whole.view(np.uint64), values.view(np.uint64) ^ _FLOAT)
    words[np.isnan(values)] = MISSING
    return words


def _booleans(array: pa.Array) -> Words:
    truth = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return np.where(truth, _TRUE, _FALSE)


def _dictionary(array: pa.Array) -> Words:
    if len(array.dictionary) == 0:
        return np.full(len(array), MISSING, dtype=np.uint64)
    places = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False)
    return cell_words(array.dictionary)[places]


def _times(array: pa.Array) -> Words:
    kind = array.type
    if types.is_date(kind):
        days = _raw(array, "int32") if types.is_date32(kind) else _raw(array, "int64") // 86_400_000
        return _seconds(days.astype(np.int64), None, "date")
    values = _raw(array, f"int{kind.bit_width}").astype(np.int64)
    name = "time" if types.is_time(kind) else "duration" if types.is_duration(kind) else "timestamp"
    if name == "timestamp" and kind.tz is not None:
        name = "instant"
    per_second = 1_000_000_000 // _NANOS[kind.unit]
    seconds = values // per_second
    return _seconds(seconds, (values - seconds * per_second) * _NANOS[kind.unit], name)


def _seconds(seconds: NDArray[np.int64], nanos: NDArray[np.int64] | None, name: str) -> Words:
    words = mixed(seconds.view(np.uint64), salt_of(name))
    return words if nanos is None else words + nanos.view(np.uint64)


def _decimals(array: pa.Array) -> Words:
    written = array.cast(pa.string())
    if array.type.scale > 0:  # 1.50 and 1.5 are one value
        written = pc.utf8_rtrim(pc.utf8_rtrim(written, characters="0"), characters=".")
    return text_words(written, salt_of("decimal"))


def _structs(array: pa.Array) -> Words:
    words = np.full(len(array), salt_of("struct"), dtype=np.uint64)
    for field, child in zip(array.type, array.flatten(), strict=True):
        words += mixed(cell_words(child), salt_of(field.name))
    return mixed(words)


def _lists(array: pa.Array) -> Words:
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return _nested(sizes, cell_words(array.flatten()))


def _nested(sizes: NDArray[np.int64], words: Words) -> Words:
    """Combine the words of each list's values, in their order; the lists lie one after the other."""
    ends = np.cumsum(sizes)
    place = np.arange(1, len(words) + 1) - np.repeat(ends - sizes, sizes)
    sums = np.zeros(len(words) + 1, dtype=np.uint64)
    np.cumsum(mixed(words + place.view(np.uint64) * np.uint64(GOLDEN)), out=sums[1:])
    return mixed(sums[ends] - sums[ends - sizes] + sizes.view(np.uint64), salt_of("list"))


def _anything(array: pa.Array) -> Words:
    """Hash values of rare types by how Python writes them."""
    written = pa.array([repr(value) for value in array.to_pylist()], pa.large_string())
    return text_words(written, salt_of(str(array.type)))
