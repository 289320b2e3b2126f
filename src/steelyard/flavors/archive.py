"""A model file's archive: members counted and measured before anything in it is believed."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from steelyard.errors import ModelError

SCHEMA = "schema.json"
MAX_MEMBERS = 200_000
MAX_INFLATED = 8 << 30
FREE_INFLATED = 256 << 20
MAX_RATIO = 50


def read_schema(content: bytes, *, what: str) -> dict[str, Any]:
    """Return the schema of a skops archive, its members measured and its arrays' headers checked.

    Args:
        content: the bytes of the file.
        what: the file's name, for errors.

    Raises:
        ModelError: if it is no such archive, is damaged, or would grow beyond reason.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _measure(archive, len(content), what)
            damaged = archive.testzip()
            if damaged is not None:
                raise ModelError(f"{what} is damaged: its part {damaged!r} does not match its checksum.")
            for name in archive.namelist():
                _check_member(archive, name, what)
            schema = json.loads(archive.read(SCHEMA))
    except ModelError:
        raise
    except Exception as error:  # zipfile, zlib, numpy and json each have their own ways to stumble over damage
        raise ModelError(f"{what} is not a model file that can be read: {error or type(error).__name__}.") from error
    if not isinstance(schema, dict):
        raise ModelError(f"{what} is not a model file: its schema is not an object.")
    return schema


def fits_when_inflated(content: bytes) -> bool:
    """Return whether a file that was just written stays within the bounds that loading sets."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _inflated(archive) <= _bound(len(content))


def _measure(archive: zipfile.ZipFile, size: int, what: str) -> None:
    names = archive.namelist()
    if len(names) > MAX_MEMBERS:
        raise ModelError(f"{what} has {len(names):,} parts; at most {MAX_MEMBERS:,} are read.")
    if len(set(names)) != len(names):
        raise ModelError(f"{what} has two parts of one name, which no model file that we write has.")
    total = _inflated(archive)
    if total > _bound(size):
        raise ModelError(
            f"{what} would grow from {size:,} to {total:,} bytes when read; at most {_bound(size):,} are allowed."
        )


def _inflated(archive: zipfile.ZipFile) -> int:
    return sum(member.file_size for member in archive.infolist())


def _bound(size: int) -> int:
    return min(MAX_INFLATED, max(FREE_INFLATED, MAX_RATIO * size))


def _check_member(archive: zipfile.ZipFile, name: str, what: str) -> None:
    """Look into arrays: a header may promise more than there is, and an array of objects would be a pickle."""
    if name.endswith(".npy"):
        _check_array(archive.read(name), f"{name} in {what}")
    elif name.endswith(".npz"):
        content = archive.read(name)
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            _measure(inner, len(content), f"{name} in {what}")
            for part in inner.namelist():
                _check_array(inner.read(part), f"{name}/{part} in {what}")


def _check_array(content: bytes, what: str) -> None:
    from numpy.lib import format as npy

    stream = io.BytesIO(content)
    version = npy.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = npy.read_array_header_2_0(stream)
    else:
        raise ModelError(f"The array {what} has the format {version}, which we do not write.")
    if dtype.hasobject:
        raise ModelError(f"The array {what} holds Python objects, which only a pickle can restore.")
    count = 1
    for length in shape:
        count *= int(length)
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(content) - stream.tell():
        raise ModelError(f"The array {what} is damaged: its header promises {shape} of {dtype}, its content differs.")
