"""Hashes of text, eight bytes at a step, for a whole Arrow column at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import types

from steelyard.data.mixing import GOLDEN, Words, mixed

STEP_BYTES = 1 << 20  # bytes of text in one step, so that what is worked on stays in the cache


def text_words(array: pa.Array, salt: int) -> Words:
    """Return a well-mixed word for each text or bytes value, shape (n,), whatever the layout.

    A value is cut into words of eight bytes, the last one filled with zeros; each is mixed with its place; their sum
    is mixed with the length. What stands for a null cell is of no matter.
    """
    array = _contiguous(array)
    words = np.empty(len(array), dtype=np.uint64)
    if len(array) == 0:
        return words
    offsets, data = _parts(array)
    cuts = np.searchsorted(offsets, np.arange(offsets[0] + STEP_BYTES, offsets[-1], STEP_BYTES))
    bounds = np.unique(np.concatenate([[0], cuts, [len(array)]]))
    for first, last in pairwise(bounds):
        words[first:last] = _hashed(offsets[first : last + 1], data, salt)
    return words


def _contiguous(array: pa.Array) -> pa.Array:
    if types.is_string_view(array.type):
        return array.cast(pa.large_string())
    if types.is_binary_view(array.type) or types.is_fixed_size_binary(array.type):
        return array.cast(pa.large_binary())
    return array


def _parts(array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each value begins (and the last ends), and the bytes."""
    _, places, content = array.buffers()
    width = "int64" if types.is_large_string(array.type) or types.is_large_binary(array.type) else "int32"
    offsets = np.frombuffer(places, width, count=array.offset + len(array) + 1)[array.offset :].astype(np.int64)
    if content is None:
        return offsets, np.zeros(0, np.uint8)
    return offsets, np.frombuffer(content, np.uint8, count=int(offsets[-1]))


def _hashed(offsets: NDArray[np.int64], data: NDArray[np.uint8], salt: int) -> Words:
    start, end = int(offsets[0]), int(offsets[-1])
    sizes = np.diff(offsets)
    counts = (sizes + 7) >> 3
    ends = np.cumsum(counts)
    place = np.arange(int(ends[-1])) - np.repeat(ends - counts, counts)
    at = np.repeat(offsets[:-1] - start, counts) + (place << 3)
    words = _unaligned(data[start:end])[at]
    # The last word of a value also has bytes of the next value: shift them out.
    last = ends[counts > 0] - 1
    used = (sizes[counts > 0] - 1) & 7
    words[last] &= np.uint64(0xFFFFFFFFFFFFFFFF) >> ((np.uint64(7) - used.astype(np.uint64)) << np.uint64(3))
    place += 1
    placed = place.view(np.uint64)
    placed *= np.uint64(GOLDEN)
    sums = np.zeros(len(words) + 1, dtype=np.uint64)
    np.cumsum(mixed(words + placed), out=sums[1:])
    inner = sums[ends] - sums[ends - counts]
    return mixed(inner + sizes.astype(np.uint64), salt)


def _unaligned(data: NDArray[np.uint8]) -> Words:
    """Return the eight bytes from every place on, as a view: element i is bytes i to i + 7, little-endian."""
    padded = np.zeros(len(data) + 8, np.uint8)
    padded[: len(data)] = data
    return np.ndarray(shape=(len(data) + 1,), dtype="<u8", buffer=padded, strides=(1,))
