"""Arrays as PNG files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument

if TYPE_CHECKING:
    import numpy as np

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels to PNG's colour type: grey, RGB, RGBA


def png_bytes(image: object) -> bytes:
    """Return an image as a PNG.

    Args:
        image: a PIL image, or an array of shape (height, width) or (height, width, 1, 3 or 4): integers 0 to 255,
            floats 0 to 1, or booleans.

    Raises:
        InvalidArgument: if the array has another shape, type or range.
    """
    drawn: Any = image
    if hasattr(drawn, "save") and hasattr(drawn, "mode"):  # a PIL image
        buffer = io.BytesIO()
        drawn.save(buffer, format="PNG")
        return buffer.getvalue()
    return _encode(_pixels(image))


def _pixels(image: object) -> np.ndarray:
    import numpy as np

    array = np.asarray(image)
    given = array.shape
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in _COLOUR_TYPES or 0 in array.shape:
        raise InvalidArgument(f"An image has the shape (height, width) or (height, width, 1, 3 or 4), not {given}.")
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise InvalidArgument(f"An image holds numbers, not {array.dtype}.")
    top = 1 if array.dtype.kind == "f" else 255
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= top):
        raise InvalidArgument(f"An image of {array.dtype} holds values from 0 to {top}, not from {low} to {high}.")
    return np.rint(array * 255).astype(np.uint8) if top == 1 else array.astype(np.uint8)


def _encode(pixels: np.ndarray) -> bytes:
    """Write 8-bit pixels by the PNG specification (W3C, 2003), each row unfiltered."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\x00" + pixels[y].tobytes() for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
